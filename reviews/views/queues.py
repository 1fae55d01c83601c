"""Queues: what waits, what I hold, and the next case."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.errors import DomainError
from reviews import claims
from reviews.context import capped
from reviews.models import Case, Queue
from reviews.presenting import lists, timing
from reviews.views import play, receipts
from reviews.views.finding import find_queue
from reviews.views.paging import Page


@login_required
@require_GET
def work(request: HttpRequest) -> HttpResponse:
    """My work: the cases I hold, then my queues."""
    at = clock.now()
    mine = Queue.objects.of(account_of(request)).with_load(at)
    others = (
        Queue.objects.visible_to(account_of(request), at)
        .exclude(members=account_of(request))
        .with_load(at)
    )
    held = Case.objects.held_by(account_of(request), at).for_list().order_by("leased_until")
    return render(
        request,
        "reviews/work.html",
        {
            "held": lists.held(held, at),
            "queues": lists.queues(mine, at),
            "others": lists.queues(others, at),
            "receipt": receipts.of(request, at),
        },
    )


@login_required
@require_GET
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """One queue in work order."""
    at = clock.now()
    queue = find_queue(request, slug, at)
    return render_queue(request, queue)


def render_queue(
    request: HttpRequest, queue: Queue, *, error: DomainError | None = None
) -> HttpResponse:
    at = clock.now()
    member = queue.members.filter(pk=account_of(request).pk).exists()
    here = Case.objects.filter(queue=queue)
    if not member:  # who only watches sees the cases of their workflows
        here = here.visible_to(account_of(request), at)
    open_cases = here.filter(pending=None).open()
    waiting = here.waiting(at)
    page = Page(request, open_cases.for_list(), keys=("rank_at", "id"))
    # Asked only where it is shown: it looks through every held case.
    empty = (
        lists.empty_queue(queue, account_of(request), at, member=member)
        if error or not page.rows
        else None
    )
    context = {
        "queue": queue,
        "waiting": capped(waiting),
        "soon": capped(waiting.filter(due_at__lte=at + timing.SOON)),
        "table": lists.queue_table(page.rows, queue, user=account_of(request), at=at),
        "pager": page.pager(),
        "empty": empty,
        "member": member,
        "play": {"on": play.is_on(request)},
        "receipt": receipts.of(request, at),
        "error": error,
    }
    return render(request, "reviews/queue.html", context, status=error.status if error else 200)


@login_required
@require_POST
def next_case(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim the next case and open it."""
    at = clock.now()
    queue = find_queue(request, slug, at)
    try:
        case = claims.claim_next(queue, by=account_of(request), at=at)
    except DomainError as error:
        return render_queue(request, queue, error=error)
    return redirect(case)
