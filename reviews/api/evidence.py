"""What each kind of evidence must bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assurance.api.trees import refuse

NEEDS = {
    "text": ("content",),
    "json": ("content",),
    "table": ("columns", "rows"),
    "link": ("url",),
}
EXTRA = {"link": ("sha256",)}


def require_evidence(evidence: Sequence[Mapping[str, Any]] | None) -> None:
    """400 with every item that lacks what its kind needs, or brings what it has no place for."""
    refuse(
        [
            fault
            for position, item in enumerate(evidence or ())
            for fault in _faults(item, f"/evidence/{position}")
        ]
    )


def _faults(item: Mapping[str, Any], pointer: str):
    kind = item["kind"]
    allowed = {"label", "kind", "sensitive", *NEEDS[kind], *EXTRA.get(kind, ())}
    for name in NEEDS[kind]:
        if item.get(name) is None:
            yield _fault(
                f"{pointer}/{name}", "required", f"Evidence of kind “{kind}” needs {name}."
            )
    for name, value in item.items():
        if name not in allowed and value is not None:
            yield _fault(
                f"{pointer}/{name}",
                "unknown_field",
                f"Evidence of kind “{kind}” has no {name}; leave it out.",
            )
    if kind == "text" and item.get("content") is not None and not isinstance(item["content"], str):
        yield _fault(f"{pointer}/content", "invalid_type", "The content of a text is a string.")
    url = item.get("url")
    if kind == "link" and url is not None and not url.startswith(("https://", "http://")):
        yield _fault(f"{pointer}/url", "invalid", "A link starts with https:// or http://.")
    if kind == "table" and item.get("columns") and item.get("rows"):
        width = len(item["columns"])
        for number, row in enumerate(item["rows"]):
            if len(row) != width:
                yield _fault(
                    f"{pointer}/rows/{number}",
                    "ragged",
                    f"This row has {len(row)} cells, the table {width} columns.",
                )
                return


def _fault(pointer: str, code: str, message: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "message": message}
