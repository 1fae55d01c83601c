"""Control changes as pages: one vertical record each, and the acts on it as plain forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assurance import clock
from assurance.accounts.models import User
from assurance.accounts.principals import account_of
from assurance.api.paging import KeysetPage
from assurance.controls import alone, approvals, changes, proving, visibility
from assurance.controls.choices import ChangeKind, InFlight
from assurance.controls.models import ControlChange, Workflow
from assurance.controls.presenting import change_list, change_preview, change_record
from assurance.controls.presenting.change_acts import START, Refused
from assurance.errors import DomainError, invalid

MOST_LINKS, LONGEST_LINK, LONGEST_TEXT = 20, 500, 5000


@login_required
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What waits for this person, then every change that they may read, newest first."""
    user, at = account_of(request), clock.now()
    seen = visibility.of_person(user, at)
    workflows = list(Workflow.objects.among(seen).order_by("name"))
    found = ControlChange.objects.among(seen)
    bar = change_list.filters(
        lambda name: request.GET.get(name, ""), workflows, action=reverse("changes")
    )
    for field in bar["fields"]:
        found = _filtered(found, field["name"], field["value"])
    try:
        listed: KeysetPage[ControlChange] = KeysetPage(
            found.for_list(), keys=["number"], request=request, descending=True
        )
    except DomainError:  # a cursor of another list: it is a link, not a promise
        return redirect("changes")
    ends = listed.envelope(())
    mine = change_list.waiting_for(user, seen, at)
    context = {
        "mine": change_list.table(mine, user, at, "Changes that wait for you, oldest first"),
        "table": change_list.table(listed.rows, user, at, "Changes, newest first"),
        "pager": {"next": ends["next"], "previous": ends["previous"]},
        "filters": bar,
        "filtered": bool(bar["clear_url"]),
    }
    return render(request, "controls/changes.html", context)


def _filtered(found: Any, name: str, value: str) -> Any:
    if not value:
        return found
    if name == "status" and value == "open":
        return found.open()
    return found.filter(**{"workflow__slug" if name == "workflow" else name: value})


@login_required
@never_cache
@require_safe
def show(request: HttpRequest, number: int) -> HttpResponse:
    """One change. 404 alike for one that is not there and for one of others."""
    return page(request, find(request, number))


@login_required
@never_cache
@require_safe
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """The replay alone, which asks for itself again while it runs; without script, the page."""
    change = find(request, number)
    if not request.headers.get("HX-Request"):
        return redirect(f"{change.get_absolute_url()}#replay")
    context = change_record.present(change, account_of(request), clock.now())
    return render(request, "controls/_replay.html", context | {"was_running": True})


@login_required
@never_cache
@require_safe
def preview(request: HttpRequest, number: int) -> HttpResponse:
    """What each edited item alone would have done: the part for script, else the whole page."""
    change, at = find(request, number), clock.now()
    if not (change.is_open and change_preview.previewed(change)):
        return redirect(change)
    counted = {"preview": change_preview.table(change, at), "preview_at": at}
    if request.headers.get("HX-Request"):
        return render(request, "controls/_change_preview.html", {"change": change, **counted})
    context = change_record.present(change, account_of(request), at)
    return render(request, "controls/change.html", context | counted)


@login_required
@require_POST
def act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """Do one act; a refusal shows the page as it is now, with every word that was typed."""
    if act not in ACTS:
        raise Http404
    change = find(request, number)
    verb, done = ACTS[act]
    try:
        made = verb(change, request.POST, by=account_of(request), at=clock.now())
    except DomainError as error:
        typed = {name: str(request.POST[name]) for name in request.POST}
        return page(request, find(request, number), Refused(act, typed, error))
    shown = made if isinstance(made, ControlChange) else change
    shown.refresh_from_db()
    messages.success(request, done.format(shown.number, _state(shown)))
    return redirect(shown)


def page(
    request: HttpRequest, change: ControlChange, refused: Refused | None = None
) -> HttpResponse:
    context = change_record.present(
        change,
        account_of(request),
        clock.now(),
        refused=refused,
        every_released=request.GET.get("released") == "all",
    )
    return render(
        request, "controls/change.html", context, status=refused.error.status if refused else 200
    )


