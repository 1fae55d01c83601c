"""A caller of the test-only house, and a clean slate for its counters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from tests.api.house import work


class Caller(Client):
    """Posts bytes as they are, and says who it is."""

    def __init__(self, name: str = "1") -> None:
        super().__init__(raise_request_exception=False, headers={"Authorization": f"Name {name}"})

    def send(self, address: str, body: Any, **headers: str) -> HttpResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = headers.pop("content_type", "application/json")
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(address, data, content_type=kind, headers=names)


@pytest.fixture
def house(settings, db):
    settings.ROOT_URLCONF = "tests.api.house"
    settings.ALLOWED_HOSTS = ["*"]
    settings.PLAIN_HTTP = True
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.SECURE_SSL_REDIRECT = False
    cache.clear()
    work.clear()


@pytest.fixture
def api(house) -> Caller:
    return Caller()
