"""Errors as callers see them: RFC 9457 problem documents below /api/, a page with a reference
elsewhere. Never a stack, never a table's name; the reference leads to the log.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.template import loader
from django.utils.html import escape
from rest_framework import exceptions

from assurance.api.trees import escape_pointer
from assurance.errors import DomainError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
ANY_METHOD = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

TRANSLATED = {
    exceptions.NotAuthenticated: (
        "not_authenticated",
        401,
        "Send your key as `Authorization: Api-Key …`, or sign in.",
    ),
    exceptions.AuthenticationFailed: (
        "not_authenticated",
        401,
        "This key is not valid (any more). Send a valid one as `Authorization: Api-Key …`.",
    ),
    exceptions.PermissionDenied: ("permission_denied", 403, "You may not do this."),
    PermissionDenied: ("permission_denied", 403, "You may not do this."),
    exceptions.NotFound: ("not_found", 404, "There is nothing here, or it is not yours to see."),
    Http404: ("not_found", 404, "There is nothing here, or it is not yours to see."),
    exceptions.NotAcceptable: (
        "not_acceptable",
        406,
        "Answers are JSON only. Send `Accept: application/json`.",
    ),
    exceptions.UnsupportedMediaType: (
        "unsupported_media_type",
        415,
        "Send JSON: `Content-Type: application/json`, UTF-8, not compressed.",
    ),
    exceptions.ParseError: ("body_invalid", 400, "The body cannot be read."),
    RequestDataTooBig: ("body_too_large", 413, "The body is larger than this endpoint takes."),
    TooManyFieldsSent: ("too_many_fields", 400, "The form has too many fields."),
    UnreadablePostError: ("body_cut_off", 400, "The body ended early. Send it again, whole."),
    SuspiciousOperation: ("bad_request", 400, "The request is not well formed."),
    OperationalError: (
        "temporarily_unavailable",
        503,
        "The database did not answer in time. Nothing was stored; send the request again.",
    ),
    InterfaceError: (
        "temporarily_unavailable",
        503,
        "The database did not answer in time. Nothing was stored; send the request again.",
    ),
}


def request_id() -> str | None:
    """The reference under which the log keeps everything about this request."""
    return structlog.contextvars.get_contextvars().get("request_id")


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def document(error: DomainError) -> dict[str, Any]:
    """The problem document: `type title status detail code errors request_id` and the extras."""
    return {
        "type": f"urn:countermark:problem:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.sentence,
        "code": error.code,
        "errors": error.errors,
        "request_id": request_id(),
        **error.extra,
    }


def problem(error: DomainError) -> HttpResponse:
    """The answer for one refusal. Also for plain views, which need no DRF."""
    body = json.dumps(document(error), ensure_ascii=False, default=str)
    response = HttpResponse(body.encode("utf-8", "replace"), MEDIA_TYPE, error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


def translate(exc: BaseException) -> DomainError | None:
    """The refusal that an exception stands for; None where it is a fault of ours."""
    if isinstance(exc, DomainError):
        return exc
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_validation(exc.detail, exc.get_codes(), ""))
        first = errors[0]
        return DomainError(first["code"], first["message"], status=400, errors=errors)
    if isinstance(exc, exceptions.MethodNotAllowed):
        sentence = f"{exc.args[0] if exc.args else 'This method'} is not offered here."
        return DomainError("method_not_allowed", _sentence(exc, sentence), status=405)
    if isinstance(exc, exceptions.Throttled):
        return too_many(getattr(exc, "wait", None))
    for known, (code, status, sentence) in TRANSLATED.items():
        if isinstance(exc, known):
            return _translated(exc, code, status, sentence)
    return None


def too_many(wait: float | None) -> DomainError:
    """429: the caller is to come back in so many seconds."""
    seconds = max(1, round(wait or 1))
    return DomainError(
        "too_many_requests",
        f"Too many requests. Wait {seconds} s, then go on more slowly.",
        status=429,
        headers={"Retry-After": str(seconds)},
    )


def _translated(exc: BaseException, code: str, status: int, sentence: str) -> DomainError:
    headers = {"Retry-After": "1"} if status == 503 else {}
    if isinstance(exc, exceptions.APIException):
        if challenge := getattr(exc, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
        said = exc.get_codes()
        if status == 403 and isinstance(exc.detail, str) and exc.detail != exc.default_detail:
            sentence = str(exc.detail)
        if isinstance(said, str) and said != exc.default_code:
            code = said
    return DomainError(code, sentence, status=status, headers=headers)


def _sentence(exc: exceptions.MethodNotAllowed, otherwise: str) -> str:
    detail = str(exc.detail)
    return f"{detail} The header Allow lists what is offered." if detail else otherwise


def _validation(detail: Any, codes: Any, pointer: str) -> Any:
    """A serializer's errors, flattened: one entry for each place and message."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            deeper = pointer if name == "non_field_errors" else f"{pointer}/{escape_pointer(name)}"
            yield from _validation(inner, codes[name], deeper)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            leaf = isinstance(inner, str)
            yield from _validation(
                inner, codes[position], pointer if leaf else f"{pointer}/{position}"
            )
    else:
        yield {"pointer": pointer, "code": str(codes), "message": str(detail)}


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's hook. None lets the exception rise to `server_error`."""
    from assurance.api import throttling

    error = translate(exc)
    if error is None:
        return None
    note(error, exc)
    if error.status == 401:
        error = throttling.guessing(context["request"]) or error
    return problem(error)


def note(error: DomainError, exc: BaseException) -> None:
    """A database that does not answer is no fault of the request, and one for the log."""
    if error.status == 503:
        log.error("the database did not answer", exc_info=exc)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400."""
    error = translate(exception) if exception else None
    if error is None or not 400 <= error.status < 500:
        error = DomainError("bad_request", "The request is not well formed.", status=400)
    return answer(request, error)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    sentence = "You may not do this. Ask a governance owner for the role, or sign in again."
    return answer(request, DomainError("permission_denied", sentence, status=403))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    sentence = "There is nothing here, or it is not yours to see."
    return answer(request, DomainError("not_found", sentence, status=404))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: the last resort. Says nothing but where to look."""
    sentence = "Something went wrong on our side. Send the request again, or tell us the reference."
    return answer(request, DomainError("internal_error", sentence, status=500))


def answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal in the form that this caller reads: a problem document or a page."""
    if is_api(request):
        return problem(error)
    response = HttpResponse(_page(error), status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


def _page(error: DomainError) -> str:
    """The page of this status. Rendered without the request, since whatever a page reads may be
    just what is broken."""
    context = {
        "reference": request_id(),
        "sentence": error.sentence,
        "status": error.status,
        "code": error.code,
    }
    status = error.status if error.status in (400, 403, 404, 500) else 400
    try:
        return loader.render_to_string(f"{status}.html", context)
    except Exception:  # a last resort that fails is none
        log.exception("the page for status %s could not be rendered", status)
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            f"<title>{error.status}</title><h1>{escape(error.sentence)}</h1>"
            f"<p>Reference: {escape(request_id() or 'none')}</p>"
        )
