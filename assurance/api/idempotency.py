"""A request may be sent twice and is done once. The caller names it by `Idempotency-Key`; the first
answer is stored, and the same key brings the same bytes back.

    class CasesView(APIView):
        @idempotent                      # or @idempotent(atomic=True)
        def post(self, request): …

The key is judged first, before the body is even looked at. "Still running" is known from an
advisory lock held by the connection, so a crash frees it. With `atomic=True` the work and its
answer are one transaction; a view that must not hold one open (it calls out, or waits) stores the
answer inside its own: `request.idempotency.keep(response, linked_to=str(case.pk))`. What must be
done before that transaction (it calls out) is `before`: called with the handler's own arguments,
with and without a key, and never for an answer that is stored.
Stored are 2xx and 4xx, never 5xx, 429 or "still running".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse

from assurance import clock
from assurance.api import parsing, problems
from assurance.api.callers import caller_of
from assurance.api.models import IdempotencyKey
from assurance.errors import DomainError

LIVES = timedelta(days=7)
KEPT_HEADERS = ("Content-Type", "Location", "ETag", "WWW-Authenticate", "Allow")
REPLAYED = "Idempotency-Replayed"
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}", re.ASCII)
_PRUNED_AT_ONCE = 5_000

_ends: Callable[[list[str]], dict[str, datetime | None]] | None = None


def register_ends(ends: Callable[[list[str]], dict[str, datetime | None]]) -> None:
    """Called once, from `AppConfig.ready()`: `ends(links)` says when each linked thing ended, None
    while it is open. Keys linked to it are kept until 7 days after that."""
    global _ends
    _ends = ends


def extend(linked_to: str, until: datetime) -> int:
    """Keep every key linked to this at least until then; returns how many were lengthened."""
    short = IdempotencyKey.objects.filter(linked_to=linked_to, keep_until__lt=until)
    return short.exclude(linked_to="").update(keep_until=until)


def link(request: Any, linked_to: str) -> None:
    """Say what the answer to this request is about, so that its key outlives that by 7 days."""
    request.idempotency.link(linked_to)


class Kept:
    """One named request while it runs: where its answer goes. A view finds it as
    `request.idempotency`; without a key in the request everything here does nothing."""

    def __init__(self, caller: str = "", key: str = "", request_sha256: str = "") -> None:
        self.caller = caller
        self.key = key
        self.request_sha256 = request_sha256
        self.linked_to = ""
        self.stored = False

    def link(self, linked_to: str) -> None:
        """Say what the answer is about (a case's id), so that the key outlives it by 7 days."""
        self.linked_to = linked_to

    def keep(self, response: HttpResponse, *, linked_to: str = "") -> None:
        """Store this answer, in the transaction that is open. A later call replaces it."""
        self.linked_to = linked_to or self.linked_to
        if not self.key or not _final(response):
            return
        at = clock.now()
        answer = IdempotencyKey(
            caller=self.caller,
            key=self.key,
            request_sha256=self.request_sha256,
            status=response.status_code,
            headers={n: response[n] for n in KEPT_HEADERS if response.has_header(n)},
            body=response.content,
            linked_to=self.linked_to,
            created_at=at,
            keep_until=at + LIVES,
        )
        IdempotencyKey.objects.bulk_create(
            [answer],
            update_conflicts=True,
            unique_fields=["caller", "key"],
            update_fields=[
                *("request_sha256", "status", "headers", "body"),
                *("linked_to", "created_at", "keep_until"),
            ],
        )
        self.stored = True


def _final(response: HttpResponse) -> bool:
    """An answer that stays true. A stream has no bytes to keep."""
    status = response.status_code
    return 200 <= status < 500 and status != 429 and not response.streaming


def idempotent(
    handler: Any = None, *, atomic: bool = False, before: Callable[..., None] | None = None
) -> Any:
    """Around a DRF handler (`post(self, request, …)`) or a plain view (`view(request, …)`)."""
    if handler is None:
        return lambda inner: idempotent(inner, atomic=atomic, before=before)

    @wraps(handler)
    def once(*args: Any, **kwargs: Any) -> HttpResponse:
        call = _Call(handler, args, kwargs, atomic, before)
        return call.answer()

    return once


class _Call:
    """One call of a handler, DRF's or plain: the differences are here and nowhere else."""

    def __init__(
        self,
        handler: Any,
        args: tuple[Any, ...],
        kwargs: Any,
        atomic: bool,
        before: Callable[..., None] | None = None,
    ) -> None:
        self.handler, self.args, self.kwargs, self.atomic = handler, args, kwargs, atomic
        self.before = before or _nothing
        self.view = None if isinstance(args[0], HttpRequest) else args[0]
        self.request = args[0] if self.view is None else args[1]
        self.plain: HttpRequest = getattr(self.request, "_request", self.request)

    def answer(self) -> HttpResponse:
        key = key_of(self.plain)
        self.request.idempotency = Kept()
        if key is None:
            self.before(*self.args, **self.kwargs)
            return self.handler(*self.args, **self.kwargs)
        max_bytes = getattr(self.view or self.handler, "max_bytes", parsing.DEFAULT_MAX_BYTES)
        body = parsing.read_body(self.plain, max_bytes=max_bytes)
        kept = Kept(caller_of(self.request), key, fingerprint(self.plain, body))
        self.request.idempotency = kept
        if found := stored(kept):
            return found
        with running(kept):
            # Whoever held the lock until now may have stored the answer meanwhile.
            return stored(kept) or self.run(kept)

    def run(self, kept: Kept) -> HttpResponse:
        refused = self.answered(lambda: self.before(*self.args, **self.kwargs))
        if not self.atomic:
            response = refused or self.respond()
            kept.keep(response)
            return response
        with transaction.atomic():
            response = refused or self.respond()
            kept.keep(response)
        return response

    def respond(self) -> HttpResponse:
        """The answer in bytes. A refusal is an answer; what it began is undone. A fault rises."""
        if not self.atomic:
            return self.answered(lambda: self.rendered(self.handler(*self.args, **self.kwargs)))
        return self.answered(self.whole)

    def whole(self) -> HttpResponse:
        with transaction.atomic():
            return self.rendered(self.handler(*self.args, **self.kwargs))

    def answered(self, act: Callable[[], Any]) -> Any:
        """What the act gives, or the refusal that it raised, as an answer."""
        try:
            return act()
        except Exception as exc:
            response = self.refusal(exc)
            if response is None or response.status_code >= 500:
                raise
            return response

    def refusal(self, exc: Exception) -> HttpResponse | None:
        if self.view is not None:
            return problems.exception_handler(exc, {"view": self.view, "request": self.request})
        error = problems.translate(exc)
        return None if error is None else problems.problem(error)

    def rendered(self, response: Any) -> HttpResponse:
        """DRF renders late; the bytes are needed now, and the same bytes are sent."""
        if self.view is None or (
            not hasattr(response, "accepted_renderer") and not hasattr(response, "data")
        ):
            return response
        view: Any = self.view
        done = view.finalize_response(self.request, response, *self.args[2:], **self.kwargs)
        done.render()
        plain = HttpResponse(done.content, status=done.status_code)
        for name, value in done.items():
            plain[name] = value
        return plain


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Most handlers need nothing before."""


def key_of(request: HttpRequest) -> str | None:
    """The key of a POST, None where none was sent. 400 `idempotency_key_invalid`."""
    if request.method != "POST" or "HTTP_IDEMPOTENCY_KEY" not in request.META:
        return None
    key: str = request.META["HTTP_IDEMPOTENCY_KEY"]
    if not _PRINTABLE.fullmatch(key) or not key.strip():
        raise DomainError(
            "idempotency_key_invalid",
            "An Idempotency-Key has 1 to 255 printable ASCII characters. A UUID is a good one.",
            status=400,
        )
    return key


def fingerprint(request: HttpRequest, body: bytes) -> str:
    """What was asked, where: the same key elsewhere, or with another body, is another request."""
    digest = hashlib.sha256()
    for part in (request.method or "", request.get_full_path()):
        digest.update(part.encode() + b"\0")
    digest.update(body)
    return digest.hexdigest()


def stored(kept: Kept) -> HttpResponse | None:
    """The answer given before, byte for byte. 422 `idempotency_key_reused` for another request."""
    found = IdempotencyKey.objects.filter(caller=kept.caller, key=kept.key).first()
    if found is None:
        return None
    if found.request_sha256 != kept.request_sha256:
        raise DomainError(
            "idempotency_key_reused",
            "You used this Idempotency-Key for another request. Send a new key with a new request,"
            " and the very same request with the old one.",
            status=422,
        )
    response = HttpResponse(bytes(found.body), status=found.status)
    for name, value in found.headers.items():
        response[name] = value
    response[REPLAYED] = "true"
    return response


class running:
    """Holds the lock of one named request on the connection; 409 with Retry-After where another
    holds it. A crash ends the connection and with it the lock."""

    def __init__(self, kept: Kept) -> None:
        digest = hashlib.sha256(f"idempotency\0{kept.caller}\0{kept.key}".encode()).digest()
        self.lock = int.from_bytes(digest[:8], "big", signed=True)

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [self.lock])
            (ours,) = cursor.fetchone()
        if not ours:
            raise DomainError(
                "idempotency_in_flight",
                "A request with this Idempotency-Key is still running. Ask again in a second.",
                status=409,
                headers={"Retry-After": "1"},
            )

    def __exit__(self, *exc: Any) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [self.lock])
        except Error:
            connection.close()  # lost, or stuck in a failed transaction: its end frees the lock


def prune(*, at: datetime) -> int:
    """Forget keys whose time is over; those of things still open, or ended within 7 days, get
    their time first. Returns how many were forgotten."""
    over = IdempotencyKey.objects.filter(keep_until__lt=at)
    links = list(
        over.exclude(linked_to="")
        .order_by()
        .values_list("linked_to", flat=True)
        .distinct()[:_PRUNED_AT_ONCE]
    )
    for linked_to, end in _asked(links).items():
        extend(linked_to, (end or at) + LIVES)
    doomed = over.order_by("keep_until").values("pk")[:_PRUNED_AT_ONCE]
    return IdempotencyKey.objects.filter(pk__in=doomed, keep_until__lt=at).delete()[0]


def _asked(links: Iterable[str]) -> dict[str, datetime | None]:
    links = list(links)
    return _ends(links) if _ends and links else {}
