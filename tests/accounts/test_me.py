import pytest
from django.test import Client as Browser

from assurance.accounts.models import SignIn, User
from tests.accounts_factories import UserFactory, grant_to

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probe")]

ME, THEME = "/me/", "/me/theme/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
KEPT = {"theme": "dark", "density": "compact", "shortcuts": "on"}


@pytest.fixture
def ada():
    return UserFactory(username="ada", email="ada@example.com")


@pytest.fixture
def browser(ada):
    browser = Browser(headers={"User-Agent": FIREFOX})
    browser.force_login(ada)
    return browser


def test_the_page_shows_settings_roles_and_sign_ins(ada, browser):
    grant_to(ada, "lead", "credit-decisions")

    page = browser.get(ME).content.decode()
    page = browser.get(ME).content.decode()

    for seen in ("Theme", "Density", "Lead", "credit-decisions", "Firefox on Linux", "This one"):
        assert seen in page


def test_settings_are_kept_by_a_plain_form(ada, browser):
    answer = browser.post(ME, {**KEPT, "wants_case_email": "on"})

    ada.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, ME)
    assert (ada.theme, ada.density, ada.shortcuts, ada.wants_case_email) == (
        "dark",
        "compact",
        True,
        True,
    )


def test_shortcuts_are_switched_off_by_leaving_the_box_empty(ada, browser):
    browser.post(ME, {"theme": "auto", "density": "compact"})

    ada.refresh_from_db()
    assert not ada.shortcuts
    assert 'data-shortcuts="off"' in browser.get(ME).content.decode()


def test_a_wrong_choice_is_said_beside_the_form_and_changes_nothing(ada, browser):
    answer = browser.post(ME, KEPT | {"theme": "pink"})

    ada.refresh_from_db()
    assert answer.status_code == 422
    assert "pink is not one of the available choices" in answer.content.decode()
    assert (ada.theme, ada.density) == ("auto", "comfortable")


def test_mail_needs_an_address(ada, browser):
    User.objects.filter(pk=ada.pk).update(email="")

    answer = browser.post(ME, KEPT | {"wants_case_email": "on"})

    assert answer.status_code == 422
    assert "has no e-mail address" in answer.content.decode()


def test_no_other_field_of_an_account_is_ever_read_from_the_form(ada, browser):
    """Mass assignment: every name of the model is sent, four are taken."""
    other = UserFactory()
    before = User.objects.filter(pk=ada.pk).values().get()
    everything = {field.name: "1" for field in User._meta.get_fields()}
    everything |= {
        "is_superuser": "on",
        "is_staff": "on",
        "person": other.person.pk,
        "person_id": other.person.pk,
        "username": "root",
        "email": "evil@example.com",
        "password": "x",
        "rights_changed_at": "2026-01-01",
        "id": other.pk,
        **KEPT,
    }

    assert browser.post(ME, everything).status_code == 302
    browser.post(THEME, everything)

    after = User.objects.filter(pk=ada.pk).values().get()
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"theme", "density", "shortcuts", "wants_case_email", "last_login"}
    assert User.objects.get(pk=other.pk).theme == "auto"


def test_the_theme_switch_answers_a_script_with_nothing_and_a_form_with_the_page(ada, browser):
    scripted = browser.post(THEME, {"theme": "dark"})
    plain = browser.post(
        THEME, {"theme": "light", "next": "/cases/?q=1"}, headers={"Accept": "text/html"}
    )

    ada.refresh_from_db()
    assert (scripted.status_code, scripted.content) == (204, b"")
    assert (plain.status_code, plain["Location"]) == (302, "/cases/?q=1")
    assert ada.theme == "light"


@pytest.mark.parametrize("url", ["//evil", "https://evil.example/", "", "\\\\evil"])
def test_the_theme_switch_leads_nowhere_else(browser, url):
    answer = browser.post(THEME, {"theme": "dark", "next": url}, headers={"Accept": "text/html"})

    assert answer["Location"] == ME


def test_an_unknown_theme_is_a_400_that_says_which_there_are(browser):
    answer = browser.post(THEME, {"theme": "pink"})

    assert answer.status_code == 400
    assert b"auto, light or dark" in answer.content


def test_signing_out_everywhere_else_keeps_this_browser(ada, browser):
    browser.get(ME)
    others = [Browser(), Browser()]
    for other in others:
        other.force_login(ada)
        other.get(ME)
    stranger = Browser()
    stranger.force_login(UserFactory())
    stranger.get(ME)

    answer = browser.post("/me/sessions/end-others/", follow=True)

    assert "Signed out elsewhere: 2." in answer.content.decode()
    assert [other.get(ME).status_code for other in others] == [302, 302]
    assert stranger.get(ME).status_code == 200
    assert SignIn.objects.filter(user=ada).count() == 1


def test_one_browser_is_signed_out_and_somebody_elses_is_not(ada, browser):
    mine, theirs = Browser(), Browser()
    mine.force_login(ada)
    mine.get(ME)
    theirs.force_login(UserFactory())
    theirs.get(ME)
    keys = [one.cookies["sessionid"].value for one in (mine, theirs)]
    ids = [SignIn.objects.get(session_key=key).pk for key in keys]

    for sign_in_id in ids:
        browser.post(f"/me/sessions/{sign_in_id}/end/")

    assert mine.get(ME).status_code == 302
    assert theirs.get(ME).status_code == 200


@pytest.mark.parametrize("path", [THEME, "/me/sessions/end-others/", "/me/sessions/1/end/"])
def test_what_changes_something_takes_a_post_and_a_session(browser, path):
    assert browser.get(path).status_code == 405
    assert Browser().post(path)["Location"].startswith("/accounts/login/")


def test_a_form_that_is_too_old_says_sign_in_again_and_leads_back(ada):
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(ada)

    answer = browser.post(ME, KEPT, headers={"Referer": "http://testserver/cases/7/?q=1"})
    page = answer.content.decode()

    assert answer.status_code == 403
    assert "Sign in again, your draft is kept" in page
    assert "/accounts/login/?next=%2Fcases%2F7%2F" in page


@pytest.mark.parametrize("referer", ["https://evil.example/x", "http://testserver//evil", ""])
def test_a_form_that_is_too_old_leads_to_no_other_house(ada, referer):
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(ada)

    page = browser.post(ME, KEPT, headers={"Referer": referer}).content.decode()

    assert "evil" not in page
    assert "/accounts/login/?next=%2Fqueues%2F" in page


@pytest.mark.parametrize(
    ("browser", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/19 Safari/605", "Safari on macOS"),
        ("curl/8.0", "curl/8.0"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_called_by_its_name(browser, name):
    assert SignIn(browser=browser).browser_name == name
