"""How long a session lives: 30 minutes idle, 10 hours at most, a new key when rights change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout, user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from assurance import clock
from assurance.accounts import roles, sign_ins
from assurance.accounts.models import User
from assurance.accounts.principals import account_of
from assurance.api.callers import address_of

STARTED, SEEN, NOTED, RIGHTS = "started_at", "seen_at", "noted_key", "rights_at"
SEEN_EVERY = 60  # seconds between two writes of a session that is only read
# A page that refreshes itself says so, and does not keep a deserted desk signed in.
BACKGROUND = "HTTP_X_BACKGROUND"
SAFE = ("GET", "HEAD")


@receiver(user_logged_in)
def begin(sender: type[User], request: HttpRequest, user: User, **kwargs: object) -> None:
    """A new sign-in starts its ten hours anew and is a new row in the list."""
    request.session[STARTED] = request.session[SEEN] = clock.now().timestamp()
    request.session[RIGHTS] = _rights_of(user)
    request.session.pop(NOTED, None)


class SessionLifetimeMiddleware:
    """Ends what is too old before the view, and keeps the list of sign-ins true after it. A
    request that only reads reads the grants of a person once.

    Requests without a session cookie cost nothing here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated:
            self._before(request, clock.now())
        with roles.read_once() if request.method in SAFE else nullcontext():
            response = self.get_response(request)
        if key or request.session.modified:
            self._after(request, key)
        return response

    def _before(self, request: HttpRequest, at: datetime) -> None:
        session, moment = request.session, at.timestamp()
        if moment - session.get(STARTED, moment) >= settings.SESSION_ABSOLUTE_AGE.total_seconds():
            logout(request)
            return
        idle = moment - session.get(SEEN, moment)
        if idle >= settings.SESSION_COOKIE_AGE:
            logout(request)
            return
        rights = _rights_of(account_of(request))
        if session.get(RIGHTS) != rights:
            # A key that was fixed or stolen before the rights changed is worth nothing after.
            session.cycle_key()
            session[RIGHTS] = rights
        if (idle >= SEEN_EVERY or SEEN not in session) and BACKGROUND not in request.META:
            session.setdefault(STARTED, moment)
            session[SEEN] = moment
            sign_ins.seen(session.session_key or "", at=at)

    def _after(self, request: HttpRequest, former: str | None) -> None:
        session = request.session
        key, user_id = session.session_key, session.get(SESSION_KEY)
        if former and former != key and session.get(NOTED) != former:
            sign_ins.forget(former)
        if user_id is None or key is None or session.get(NOTED) == key:
            return
        sign_ins.note(
            int(user_id),
            key,
            former_key=session.get(NOTED),
            at=clock.now(),
            browser=request.META.get("HTTP_USER_AGENT", ""),
            address=_ip(request),
        )
        session[NOTED] = key


def _ip(request: HttpRequest) -> str | None:
    """An address that the database takes; a socket has none, and a proxy may send anything."""
    try:
        return str(ip_address(address_of(request)))
    except ValueError:
        return None


def _rights_of(user: User) -> str:
    return user.rights_changed_at.isoformat() if user.rights_changed_at else ""
