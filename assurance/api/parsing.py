"""From the bytes of a request to plain Python, strictly: what two readers could read differently is
refused, and nothing is built before its size is known.

`parse_body(request)` serves plain views, `StrictJSONParser` DRF's. What the content means is for
`envelope`; how values are checked once they are read, for `trees`.
"""

from __future__ import annotations

import json
import re
from email.message import Message
from typing import Any

from django.http import HttpRequest
from rest_framework.parsers import BaseParser

from assurance.api.trees import CASE, Limits, Spoiled, inspect, refuse
from assurance.errors import DomainError

MIB = 1024 * 1024
DEFAULT_MAX_BYTES = MIB

# A string, also one that never ends: matching always, it is passed once and never tried again.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_EMPTY = re.compile(r"\[[ \t\n\r]*+\]|\{[ \t\n\r]*+\}")
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}


def parse_body(
    request: HttpRequest,
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    limits: Limits = CASE,
    optional: bool = False,
) -> dict[str, Any]:
    """The JSON object in the body. With `optional`, an empty body is an empty object.

    Raises DomainError 400 (what is wrong and where), 413 (too large), 415 (not UTF-8 JSON).
    """
    value = load_body(request, max_bytes=max_bytes, limits=limits, optional=optional)
    refuse(inspect(value, limits))
    return value


def load_body(
    request: HttpRequest,
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    limits: Limits = CASE,
    optional: bool = False,
) -> dict[str, Any]:
    """As `parse_body`, but spoiled values are left in place for `trees.inspect`: a batch refuses
    the item that holds one, not the whole."""
    data = read_body(request, max_bytes=max_bytes)
    if not data and optional:
        return {}
    if data:
        require_json(request)
    return loads(data, limits)


def require_json(request: HttpRequest) -> None:
    """415 for every other media type, charset or compression: none is ever guessed."""
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity"):
        raise _unsupported("content_encoding", f"Send the body as it is, not as {encoding[:40]!r}.")
    header = Message()
    header["Content-Type"] = re.sub(r"[\r\n]", " ", request.META.get("CONTENT_TYPE") or "none/none")
    if header.get_content_type() != "application/json":
        raise _unsupported("unsupported_media_type", "Send JSON: `Content-Type: application/json`.")
    charset = str(header.get_param("charset", "utf-8")).lower()
    if charset not in ("utf-8", "utf8"):
        raise _unsupported("charset", f"JSON is UTF-8 here, not {charset[:40]!r}.")


def _unsupported(code: str, sentence: str) -> DomainError:
    return DomainError(code, sentence, status=415)


def read_body(request: HttpRequest, *, max_bytes: int = DEFAULT_MAX_BYTES) -> bytes:
    """The bytes as sent, at most one more than allowed of them read. 413 beyond that.

    They stay readable as `request.body`. A body without a length is read where the server marks
    its end (gunicorn does); Django alone would see none.
    """
    if hasattr(request, "_body"):
        data: bytes = request.body
    else:
        refuse_length(request, max_bytes)
        chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
        stream: Any = request
        if chunked and request.META.get("wsgi.input_terminated"):
            stream = request.META["wsgi.input"]
        data = stream.read(max_bytes + 1)
        if len(data) <= max_bytes:
            request._body = data
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data


def refuse_length(request: HttpRequest, max_bytes: int) -> None:
    """413 by the announced length, before a byte is read."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > max_bytes:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> DomainError:
    return DomainError(
        "body_too_large",
        f"The body is larger than {max_bytes:,} bytes. Send less, or several requests.",
        status=413,
        max_bytes=max_bytes,
    )


def loads(data: bytes, limits: Limits = CASE) -> dict[str, Any]:
    """The object that these bytes are. Depth and size are counted before anything is built.

    Values that JSON may write but nobody may rely on (duplicate keys, NaN, 1e400, huge integers)
    come back as `Spoiled` and are found by `trees.inspect` with their place.
    """
    text = decode(data)
    _measure(text, limits)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        raise _invalid(
            "json_invalid",
            f"This is not JSON: {_lower(error.msg)} at line {error.lineno}, column {error.colno}.",
            line=error.lineno,
            column=error.colno,
        ) from error
    if isinstance(value, Spoiled) and isinstance(value.value, dict):
        refuse(inspect(value, limits))  # keys of the whole stand twice: nothing can be told apart
    if not isinstance(value, dict):
        raise _invalid("not_an_object", "Send one JSON object: `{…}` at the top.")
    return value


def decode(data: bytes) -> str:
    """UTF-8 without a mark, and nothing else."""
    if not data:
        raise _invalid("body_empty", "The body is empty. Send a JSON object.")
    if data.startswith(b"\xef\xbb\xbf"):
        raise _invalid("bom", "The body starts with a byte order mark. Send it without.", offset=0)
    if data[:2] in _BOMS or data[:4] in _BOMS or b"\x00" in data[:4]:
        raise _unsupported("charset", "The body is UTF-16 or UTF-32. Send it as UTF-8.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(
            "not_utf8",
            f"The body is not UTF-8 at byte {error.start}. Encode the text as UTF-8.",
            offset=error.start,
        ) from error


def _measure(text: str, limits: Limits) -> None:
    """Depth and number of values, counted on the text without its strings."""
    skeleton = _STRING.sub('""', text)
    # Each comma means one value more: what holds millions is refused before it is looked at.
    values = 1 + skeleton.count(",")
    if values > limits.nodes:
        raise _too_many(limits)
    depth = opened = 0
    for bracket in _BRACKET.finditer(skeleton):
        opening = bracket[0] in "[{"
        depth += 1 if opening else -1
        opened += opening
        if depth > limits.depth:
            raise _invalid(
                "too_deep",
                f"The body is nested deeper than {limits.depth} levels. Flatten it.",
            )
        if opened > limits.nodes:
            raise _too_many(limits)
    if values + opened - sum(1 for _ in _EMPTY.finditer(skeleton)) > limits.nodes:
        raise _too_many(limits)


def _too_many(limits: Limits) -> DomainError:
    return _invalid(
        "too_many_values", f"The body holds more than {limits.nodes:,} values. Send less."
    )


def _invalid(code: str, message: str, **extra: Any) -> DomainError:
    errors = [{"pointer": "", "code": code, "message": message}]
    return DomainError(code, message, status=400, errors=errors, **extra)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _object(pairs: list[tuple[str, Any]]) -> Any:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return Spoiled(
        "duplicate_key",
        "This key stands here twice, and readers differ in which one counts. Send it once.",
        key=twice,
        value=value,
    )


def _constant(name: str) -> Spoiled:
    return Spoiled("number_range", f"{name} is no JSON number. Send null, or leave the field out.")


def _float(text: str) -> Any:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return Spoiled("number_range", "This number is too large for a double (about 1.8e308).")
    return value


def _int(text: str) -> Any:
    if len(text) <= 17 and -(2**53) < (value := int(text)) < 2**53:
        return value
    return Spoiled(
        "number_range",
        "Whole numbers lie between -(2^53 - 1) and 2^53 - 1; beyond, readers round them"
        " differently. Send it as text.",
    )


class StrictJSONParser(BaseParser):
    """The one parser of all DRF views. A view may set `max_bytes` and `json_limits`; an empty body
    never gets here, DRF reads it as `{}`."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> dict[str, Any]:
        context = parser_context or {}
        view = context.get("view")
        return parse_body(
            context["request"]._request,
            max_bytes=getattr(view, "max_bytes", DEFAULT_MAX_BYTES),
            limits=getattr(view, "json_limits", CASE),
        )
