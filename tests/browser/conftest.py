"""One Chromium, one server on the real database, one world for all browser tests.

The server runs in this process, so a test may move the clock or change a check. Cases are
forgotten after each test; people and rules stay until the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings
from playwright.sync_api import Browser, sync_playwright

from assurance.api.models import CspReport
from tests.browser import chromium
from tests.browser.seat import Seat
from tests.browser.world import World

# Plain http without hashed names: those are 404 under a test server. Files are kept by the
# browser for an hour, as the hashed ones are for ever.
SERVED = {
    "PLAIN_HTTP": True,
    "SECURE_SSL_REDIRECT": False,
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_SECURE": False,
    "SESSION_COOKIE_NAME": "sessionid",
    "CSRF_COOKIE_NAME": "csrftoken",
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    "WHITENOISE_USE_FINDERS": True,
    "WHITENOISE_AUTOREFRESH": False,
    "WHITENOISE_MAX_AGE": 3600,
}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if any(chromium.MISSING in str(one.longrepr) for one in terminalreporter.getreports("skipped")):
        terminalreporter.write_sep("!", chromium.MISSING, yellow=True, bold=True)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. Without one the tests are skipped loudly, or fail where it is required."""
    path = chromium.path()
    if path is None:
        if chromium.is_required():
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright's loop lives in this thread; the models are used between its steps, not in it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def world(browser: Browser, django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """People, queues and rules, really committed; emptied at the end."""
    with django_db_blocker.unblock():
        # pytest-django makes a test database only for tests that it knows to use one.
        assert connection.settings_dict["NAME"].startswith("test_"), "mark the test django_db"
        yield World()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def _django_db_helper(world: World) -> None:
    """What the mark `django_db` asks for: here the one world, not a database emptied each time."""


@pytest.fixture(scope="package")
def address(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the server listens."""
    with override_settings(**SERVED, STATIC_ROOT=str(tmp_path_factory.mktemp("static"))):
        server = LiveServerThread("127.0.0.1", static_handler=lambda application: application)
        server.daemon = True
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        yield f"http://127.0.0.1:{server.port}"
        server.terminate()


@pytest.fixture(scope="package")
def seats(browser: Browser, address: str, world: World) -> Iterator[dict[str, Seat]]:
    """The seats taken so far, by person; kept, so that files are loaded once."""
    taken: dict[str, Seat] = {}
    yield taken
    for seat in taken.values():
        seat.close()


@pytest.fixture
def sit(
    browser: Browser, address: str, seats: dict[str, Seat], world: World
) -> Iterator[Callable[..., Seat]]:
    """`sit("ada")` is her usual seat; `sit("ada", again=True)` another device of hers, which may
    differ (`java_script_enabled=False`). `sit("")` is a stranger's. At the end nothing may have
    gone wrong in any of them."""
    used: list[Seat] = []
    passing: list[Seat] = []

    def take(name: str, *, again: bool = False, **options: Any) -> Seat:
        if again or options or not name:
            seat = Seat(browser, address, **options)
            passing.append(seat)
        else:
            seat = seats.get(name) or seats.setdefault(name, Seat(browser, address))
        if name and seat not in used:
            seat.sign_in(world.session_of(name))
        used.append(seat)
        return seat

    yield take
    faults = [fault for seat in used for fault in seat.faults]
    faults += [f"policy: {report}" for report in CspReport.objects.all()]
    for seat in used:
        seat.faults.clear()
        seat.leave()
    for seat in passing:
        seat.close()
    world.forget_cases()
    assert faults == []
