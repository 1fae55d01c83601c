"""Templates that people write: a control's message, a workflow's title, its links.

A template travels further than the case: into mails, lists, logs and other systems. It may name
fields of the catalogue, none of them sensitive, and no whole objects, which could hold one.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue
from assurance.controls.messages import PLACEHOLDER

_BRACES = re.compile(r"\{([^{}]{0,300})\}")


def placeholders(template: str) -> list[str]:
    """The paths that a template names, in order."""
    return [found.group(1) for found in _BRACES.finditer(template)]


def template_problems(template: str, pointer: str, catalogue: Catalogue) -> list[Problem]:
    """What is wrong with the placeholders of a template."""
    return [
        Problem(pointer, code, message)
        for path in placeholders(template)
        for code, message in [_placeholder_problem(path, catalogue)]
        if message
    ]


def _placeholder_problem(path: str, catalogue: Catalogue) -> tuple[str, str]:
    if not PLACEHOLDER.fullmatch("{" + path + "}"):
        return "bad_placeholder", (
            f"`{{{path}}}` is no placeholder. Write a field's path in braces, such as "
            "{output.amount}."
        )
    field = catalogue.get(path)
    if field is None:
        hint = catalogue.nearest(path)
        said = f"Did you mean {{{hint}}}?" if hint else "Choose one from the list of fields."
        return "unknown_field", f"There is no field `{path}` for `{{{path}}}`. {said}"
    if field.sensitive:
        return "sensitive_field", (
            f"`{path}` is sensitive and would be told to everyone who reads the sentence. "
            "Name another field."
        )
    if field.type == "object":
        return "whole_object", f"`{path}` is a whole object. Name one of the fields in it."
    return "", ""


def link_problems(url: str, pointer: str, catalogue: Catalogue) -> list[Problem]:
    """What is wrong with a link template. The case fills a place in the path or the query of an
    address, never the host: it must not decide where a reviewer is sent."""
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
    except ValueError:
        parts, host, user = None, None, None
    if parts is None or parts.scheme not in ("https", "http") or not host:
        message = "A link starts with https:// and a host, such as https://core.example/{subject}."
        return [Problem(pointer, "bad_link", message)]
    if "{" in parts.netloc or "\\" in url or any(c.isspace() for c in url):
        message = (
            "Only the path and the query of a link may hold a placeholder, and no link holds "
            "spaces or backslashes."
        )
        return [Problem(pointer, "bad_link", message)]
    if user is not None:
        message = "A link carries no user name or password. Leave out what stands before the @."
        return [Problem(pointer, "credentials_in_url", message)]
    return template_problems(url, pointer, catalogue)
