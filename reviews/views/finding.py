"""Find what a page is about, as far as this person may see it. Otherwise 404, one text for all."""

from __future__ import annotations

import re
from datetime import datetime

from django.http import Http404, HttpRequest

from assurance.accounts.principals import account_of
from reviews.models import Case, Queue

REFERENCE = re.compile(r"CM-([0-9]{1,15})", re.ASCII)


def find_case(request: HttpRequest, reference: str, at: datetime) -> Case:
    found = REFERENCE.fullmatch(reference.upper())
    if found is None:
        raise Http404
    case = (
        Case.objects.visible_to(account_of(request), at)
        .for_list()
        .filter(number=int(found.group(1)))
        .first()
    )
    if case is None:
        raise Http404
    return case


def find_queue(request: HttpRequest, slug: str, at: datetime) -> Queue:
    queue = Queue.objects.visible_to(account_of(request), at).filter(slug=slug).first()
    if queue is None:
        raise Http404
    return queue
