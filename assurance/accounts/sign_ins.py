"""Where an account is signed in: noted when it begins, ended from anywhere.

The session itself is Django's row in the database. Ending a sign-in deletes that row, so the
next request with its cookie is a stranger's. Ages are kept in the session by the middleware.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings

from assurance.accounts.models import SignIn, User
from assurance.accounts.querysets import SignInQuerySet

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase


def note(
    user_id: int,
    session_key: str,
    *,
    former_key: str | None,
    at: datetime,
    browser: str,
    address: str | None,
) -> None:
    """Keep the list true after a session took a new key: the same sign-in, or a new one."""
    if former_key and former_key != session_key:
        moved = SignIn.objects.filter(session_key=former_key, user_id=user_id).update(
            session_key=session_key, last_seen_at=at
        )
        if moved:
            return
    sign_in = SignIn(
        user_id=user_id,
        session_key=session_key,
        started_at=at,
        last_seen_at=at,
        browser=browser[:200],
        address=address,
    )
    SignIn.objects.bulk_create([sign_in], ignore_conflicts=True)
    # What outlived the longest session is no sign-in any more.
    SignIn.objects.filter(
        user_id=user_id, started_at__lt=at - settings.SESSION_ABSOLUTE_AGE
    ).delete()


def seen(session_key: str, *, at: datetime) -> None:
    """The browser was here."""
    SignIn.objects.filter(session_key=session_key).update(last_seen_at=at)


def forget(session_key: str) -> None:
    """A session is over by itself: signed out, too old, or taken by another account."""
    SignIn.objects.filter(session_key=session_key).delete()


def current(user: User, *, at: datetime) -> list[SignIn]:
    """The living sign-ins of an account, the latest seen first."""
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    living = SignIn.objects.of_user(user).filter(last_seen_at__gt=at - idle)
    return [sign_in for sign_in in living if _store().exists(sign_in.session_key)]


def end_others(user: User, *, keep: str | None) -> int:
    """Sign out everywhere but here. Returns how many sign-ins ended."""
    return _end(SignIn.objects.of_user(user).exclude(session_key=keep or ""))


def end_one(user: User, sign_in_id: int) -> int:
    """Sign out one browser of one's own."""
    return _end(SignIn.objects.of_user(user).filter(pk=sign_in_id))


def end_all(users: list[User]) -> int:
    """Sign these accounts out everywhere."""
    return _end(SignIn.objects.filter(user__in=users))


def _end(sign_ins: SignInQuerySet) -> int:
    keys = list(sign_ins.values_list("session_key", flat=True))
    for key in keys:
        _store().delete(key)
    return sign_ins.filter(session_key__in=keys).delete()[0]


def _store() -> SessionBase:
    return import_module(settings.SESSION_ENGINE).SessionStore()
