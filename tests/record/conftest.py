"""A stream with three entries, and a way to write more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from assurance.record import verification
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record_all

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
SWEEP = Actor.system("sweep")


def write(
    stream: Stream | None = None, *types: str, workflow: str = "credit-decisions", **payload: Any
) -> Stream:
    """Append these entries to a stream, a new case's if none is given."""
    stream = stream or Stream.case(uuid4())
    entries = [(type, {"n": n, **payload}) for n, type in enumerate(types, 1)]
    with transaction.atomic():
        record_all(stream, entries, actor=SWEEP, at=NOON, workflow=workflow)
    return stream


@pytest.fixture(autouse=True)
def _the_record_alone(monkeypatch):
    """Chains without a case: what the rooms above compare is tested there."""
    monkeypatch.setattr(verification, "_agreements", [])


@pytest.fixture
def case(db) -> Stream:
    return write(None, "case.received", "case.assessed", "case.routed", amount=4820)


@pytest.fixture
def writing(db) -> Callable[..., Stream]:
    return write


@pytest.fixture
def data(settings, tmp_path) -> Path:
    """A data folder of its own: the key and the copy of the checkpoints lie there."""
    settings.COUNTERMARK_DATA = str(tmp_path)
    settings.COUNTERMARK_SIGNING_KEY = settings.COUNTERMARK_ANCHOR = ""
    settings.COUNTERMARK_FORMER_KEYS = []
    return tmp_path
