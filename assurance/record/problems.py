"""What a check of the record found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad entry: where it is, and what is wrong with it in a sentence."""

    stream: str
    seq: int | None
    type: str
    code: str
    message: str

    def __str__(self) -> str:
        place = self.stream if self.seq is None else f"{self.stream} #{self.seq}"
        return f"{place} {self.type}: {self.message}".replace(" :", ":")
