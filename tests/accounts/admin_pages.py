"""The admin as its tests walk through it."""

from django.test import Client as Browser

GRANTS, PERSONS = "/admin/accounts/grant/", "/admin/accounts/person/"
CLIENTS, KEYS, USERS = (
    "/admin/accounts/client/",
    "/admin/accounts/apikey/",
    "/admin/accounts/user/",
)
EVERY = [GRANTS, PERSONS, CLIENTS, KEYS, USERS]


def signed_in(user):
    browser = Browser()
    browser.force_login(user)
    return browser


def act(browser, url, action, *objects):
    chosen = [obj.pk for obj in objects]
    return browser.post(url, {"action": action, "_selected_action": chosen}, follow=True)


def said(answer):
    return [str(message) for message in answer.context["messages"]]