def find(request: HttpRequest, number: int) -> ControlChange:
    """The change, as far as this person may see it; else 404."""
    slugs = visibility.of_person(request.user, clock.now())
    found = ControlChange.objects.among(slugs).for_page().filter(number=number).first()
    if found is None:
        raise Http404
    return found


def _submit(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return approvals.submit(change, **who)


def _approve(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    sha256, note = form.get("content_sha256", ""), text_of(form, "note")
    return approvals.approve(change, content_sha256=sha256, note=note, **who)


def _decline(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return approvals.decline(change, note=text_of(form, "note"), **who)


def _withdraw(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return changes.withdraw(change, note=text_of(form, "note"), **who)


def _publish(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return alone.publish(change, **who)


def _ratify(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return approvals.ratify(change, **who)


def _undo(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return alone.undo(change, **who)


def _rebase(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return changes.rebase(change, **who)


def _rollback(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    return changes.rollback(change, reason=text_of(form, "reason"), **who)


def _replay(change: ControlChange, form: QueryDict, *, by: User, at: datetime) -> None:
    proving.again(change, by=by, at=at)


def _cancel(change: ControlChange, form: QueryDict, *, by: User, at: datetime) -> None:
    proving.stop(change, by=by, at=at)


def _edit(change: ControlChange, form: QueryDict, **who: Any) -> ControlChange:
    """What the form holds; a field that it does not hold stays as it is."""
    fields: dict[str, Any] = {
        name: text_of(form, name) for name in ("reason", "shadow_explanation") if name in form
    }
    for name, known in (("kind", ChangeKind.values), ("in_flight", InFlight.values)):
        if name in form:
            if form[name] not in known:
                raise invalid(f"/{name}", "invalid", "Choose one of the list.")
            fields[name] = form[name]
    if "links" in form:
        fields["links"] = links_of(form.get("links", ""))
    if "start_at" in form:
        fields["start_at"] = moment_of(form.get("start_at", ""))
    return changes.edit(change, **fields, **who)


ACTS: dict[str, tuple[Callable[..., ControlChange | None], str]] = {
    "submit": (_submit, "Change {0} waits for a second person. Its replay has begun."),
    "approve": (_approve, "You approved change {0}. {1}"),
    "decline": (_decline, "You declined change {0}."),
    "withdraw": (_withdraw, "Change {0} is withdrawn."),
    "publish": (_publish, "You published change {0} alone. {1}"),
    "ratify": (_ratify, "You ratified change {0}."),
    "undo": (_undo, "It is undone: change {0} brought the older set back. {1}"),
    "rebase": (_rebase, "Change {0} stands on the live set now. Read it again, then submit it."),
    "rollback": (_rollback, "Change {0} drafts the return to the older set. Submit it."),
    "replay": (_replay, "Change {0} is replayed."),
    "cancel": (_cancel, "The replay of change {0} is cancelled."),
    "edit": (_edit, "Change {0} is saved."),
}


def _state(change: ControlChange) -> str:
    """What became of it, in a sentence."""
    made = getattr(change, "published_set", None)
    if made is not None:
        return f"Set {made.number} is live."
    if change.start_at is not None:
        return f"It goes live on {change.start_at:%-d %B %Y, %H:%M} UTC."
    return "Another set went live first, so it waits again."


def text_of(form: QueryDict, name: str) -> str:
    """What was typed, with plain line ends. 422 where it is too long."""
    text = form.get(name, "").replace("\r\n", "\n")
    if len(text) > LONGEST_TEXT:
        raise invalid(f"/{name}", "too_long", f"Keep it under {LONGEST_TEXT:,} characters.")
    return text


def links_of(text: str) -> list[str]:
    """One link a line. 422 where there are too many or one is too long."""
    links = [line.strip() for line in text.splitlines() if line.strip()]
    if len(links) > MOST_LINKS or any(len(one) > LONGEST_LINK for one in links):
        raise invalid(
            "/links", "too_long", f"At most {MOST_LINKS} links of {LONGEST_LINK} characters."
        )
    return links


def moment_of(text: str) -> datetime | None:
    """A moment in UTC as the form writes it; None where it is empty."""
    if not text.strip():
        return None
    try:
        return datetime.strptime(text.strip()[: len("2031-01-06T12:00")], START).replace(tzinfo=UTC)
    except ValueError:
        raise invalid(
            "/start_at", "invalid", "Write day and time in UTC, as 2031-01-06T12:00."
        ) from None
