"""The gate. What is wrong with a request whatever it wants is refused here, before anything of it
is read or looked up; and what was computed for one caller is kept by no cache on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict

from assurance.api import leaks, parsing, problems
from assurance.api.negotiation import accepts_json
from assurance.errors import DomainError

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Ids are written in lower case; Django's own converter knows no other, callers sometimes do.
_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_LAX = re.compile(r"^/api/(docs|schema)/")


class ApiGateMiddleware:
    """Refuses, in this order: methods that nobody offers, NUL in the address, and below /api/ plain
    http, a key in the address, a parameter given twice, an Accept header without JSON, a body
    announced larger than its view takes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            self.look_at(request)
        except DomainError as refusal:
            response = problems.answer(request, refusal)
        else:
            response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        if reference := problems.request_id():
            response["X-Request-ID"] = reference
        return response

    def look_at(self, request: HttpRequest) -> None:
        """Raises DomainError for what needs no view to be wrong."""
        if request.method not in METHODS:
            raise DomainError(
                "method_not_allowed",
                "This method is not offered here. The header Allow lists what is.",
                status=405,
                headers={"Allow": problems.ANY_METHOD},
            )
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path_info:
            raise DomainError("not_found", "There is nothing here. Check the address.", status=404)
        if "\0" in query or "\0" in unquote(query):
            raise DomainError(
                "nul", "The address holds the character U+0000. Leave it out.", status=400
            )
        if problems.is_api(request):
            self.look_at_api(request, query)
            request.path_info = _ID.sub(lambda id: id[0].lower(), request.path_info)

    def look_at_api(self, request: HttpRequest, query: str) -> None:
        if not settings.PLAIN_HTTP and not request.is_secure():
            raise DomainError(
                "https_required",
                "The API answers over https only. Your key may have been read on the way.",
                status=403,
            )
        leaks.refuse_key_in(f"{request.path_info}?{query}" if query else request.path_info)
        for name, values in QueryDict(query).lists() if query else ():
            if len(values) > 1:
                message = f"`{name[:80]}` stands in the address {len(values)} times. Send it once."
                raise DomainError("repeated_parameter", message, status=400)
        if not accepts_json(request) and not _LAX.match(request.path_info):
            raise DomainError(
                "not_acceptable",
                "Answers are JSON only. Send `Accept: application/json`.",
                status=406,
            )

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """The method and the parameters against what this view offers, and the announced length
        against what it takes (its `max_bytes`), before anybody is asked for a key or reads the
        body."""
        if not problems.is_api(request):
            return refuse_nul_in_form(request)
        kind = getattr(view, "cls", view)
        max_bytes = getattr(kind, "max_bytes", parsing.DEFAULT_MAX_BYTES)
        try:
            refuse_method(request, kind)
            refuse_query(request, view)
            parsing.refuse_length(request, max_bytes)
            if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
                # DRF takes a body without an announced length for none at all.
                body = parsing.read_body(request, max_bytes=max_bytes)
                request.META["CONTENT_LENGTH"] = str(len(body))
        except DomainError as refusal:
            return problems.problem(refusal)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refusals of plain views: a problem document or a page. Faults go on to the handler."""
        error = problems.translate(exception)
        if error is None or (error is not exception and not problems.is_api(request)):
            return None
        problems.note(error, exception)
        return problems.answer(request, error)


def refuse_query(request: HttpRequest, view: Any) -> None:
    """400 for parameters of an act: it takes its words from the body, and what nobody reads must
    not look as if it counted. A view that does read some names them in `act_parameters`."""
    if request.method in ("GET", "HEAD", "OPTIONS") or not hasattr(view, "cls"):
        return
    known = getattr(view.cls, "act_parameters", ())
    if names := [name for name in request.GET if name not in known]:
        message = f"`{names[0][:80]}` is no parameter here: an act takes none. Use the body."
        error = {"pointer": f"?{names[0][:80]}", "code": "unknown_parameter", "message": message}
        raise DomainError("unknown_parameter", message, status=400, errors=[error])


def refuse_nul_in_form(request: HttpRequest) -> HttpResponse | None:
    """400 for a form with U+0000 in it: nobody types that, and no database keeps it."""
    if request.method != "POST":
        return None
    fields = request.POST.lists()
    if not any("\0" in text for name, values in fields for text in (name, *values)):
        return None
    sentence = "The form holds the character U+0000. Leave it out and send it again."
    return problems.answer(request, DomainError("nul", sentence, status=400))


def refuse_method(request: HttpRequest, kind: Any) -> None:
    """405 with Allow for a class-based view that has no handler for the method."""
    names = getattr(kind, "http_method_names", None)
    if names is None or hasattr(kind, "get_extra_actions"):
        return
    offered = [name.upper() for name in names if hasattr(kind, name)]
    if "GET" in offered:
        offered.append("HEAD")
    if request.method not in offered:
        raise DomainError(
            "method_not_allowed",
            f"{request.method} is not offered here. The header Allow lists what is.",
            status=405,
            headers={"Allow": ", ".join(offered)},
        )
