"""The house keeps its shape: small files, honest names, one direction, no door without a lock."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils.regex_helper import normalize
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 400
FORBIDDEN = {
    *("utils", "helpers", "common", "misc", "services"),
    *("selectors", "constants", "base", "managers"),
}
# What anybody may ask without saying who they are.
PUBLIC_VIEWS = {"SchemaView", "DocsView"}
PUBLIC_PAGES = {
    *("/", "/healthz", "/readyz", "/metrics", "/csp-reports/", "/api/", "/api/1"),
    *("/accounts/login/", "/accounts/logout/", "/admin/login/", "/admin/logout/"),
}
EXAMPLES = {"act": "off", "sha256": "0" * 64}


def files(*endings: str) -> list[Path]:
    """Every file of ours, whether committed yet or not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    paths = [ROOT / name for name in listed] or list(ROOT.rglob("*"))
    hidden = [
        one for one in paths if not any(p.startswith(".") for p in one.parts[len(ROOT.parts) :])
    ]
    return [one for one in hidden if one.suffix in endings and one.is_file()]


def routes() -> Iterator[tuple[str, Any]]:
    """Every address with an example in each place, and what answers there."""

    def walk(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        for one in patterns:
            shape, places = normalize(one.pattern.regex.pattern)[0]
            # "1" is an example of a number, a slug and a name.
            address = prefix + shape % {place: EXAMPLES.get(place, "1") for place in places}
            if isinstance(one, URLPattern):
                yield address, one.callback
            else:
                yield from walk(one.url_patterns, address)

    return walk(get_resolver().url_patterns, "/")


def rest_views() -> dict[str, type[APIView]]:
    return {
        f"{view.cls.__name__} at {address}": view.cls
        for address, view in routes()
        if hasattr(view, "cls")
    }


def pages() -> list[str]:
    return sorted(
        {address for address, view in routes() if not hasattr(view, "cls")} - PUBLIC_PAGES
    )


def test_no_file_is_longer_than_can_be_read_at_once():
    code = [one for one in files(".py", ".html", ".css", ".js") if "migrations" not in one.parts]
    too_long = {
        str(one.relative_to(ROOT)): lines
        for one in code
        if (lines := len(one.read_text().splitlines())) > LONGEST
    }

    assert len(code) > 200
    assert not too_long


def test_no_module_has_a_name_that_says_nothing():
    assert not [str(one) for one in files(".py") if one.stem in FORBIDDEN]


def test_no_folder_of_tests_is_mistaken_for_the_room_it_tests():
    """Without `__init__.py` pytest imports tests/reviews as `reviews`, in place of the app."""
    folders = {one.parent for one in files(".py") if "tests" in one.relative_to(ROOT).parts}

    assert not [str(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_every_command_has_a_test_that_calls_it_by_name():
    commands = [
        one for one in files(".py") if one.parent.name == "commands" and one.stem != "__init__"
    ]
    tests = "\n".join(one.read_text() for one in files(".py") if ROOT / "tests" in one.parents)

    assert len(commands) > 4
    assert not [one.stem for one in commands if not re.search(rf'["\']{one.stem}["\']', tests)]


def test_the_direction_of_imports_is_kept_by_contracts_that_ci_runs():
    contracts = {
        one["id"]: one
        for one in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
            "contracts"
        ]
    }

    assert contracts["three-clocks"]["layers"] == ["incidents", "reviews", "assurance"]
    assert contracts["rooms-of-assurance"]["layers"][:6] == [
        *("monitoring", "controls", "delivery", "accounts", "record", "api")
    ]
    edges = set(contracts["edges"]["protected_modules"])
    assert edges >= {"**.views", "**.admin", "**.tasks", "**.management", "reviews.api"}
    assert "lint-imports" in (ROOT / ".ci/run").read_text()


def test_every_endpoint_says_itself_who_may_use_it():
    """The default refuses everybody; a view that says nothing is a view that nobody thought of."""
    silent = [
        name
        for name, view in rest_views().items()
        if view.__name__ not in PUBLIC_VIEWS
        and not any(
            {"permission_classes", "get_permissions"} & set(vars(one))
            for one in view.__mro__
            if one not in APIView.__mro__
        )
    ]

    assert len(rest_views()) > 25
    assert not silent


def test_no_endpoint_but_the_description_of_the_api_is_open_to_anybody():
    open_to_all = [
        name
        for name, view in rest_views().items()
        if view.__name__ not in PUBLIC_VIEWS
        and (not view.permission_classes or AllowAny in view.permission_classes)
    ]

    assert not open_to_all


@pytest.mark.django_db
def test_an_endpoint_answers_a_stranger_with_401_before_anything_else(settings):
    settings.PLAIN_HTTP, settings.SECURE_SSL_REDIRECT = True, False
    stranger = Client()
    wrong = {
        (method, address): status
        for address, view in routes()
        if hasattr(view, "cls") and view.cls.__name__ not in PUBLIC_VIEWS
        for method in ("get", "post", "put")
        if hasattr(view.cls, method)
        and (
            status := getattr(stranger, method)(
                address, data="{}", content_type="application/json"
            ).status_code
            if method != "get"
            else stranger.get(address).status_code
        )
        != 401
    }

    assert not wrong


@pytest.mark.django_db
def test_a_page_shows_a_stranger_nothing_but_the_way_to_the_login(settings):
    settings.PLAIN_HTTP, settings.SECURE_SSL_REDIRECT = True, False
    stranger = Client()
    wrong = {}
    for address in pages():
        answers = [stranger.get(address), stranger.post(address)]
        asked = [a.status_code == 302 and "/login/" in a.headers["Location"] for a in answers]
        refused = [a.status_code == 405 for a in answers]
        if not any(asked) or not all(a or r for a, r in zip(asked, refused, strict=True)):
            wrong[address] = [answer.status_code for answer in answers]

    assert len(pages()) > 20
    assert not wrong
