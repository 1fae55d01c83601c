"""The demo is made by the real verbs, so everything it shows is true and verifies."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client as HttpClient

from assurance import clock
from assurance.accounts.models import User
from assurance.controls.models import ControlVersion, Label, StageMove
from assurance.delivery.models import Delivery, DeliveryAttempt, Endpoint
from assurance.record import ledger
from incidents.demo import history, letters, people, receiver, scorecard
from reviews.models import Case, Decision, Queue

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def short_history(monkeypatch):
    """Two days of a little instead of a week."""
    monkeypatch.setattr(history, "DAYS", 1)
    monkeypatch.setattr(history, "PER_DAY", {"credit-decisions": 16, "claims-letters": 8})
    monkeypatch.setattr(history, "OPEN", {"credit-decisions": 4, "claims-letters": 2})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERMARK_DATA", str(tmp_path))
    return tmp_path


def load(**options) -> str:
    said = StringIO()
    call_command("load_demo", stdout=said, **options)
    return said.getvalue()


def test_load_demo_makes_people_workflows_keys_and_a_history_that_verifies(folder, short_history):
    said = load()

    demo = json.loads((folder / "demo.json").read_text())
    assert set(demo) == {"url", "api_keys", "users"}
    assert set(demo["api_keys"]) == {"credit-decisions", "claims-letters"}
    assert set(demo["users"]) == set(people.PEOPLE)
    assert all(f"{name} " in said and password in said for name, password in demo["users"].items())
    assert stat.S_IMODE((folder / "demo.json").stat().st_mode) == 0o600
    for name, password in demo["users"].items():
        assert User.objects.get(username=name).check_password(password)
    moves = StageMove.objects.values_list("workflow__slug", "to_stage", "way")
    assert list(moves) == [("credit-decisions", "limited", "demo")]
    assert Case.objects.filter(state="open").exists()
    assert Decision.objects.filter(released_at__isnull=False).exists()
    assert Label.objects.filter(source="outcome").exists()
    assert not Endpoint.objects.exists(), "loopback was not allowed"
    assert ledger.verify() == []


@pytest.fixture
def shown(folder, short_history, settings, monkeypatch) -> Callable[[str, str], HttpResponse]:
    """The demo, loaded as `up --demo` does; opens an address as one of its people."""
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    monkeypatch.setattr(history, "DAYS", 2)
    monkeypatch.setattr(history, "PER_DAY", {"credit-decisions": 8, "claims-letters": 16})
    settings.ALLOWED_HOSTS, settings.PLAIN_HTTP = ["*"], True
    settings.SECURE_SSL_REDIRECT = False
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    load()

    def _shown(name: str, address: str) -> HttpResponse:
        browser = HttpClient()
        browser.force_login(User.objects.get(username=name))
        return browser.get(address)

    return _shown


def test_the_demo_has_second_thoughts_cases_in_hand_and_webhooks_that_were_really_sent(shown):
    made = Decision.objects.filter(released_at__isnull=False)
    corrected = made.filter(outcome="correct").first()
    older = Decision.objects.get(superseded_by__isnull=False)
    undone = Decision.objects.get(withdrawn_at__isnull=False)
    held = Case.objects.leased(clock.now())

    assert set(made.values_list("outcome", flat=True)) >= {"approve", "correct", "reject", "return"}
    context = corrected.case.submissions.last().body["context"]
    assert corrected.output["payout"] == context["invoice_total"] - context["excess"]
    assert corrected.case.end == "corrected"
    assert (older.outcome, older.case.end, older.is_current) == ("approve", "rejected", False)
    assert undone.case.end == "rejected"
    assert "ada" in {case.leased_by.username for case in held}

    # What /integrate/ shows was really sent: the receiver answers 401 to a wrong signature.
    endpoint = Endpoint.objects.get()
    sent = Delivery.objects.all()

    assert {one.event_type for one in sent} >= {"case.routed", "case.closed", "case.returned"}
    assert {one.status for one in sent} == {"delivered"}
    assert set(DeliveryAttempt.objects.values_list("status", flat=True)) == {204}
    assert all(one.created_at <= one.delivered_at <= one.created_at + MINUTE for one in sent)
    assert (endpoint.active, endpoint.disabled_reason) == (False, receiver.GONE)
    assert endpoint.failures == 0


def test_every_page_of_the_demo_opens(shown):
    cases = list(Case.objects.all())
    pages = [
        ("otto", f"/cases/{case.reference}/{part}") for case in cases for part in ("", "record/")
    ]
    pages += [("otto", f"/queues/{slug}/") for slug in Queue.objects.values_list("slug", flat=True)]
    pages += [
        ("otto", f"/controls/{key}/") for key in {v.key for v in ControlVersion.objects.all()}
    ]
    pages += [("grace", one.get_absolute_url()) for one in Delivery.objects.all()[:20]]
    pages += [(name, "/queues/") for name in people.PEOPLE]
    pages += [("otto", "/cases/"), ("grace", "/integrate/"), ("ada", "/me/"), ("grace", "/admin/")]
    broken = {where: shown(*where).status_code for where in pages}

    assert {where: status for where, status in broken.items() if status != 200} == {}
    assert len(cases) > 40


def test_loading_twice_gives_new_passwords_and_keys_and_no_second_history(folder, short_history):
    load()
    first = json.loads((folder / "demo.json").read_text())
    cases = Case.objects.count()
    load()
    second = json.loads((folder / "demo.json").read_text())

    assert Case.objects.count() == cases
    assert first["api_keys"] != second["api_keys"]
    assert not User.objects.get(username="ada").check_password(first["users"]["ada"])


def test_load_demo_needs_to_know_where_its_logins_go(monkeypatch):
    monkeypatch.delenv("COUNTERMARK_DATA", raising=False)

    with pytest.raises(CommandError, match="COUNTERMARK_DATA"):
        call_command("load_demo")


@pytest.mark.django_db(transaction=True)
def test_demo_traffic_posts_through_the_real_rest_api(folder, live_server, settings):
    settings.COUNTERMARK_URL = live_server.url
    load(without_history=True)
    said = StringIO()

    call_command("demo_traffic", rate=50.0, count=5, stdout=said)

    assert "5 cases posted." in said.getvalue()
    assert Case.objects.filter(external_id__startswith="live-").count() == 5


def test_demo_traffic_says_what_is_missing(folder):
    with pytest.raises(CommandError, match="up --demo"):
        call_command("demo_traffic", count=1)
    with pytest.raises(CommandError, match="at most 50"):
        call_command("demo_traffic", rate=1000.0)


def test_the_scorecard_is_right_most_of_the_time_and_never_looks_at_who_somebody_is():
    right = sum(
        (scorecard.score(applicant) >= scorecard.LINE) == (applicant["creditability"] == "good")
        for applicant in scorecard.applicants()
    )
    somebody = dict(scorecard.applicants()[0])
    other = {**somebody, "age_in_years": "19", "foreign_worker": "no",
             "personal_status_and_sex": "female : divorced/separated/married"}  # fmt: skip

    assert len(scorecard.applicants()) == 1000
    assert 0.72 < right / 1000 < 0.9
    assert scorecard.score(somebody) == scorecard.score(other)


def test_letters_are_the_same_for_the_same_seed_and_carry_faults_now_and_then():
    drafts = [letters.proposal(number, number) for number in range(200)]
    wrong = [
        draft
        for draft in drafts
        if draft["output"]["payout"]
        != draft["context"]["invoice_total"] - draft["context"]["excess"]
    ]

    mended = [letters.mended(draft["output"], draft["context"]) for draft in wrong]

    assert [one["payout"] for one in mended] == [
        draft["context"]["invoice_total"] - draft["context"]["excess"] for draft in wrong
    ]
    assert letters.proposal(7, 7) == drafts[7]
    assert 5 < len(wrong) < 60
