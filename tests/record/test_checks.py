"""`check --deploy` says what is missing to sign and publish checkpoints."""

from __future__ import annotations

import os

import pytest

from assurance.record import checkpoint_keys
from assurance.record.checks import checkpoints_are_signed_and_published


def told() -> list[str | None]:
    return [one.id for one in checkpoints_are_signed_and_published()]


@pytest.fixture(autouse=True)
def _nothing_set(data, settings):
    settings.COUNTERMARK_DATA = ""
    settings.COUNTERMARK_WITNESSES = []


def test_a_house_without_key_and_place_is_told_both():
    assert told() == ["record.E001", "record.W003"]


def test_a_data_folder_is_enough_and_looking_makes_no_key(data, settings):
    settings.COUNTERMARK_DATA = str(data)

    assert told() == []
    assert os.listdir(data) == []


@pytest.mark.parametrize("where", ["COUNTERMARK_ANCHOR", "COUNTERMARK_WITNESSES"])
def test_a_key_and_either_place_are_enough(settings, where):
    settings.COUNTERMARK_SIGNING_KEY = "ab" * 32
    assert told() == ["record.W003"]
    setattr(settings, where, "/var/lib/x" if where.endswith("ANCHOR") else ["a@example.com"])

    assert told() == []


def test_a_key_that_is_none_and_a_file_that_others_read_are_named(data, settings):
    settings.COUNTERMARK_SIGNING_KEY = "short"
    assert "record.E002" in told()

    settings.COUNTERMARK_SIGNING_KEY, settings.COUNTERMARK_DATA = "", str(data)
    checkpoint_keys.signing_key()
    (data / "checkpoint_key").chmod(0o644)

    assert told() == ["record.E002"]
