"""What controls must know of queues: their slugs and kinds. Queues belong to a higher room, which
registers the answer when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class _Kinds:
    """The kind of every queue by slug; none until the higher room has registered."""

    def __init__(self) -> None:
        self._answer: Callable[[], Mapping[str, str]] | None = None

    def register(self, answer: Callable[[], Mapping[str, str]]) -> None:
        """Called once, from `AppConfig.ready()`."""
        self._answer = answer

    def __call__(self) -> dict[str, str]:
        return dict(self._answer()) if self._answer else {}


queue_kinds = _Kinds()
