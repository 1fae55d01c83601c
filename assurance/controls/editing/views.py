"""Pages of the admin on which the items of a control set are edited, into a draft."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.controls.choices import Item, Kind
from assurance.controls.editing import beside, items, listing, saving
from assurance.controls.editing.control_form import ControlForm
from assurance.controls.editing.item_forms import ItemForm
from assurance.controls.editing.items import Opened
from assurance.controls.editing.other_forms import (
    PolicyForm,
    RuleForm,
    SpecificationForm,
    WaiverForm,
)
from assurance.errors import DomainError

FORMS: dict[str, type[ItemForm]] = {
    Item.CONTROL: ControlForm,
    Item.RULE: RuleForm,
    Item.WAIVER: WaiverForm,
    Item.SPECIFICATION: SpecificationForm,
    Item.QUEUE_POLICY: PolicyForm,
}
LISTS = {
    Item.CONTROL: "admin:controls_controls",
    Item.RULE: "admin:controls_rules",
    Item.WAIVER: "admin:controls_waivers",
    Item.SPECIFICATION: "admin:controls_specifications",
    Item.QUEUE_POLICY: "admin:controls_policies",
}
ADDS = {
    Item.CONTROL: (("control", "policy"), ("verification", "verification")),
    Item.RULE: (("rule", ""),),
    Item.WAIVER: (("waiver", ""),),
}

Page = Callable[..., HttpResponse]


def listed(item: str) -> Page:
    """The page that lists every item of a kind."""

    @never_cache
    @require_safe
    def page(request: HttpRequest) -> HttpResponse:
        title, says = listing.TITLES[Item(item)]
        found = listing.lists(item, request.user, clock.now())
        adds = ADDS.get(Item(item), ())
        context = {"title": title, "says": says, "lists": found, "item": str(item), "adds": adds}
        return render(request, "controls/editing/list.html", context)

    return page


def edit(item: str) -> Page:
    """The page on which one item is edited."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def page(request: HttpRequest, workflow: str = "", key: str = "") -> HttpResponse:
        return _edited(request, find(request, item, workflow, key))

    return page


def add(item: str) -> Page:
    """The page on which a new item is written."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def page(request: HttpRequest, workflow: str) -> HttpResponse:
        return _edited(request, begin(request, item, workflow))

    return page


def hint(item: str) -> Page:
    """What stands beside the form while it is typed: words, slips, preview. Saves nothing."""

    @never_cache
    @require_POST
    def page(request: HttpRequest, workflow: str = "", key: str = "") -> HttpResponse:
        return _hinted(request, find(request, item, workflow, key))

    return page


def hint_new(item: str) -> Page:
    """The same of a new item."""

    @never_cache
    @require_POST
    def page(request: HttpRequest, workflow: str) -> HttpResponse:
        return _hinted(request, begin(request, item, workflow))

    return page


def _hinted(request: HttpRequest, opened: Opened) -> HttpResponse:
    at, by = clock.now(), account_of(request)
    form = FORMS[opened.item](request.POST, opened, items.cases_seen(opened.workflow, at))
    context = beside.present(form, opened, by=by, at=at, with_preview="preview" in request.GET)
    return render(request, "controls/editing/_beside.html", context | {"is_answer": True})


def find(request: HttpRequest, item: str, workflow: str, key: str) -> Opened:
    at, by = clock.now(), account_of(request)
    if item == Item.CONTROL:
        return items.opened(items.workflow_of_control(by, key, at), item, key, by=by)
    return items.opened(items.find_workflow(by, workflow, at), item, key, by=by)


def begin(request: HttpRequest, item: str, workflow: str) -> Opened:
    at, by = clock.now(), account_of(request)
    variant = request.GET.get("kind", "")
    variant = variant if variant in Kind.values else str(Kind.POLICY)
    return items.begun(items.find_workflow(by, workflow, at), item, by=by, variant=variant)


def _edited(request: HttpRequest, opened: Opened) -> HttpResponse:
    at, by = clock.now(), account_of(request)
    cases = items.cases_seen(opened.workflow, at)
    form_class = FORMS[opened.item]
    if request.method != "POST":
        return _page(request, form_class(None, opened, cases), opened)
    act = request.POST.get("do", "save")
    if act == "remove":
        return _removed(request, opened)
    form = form_class(request.POST, opened, cases)
    if act != "save":
        form.act(act)
        form.forgive()
        return _page(request, form, opened)
    content = form.content()
    key = saving.key_of(opened, content)
    if key and saving.is_taken(opened, key):
        form.add_error(None, f"There is a {Item(opened.item).label.lower()} {key}. Edit that one.")
    if not form.is_sound:
        return _page(request, form, opened, status=422)
    try:
        change = saving.save(form, opened, content, by=by, at=at)
    except saving.Nothing:
        messages.info(request, "Nothing was changed, so there is nothing to save.")
        return _page(request, form, opened)
    except DomainError as refusal:
        return _page(request, form, opened, status=refusal.status)
    messages.success(
        request,
        f"Saved in change {change.number}. Nothing is live yet: say why, then submit it.",
    )
    return redirect(change)


def _removed(request: HttpRequest, opened: Opened) -> HttpResponse:
    at, by = clock.now(), account_of(request)
    try:
        change = saving.remove(opened, by=by, at=at)
    except saving.Nothing:
        return redirect(LISTS[Item(opened.item)])
    except DomainError as refusal:
        form = FORMS[opened.item](None, opened, items.cases_seen(opened.workflow, at))
        return _page(request, form, opened, status=refusal.status, refusal=refusal)
    messages.success(
        request, f"Change {change.number} takes it out of the next set. Nothing is live yet."
    )
    return redirect(change)


def _page(
    request: HttpRequest,
    form: ItemForm,
    opened: Opened,
    *,
    status: int = 200,
    refusal: DomainError | None = None,
) -> HttpResponse:
    at = clock.now()
    context = {
        "form": form,
        "opened": opened,
        "item": str(opened.item),
        "is_new": opened.is_new,
        "sections": form.shown_sections(),
        "errors": form.summary() if form.is_bound else [],
        "refusal": refusal,
        "list_url": reverse(LISTS[Item(opened.item)]),
        "list_title": listing.TITLES[Item(opened.item)][0],
        "hint_url": request.path.replace("/edit/", "/beside/").replace("/add/", "/beside/"),
        "query": request.GET.urlencode(),
        "others": [listing.mark(change) for change in opened.others],
        "draft": opened.draft,
        "may_remove": _may_remove(opened),
        **beside.present(form, opened, by=account_of(request), at=at, with_preview=False),
    }
    return render(request, "controls/editing/edit.html", context, status=status)


def _may_remove(opened: Opened) -> bool:
    """A specification stays, and so does what catches all; new things are not there yet."""
    content = opened.content
    stays = opened.item in (Item.SPECIFICATION, Item.QUEUE_POLICY)
    return content is not None and not stays and not content.get("catch_all")
