"""The one error that a verb raises when the world does not allow what was asked."""

from collections.abc import Mapping, Sequence
from typing import Any


class DomainError(Exception):
    """What is wrong, in a sentence that says what to do. One handler makes it a problem document
    (REST) or a notice (pages).

    `code` is stable and machine-readable, `status` an HTTP status, `errors` a list of
    `{"pointer": "/a/b", "code": …, "message": …}`, and `extra` is merged into the problem document.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        status: int = 409,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.status = status
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})
        self.extra = extra


def invalid(pointer: str, code: str, message: str, *, status: int = 422) -> DomainError:
    """A refusal with exactly one place: the usual case."""
    return DomainError(
        code,
        message,
        status=status,
        errors=[{"pointer": pointer, "code": code, "message": message}],
    )
