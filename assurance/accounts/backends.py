"""How an account is found: at sign-in by its password, on every request by its session."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from assurance.accounts.models import User


class PersonBackend(AuthenticationBackend):
    """An account is refused when it, or the person behind it, is switched off.

    The account and its person are read on every request in one query, so switching somebody off
    works on their next click.
    """

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("person").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.is_active and (user.person_id is None or user.person.active))

    def _check_password(self, user: Any, password: str) -> Any:
        found = super()._check_password(user, password)
        # allauth would remember an account that is switched off and answer differently for it.
        self.unstash_authenticated_user()
        return found
