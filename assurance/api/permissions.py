"""Deny by default: a view that names no permission answers nobody."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class DenyAll(BasePermission):
    """The default of every REST view, so that a forgotten permission is noticed at once."""

    message = "This endpoint is closed: it names nobody who may use it."

    def has_permission(self, request: Request, view: Any) -> bool:
        return False
