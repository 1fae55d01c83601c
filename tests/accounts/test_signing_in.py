import statistics
import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client as Browser

from assurance import clock
from assurance.accounts import adapter, grants, persons
from assurance.accounts.models import SignIn, User
from assurance.api import throttling
from assurance.api.cache import ForgivingRedisCache
from tests.accounts_factories import PASSWORD, PersonFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probe")]

LOGIN, LOGOUT, ME, PEOPLE = "/accounts/login/", "/accounts/logout/", "/me/", "/api/v1/people/"


@pytest.fixture
def ada():
    return UserFactory(username="ada")


def sign_in(browser, username="ada", password=PASSWORD, **more):
    return browser.post(LOGIN, {"login": username, "password": password, **more})


def test_the_right_password_leads_to_the_work(ada):
    answer = sign_in(Browser())

    assert (answer.status_code, answer["Location"]) == (302, "/queues/")


def test_the_sign_in_form_needs_its_csrf_token(ada):
    browser = Browser(enforce_csrf_checks=True)

    assert sign_in(browser).status_code == 403

    browser.get(LOGIN)
    token = browser.cookies["csrftoken"].value
    assert sign_in(browser, csrfmiddlewaretoken=token).status_code == 302


def test_there_is_no_sign_up_and_no_page_about_mail(client):
    for path in ("signup", "email", "confirm-email", "password/reset", "password/set", "inactive"):
        assert client.get(f"/accounts/{path}/").status_code == 404


def test_a_wrong_password_an_unknown_name_and_closed_accounts_get_one_answer(ada):
    UserFactory(username="closed", is_active=False)
    UserFactory(username="gone", person=PersonFactory(active=False))
    tries = [("ada", "wrong"), ("nobody", PASSWORD), ("closed", PASSWORD), ("gone", PASSWORD)]

    said = []
    for username, password in tries:
        page = sign_in(Browser(), username, password)
        assert page.status_code == 200
        said.append(page.context["form"].non_field_errors())

    assert said == [["The username or the password is wrong. Try again."]] * 4


def test_an_unknown_name_takes_about_as_long_as_a_wrong_password(ada, settings):
    """Coarse: without the decoy hash the unknown name answers many times faster."""
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "1000/m/ip"}

    def took(username):
        began = time.perf_counter()
        sign_in(Browser(), username, "wrong")
        return time.perf_counter() - began

    took("ada")
    known, unknown = [], []
    for _ in range(7):
        known.append(took("ada"))
        unknown.append(took("nobody"))

    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.4 < ratio < 2.5


def test_guessing_one_account_is_slowed_down_and_the_right_password_too(ada):
    browser = Browser()
    for _ in range(5):
        sign_in(browser, password="wrong")

    answer = sign_in(browser)

    assert answer.status_code == 200
    assert "Too many tries" in str(answer.context["form"].non_field_errors())


def test_guessing_locks_nobody_out_who_comes_from_elsewhere(ada):
    for _ in range(6):
        sign_in(Browser(), password="wrong")

    answer = sign_in(Browser(REMOTE_ADDR="192.0.2.7"))

    assert answer.status_code == 302


