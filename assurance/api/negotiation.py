"""JSON is what we speak. Whoever accepts none of it is told so, instead of getting it anyway."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_JSON = {"*/*", "application/*", "application/json", "application/problem+json"}


def accepts_json(request: HttpRequest | Request) -> bool:
    """Whether the caller takes JSON. No `Accept` header, or an empty one, means anything."""
    header = request.META.get("HTTP_ACCEPT", "").strip()
    if not header:
        return True
    for choice in header.split(","):
        media, *parameters = [part.strip().lower() for part in choice.split(";")]
        if media in _JSON and not any(_refused(parameter) for parameter in parameters):
            return True
    return False


def _refused(parameter: str) -> bool:
    """`q=0` names what is not wanted."""
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in ("0.", "0", "", ".")


class JSONOnly(BaseContentNegotiation):
    """One parser and one renderer; the parser itself refuses other media types with 415."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, Any]:
        if not accepts_json(request):
            raise NotAcceptable
        first = next(iter(renderers))
        return first, first.media_type
