"""Controls as files: out and in again is the same, and importing only ever proposes."""

from __future__ import annotations

import io
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from assurance.controls.control_files import export, propose
from assurance.controls.control_sets import newest_set
from assurance.controls.definition_files import read
from assurance.controls.models import ControlChange
from assurance.errors import DomainError
from tests.controls.changing import NOON, approved, replayed
from tests.controls_factories import make_workflow, policy, verification

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(cast):
    return make_workflow(
        "credit-decisions",
        tier="medium",
        controls=[
            policy(message="Über 2.500:\n„hold“ it: yes", on_unknown="quiet"),
            policy("LIM-02", mode="off"),
            verification(),
        ],
    )


@pytest.fixture
def file(credit, tmp_path):
    path = tmp_path / "credit.yaml"
    path.write_text(export(newest_set(credit)), encoding="utf-8")
    return path


def said(command: str, *args: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def test_an_export_read_back_is_exactly_what_is_live(credit, cast):
    text = export(newest_set(credit))

    document, _ = read(text)
    assert document["controls"] == newest_set(credit).content["controls"]
    assert propose(document, by=cast.grace, at=NOON) is None
    assert not ControlChange.objects.exists()


def test_what_was_imported_and_published_is_exported_as_it_was_written(credit, cast):
    document = yaml.safe_load(export(newest_set(credit)))
    document["controls"][0]["condition"]["value"] = 9000
    document["waivers"] = [
        {
            "key": "WAI-01",
            "control": "LIM-01",
            "condition": None,
            "reason": "Until the forms are mended.",
            "expires_at": "2031-03-01T00:00:00Z",
        }
    ]

    from assurance.controls import approvals

    change = propose(document, by=cast.grace, at=NOON, reason="As agreed.")
    assert newest_set(credit).number == 1
    assert [(e["item"], e["key"]) for e in change.edits] == [
        ("control", "LIM-01"),
        ("waiver", "WAI-01"),
    ]
    approved(replayed(approvals.submit(change, by=cast.grace, at=NOON)), cast.gus)

    live = yaml.safe_load(export(newest_set(credit)))
    assert live.pop("control_set")["number"] == 2
    document.pop("control_set")
    assert live == document
    assert export(newest_set(credit)) == export(newest_set(credit))


def test_the_commands_write_and_propose(credit, cast, file):
    assert said("export_controls", workflow=credit.slug) == file.read_text(encoding="utf-8")
    assert "Nothing to do" in said("import_controls", str(file), by="grace")
    file.write_text(file.read_text(encoding="utf-8").replace("value: 2500", "value: 9000", 1))

    told = said("import_controls", str(file), by="grace", reason="Too many wait.")

    change = ControlChange.objects.get()
    assert f"Made change {change.number} with 1 edit(s)" in told
    assert (change.status, change.author, change.reason) == ("draft", cast.grace, "Too many wait.")
    assert newest_set(credit).number == 1


def test_every_problem_is_told_with_its_line(credit, cast, file):
    text = file.read_text(encoding="utf-8").replace("owner: grace", "owner: nobody", 1)
    file.write_text(text)
    line = text.splitlines().index(next(n for n in text.splitlines() if "owner: nobody" in n)) + 1

    with pytest.raises(CommandError, match=f"line {line}, /controls/0/owner: There is no account"):
        call_command("import_controls", str(file), by="grace")

    assert not ControlChange.objects.exists()


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "bad_file"),
        ({"workflow": {"slug": "credit-decisions"}}, "bad_file"),
        ({"workflow": "nothing"}, "unknown_workflow"),
        ({"workflow": "credit-decisions", "queues": []}, "bad_file"),
    ],
)
def test_what_is_no_export_is_refused(credit, cast, document, code):
    with pytest.raises(DomainError) as error:
        propose(document, by=cast.grace, at=NOON)

    assert error.value.code == code


def test_only_who_governs_proposes(credit, cast, file):
    file.write_text(file.read_text(encoding="utf-8").replace("value: 2500", "value: 9000", 1))

    with pytest.raises(CommandError, match="Governance"):
        call_command("import_controls", str(file), by="dev")
    with pytest.raises(CommandError, match="no active account"):
        call_command("import_controls", str(file), by="nobody")


def test_an_older_set_is_exported_by_its_number(credit):
    with pytest.raises(CommandError, match="no set 7"):
        call_command("export_controls", workflow=credit.slug, set=7)
    with pytest.raises(CommandError, match="no control set"):
        call_command("export_controls", workflow="nothing")
    assert "number: 1" in said("export_controls", workflow=credit.slug, set=1)