def test_a_forged_forwarding_header_does_not_escape_the_limit(ada):
    for number in range(6):
        Browser().post(
            LOGIN,
            {"login": "ada", "password": "wrong"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        )

    assert sign_in(Browser()).status_code == 200


def test_many_accounts_are_not_tried_from_one_address(ada):
    for number in range(10):
        sign_in(Browser(), f"user{number}", "wrong")

    assert sign_in(Browser()).status_code == 200


def test_right_sign_ins_do_not_use_up_the_tries(ada):
    for _ in range(15):
        assert sign_in(Browser()).status_code == 302


def test_signing_in_works_while_redis_is_lost(ada, monkeypatch):
    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", time.monotonic() + 600)

    assert sign_in(Browser(), password="wrong").status_code == 200
    assert sign_in(Browser()).status_code == 302


def test_guessing_is_slowed_down_even_while_redis_is_lost(ada, monkeypatch):
    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", time.monotonic() + 600)
    monkeypatch.setattr(throttling, "_here", throttling.Windows())
    monkeypatch.setattr(adapter, "TRIES_WITHOUT_REDIS", 3)
    for _ in range(3):
        sign_in(Browser(), password="wrong")

    assert sign_in(Browser()).status_code == 200
    assert sign_in(Browser(REMOTE_ADDR="192.0.2.7")).status_code == 302


@pytest.mark.parametrize(
    "url",
    [
        "//evil",
        "https://evil.example/",
        "///evil",
        "/\\evil",
        "\\\\evil",
        "http:evil",
        "javascript:alert(1)",
        "https://testserver@evil.example/",
        "http://127.0.0.1.evil.example/",
        " //evil",
    ],
)
def test_a_way_out_of_the_house_is_ignored(ada, url):
    assert sign_in(Browser(), next=url)["Location"] == "/queues/"


def test_signing_in_leads_back_to_where_one_came_from(ada):
    assert sign_in(Browser(), next="/cases/?q=a")["Location"] == "/cases/?q=a"
    assert Browser().get(ME)["Location"] == f"{LOGIN}?next={ME}"


def test_a_session_fixed_before_signing_in_is_worth_nothing_after(ada):
    browser = Browser()
    session = browser.session
    session["planted"] = "by the attacker"
    session.save()
    browser.cookies["sessionid"] = fixed = session.session_key

    sign_in(browser)

    assert browser.cookies["sessionid"].value != fixed
    attacker = Browser()
    attacker.cookies["sessionid"] = fixed
    assert attacker.get(ME).status_code == 302


def test_a_made_up_session_cookie_is_never_taken_over(ada):
    browser = Browser()
    browser.cookies["sessionid"] = "x" * 32

    sign_in(browser)

    assert browser.cookies["sessionid"].value != "x" * 32


def test_signing_out_ends_the_session_on_the_server(ada):
    browser = Browser()
    sign_in(browser)
    stolen = browser.cookies["sessionid"].value

    browser.post(LOGOUT)

    thief = Browser()
    thief.cookies["sessionid"] = stolen
    assert thief.get(ME).status_code == 302
    assert not SignIn.objects.filter(user=ada).exists()
    assert not Session.objects.filter(session_key=stolen).exists()


def test_signing_out_takes_a_post(ada):
    browser = Browser()
    sign_in(browser)

    browser.get(LOGOUT)

    assert browser.get(PEOPLE).status_code == 200


def test_a_session_takes_a_new_key_when_the_roles_change(ada):
    browser = Browser()
    sign_in(browser)
    browser.get(ME)
    former = browser.cookies["sessionid"].value
    browser.get(ME)
    assert browser.cookies["sessionid"].value == former

    grants.grant(ada.person, "reviewer", by=None, at=clock.now())
    browser.get(ME)

    assert browser.cookies["sessionid"].value != former
    assert browser.get(PEOPLE).status_code == 200
    thief = Browser()
    thief.cookies["sessionid"] = former
    assert thief.get(ME).status_code == 302
    assert SignIn.objects.get(user=ada).session_key == browser.cookies["sessionid"].value


def test_a_deserted_session_ends_after_thirty_minutes(ada):
    browser = Browser()
    sign_in(browser)

    with clock.shifted(timedelta(minutes=29)):
        assert browser.get(PEOPLE).status_code == 200
    with clock.shifted(timedelta(minutes=58)):
        assert browser.get(PEOPLE).status_code == 200
    with clock.shifted(timedelta(minutes=89)):
        assert browser.get(PEOPLE).status_code == 401


def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(ada):
    browser = Browser()
    sign_in(browser)

    for minutes in (10, 20, 29):
        with clock.shifted(timedelta(minutes=minutes)):
            assert browser.get(PEOPLE, headers={"X-Background": "1"}).status_code == 200
    with clock.shifted(timedelta(minutes=31)):
        assert browser.get(PEOPLE).status_code == 401


def test_no_session_lives_longer_than_ten_hours(ada):
    browser = Browser()
    sign_in(browser)

    for minutes in range(25, 600, 25):
        with clock.shifted(timedelta(minutes=minutes)):
            assert browser.get(PEOPLE).status_code == 200
    with clock.shifted(timedelta(hours=10, seconds=1)):
        assert browser.get(PEOPLE).status_code == 401
    assert browser.get(PEOPLE).status_code == 401


def test_signing_in_again_starts_the_ten_hours_anew(ada):
    browser = Browser()
    with clock.shifted(-timedelta(hours=9, minutes=50)):
        sign_in(browser)
    browser.logout()
    sign_in(browser)

    with clock.shifted(timedelta(minutes=20)):
        assert browser.get(PEOPLE).status_code == 200


def test_a_session_that_is_only_read_is_not_written_each_time(ada, django_assert_num_queries):
    browser = Browser()
    sign_in(browser)
    browser.get(PEOPLE)

    with django_assert_num_queries(4) as queries:  # the session, the account, the time twice
        browser.get(PEOPLE)

    assert not [one for one in queries.captured_queries if not one["sql"].startswith("SELECT")]


def test_a_new_password_ends_every_other_session(ada):
    here, elsewhere = Browser(), Browser()
    sign_in(here)
    sign_in(elsewhere)
    new = "a completely different phrase 7"

    page = here.get("/accounts/password/change/")
    answer = here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )

    assert page.status_code == 200
    assert (answer.status_code, answer["Location"]) == (302, ME)
    assert here.get(PEOPLE).status_code == 200
    assert elsewhere.get(PEOPLE).status_code == 401
    assert sign_in(Browser(), password=new).status_code == 302


def test_a_short_or_common_password_is_refused(ada):
    browser = Browser()
    sign_in(browser)

    for new in ("short", "fourteen chars", "1qaz2wsx3edc4rfv"):
        answer = browser.post(
            "/accounts/password/change/",
            {"oldpassword": PASSWORD, "password1": new, "password2": new},
        )
        assert answer.status_code == 200
        assert answer.context["form"].errors["password1"]


def test_passwords_are_kept_by_argon2(ada):
    ada.set_password(PASSWORD)

    assert ada.password.startswith("argon2$argon2id$")


def test_switching_a_person_off_deletes_their_sessions(ada):
    browser = Browser()
    sign_in(browser)
    browser.get(ME)

    persons.switch_off(ada.person, by=None, at=clock.now())

    assert not Session.objects.filter(session_key=browser.cookies["sessionid"].value).exists()
    assert not SignIn.objects.filter(user=ada).exists()


def test_signing_in_as_somebody_else_moves_no_sign_in(ada):
    ben = UserFactory(username="ben")
    browser = Browser()
    sign_in(browser)
    browser.get(ME)
    browser.post(LOGOUT)
    sign_in(browser, "ben")
    browser.get(ME)

    assert [sign_in.user for sign_in in SignIn.objects.all()] == [ben]
    assert User.objects.get(pk=ada.pk).last_login
