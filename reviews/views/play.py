"""Play: after a decision the next case is claimed and opened. A switch of the person's session."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

KEY = "play"


def is_on(request: HttpRequest) -> bool:
    return bool(request.session.get(KEY, True))


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Turn it on or off and go back to where one was."""
    request.session[KEY] = request.POST.get("play") == "on"
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/queues/"
    return redirect(target)
