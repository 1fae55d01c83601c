"""Loading a definition: everything or nothing, once, and every fault with its place."""

from __future__ import annotations

import copy
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assurance import clock
from assurance.accounts.models import User
from assurance.controls.control_sets import newest_set, versions_of
from assurance.controls.definition_files import read
from assurance.controls.models import ControlChange, ControlSet, ControlVersion, Workflow
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from assurance.record.ledger import INSTALLATION, Stream, types, verify
from reviews.loading import load
from reviews.models import Queue
from tests.accounts_factories import UserFactory

EXAMPLE = Path(__file__).parent.parent / "controls" / "example.yaml"
ACTOR = Actor.system("load_controls")


@pytest.fixture
def document():
    return read(EXAMPLE.read_text())[0]


def loading(document):
    return load(document, actor=ACTOR, at=clock.now())


def command(file) -> str:
    out = StringIO()
    call_command("load_controls", str(file), stdout=out)
    return out.getvalue()


def test_the_example_makes_the_workflow_its_queues_and_its_first_set(cast):
    said = command(EXAMPLE)

    workflow = Workflow.objects.get(slug="loan-letters")
    assert (workflow.owner, workflow.deputy) == (cast.grace, cast.gus)
    assert list(workflow.builders.all()) == [cast.ben.person]
    assert (workflow.tier, workflow.stage) == ("medium", "pilot")
    assert workflow.proceed_validity == timedelta(days=1)
    assert workflow.link_templates == [
        {"label": "core.example", "url": "https://core.example/customers/{subject}"},
        {"label": "Product", "url": "https://core.example/products?id={context.product}"},
    ]
    review = Queue.objects.get(slug="letters-review")
    assert set(review.members.all()) == {cast.ada, cast.ben}
    assert (review.service_level, review.lease) == (timedelta(hours=4), timedelta(minutes=15))
    assert Queue.objects.get(slug="letters-governance").undo_window == timedelta(0)
    control_set = newest_set(workflow)
    assert [c["key"] for c in control_set.controls()] == ["LET-01", "LET-02", "LET-03"]
    assert control_set.controls()[2]["mode"] == "off"
    assert control_set.controls()[0]["condition"]["all"][1]["not"]["value"] == "NO"
    assert {p["queue"] for p in control_set.content["queue_policies"]} == {
        "letters-review",
        "letters-experts",
        "letters-governance",
    }
    assert said.splitlines() == [
        "Made the queue letters-review (general, 2 members).",
        "Made the queue letters-experts (specialist, 1 member).",
        "Made the queue letters-governance (governance, 2 members).",
        "Made the workflow loan-letters (medium tier, pilot).",
        f"Published control set 1 with 3 controls and 4 rules: {control_set.sha256}.",
    ]


def test_what_was_made_is_on_the_record(cast, document):
    loading(document)

    assert types(Stream.workflow("loan-letters")) == ["workflow.created", "control_set.published"]
    assert types(INSTALLATION)[-3:] == ["queue.created"] * 3
    assert verify() == []


def test_a_queue_and_a_workflow_have_a_history_from_the_start(cast, document):
    loading(document)

    assert Queue.objects.get(slug="letters-review").history.count() >= 1
    assert Workflow.objects.get(slug="loan-letters").history.count() >= 1


def test_the_same_file_again_changes_nothing_and_says_so(cast, document):
    command(EXAMPLE)
    before = (Queue.history.count(), Workflow.history.count(), types(INSTALLATION))

    said = command(EXAMPLE)

    assert said == "Nothing to do: loan-letters was made from exactly this file.\n"
    assert (Queue.history.count(), Workflow.history.count(), types(INSTALLATION)) == before
    assert ControlSet.objects.count() == 1


def test_the_same_file_changes_nothing_even_after_people_changed_the_queue(cast, document):
    loading(document)
    Queue.objects.get(slug="letters-review").members.clear()

    again = loading(document)

    assert again.made == ()
    assert Queue.objects.get(slug="letters-review").members.count() == 0


def test_comments_and_order_of_keys_do_not_make_another_file(cast, tmp_path):
    command(EXAMPLE)
    other = tmp_path / "same.yaml"
    text = EXAMPLE.read_text()
    head, queues = text.index("workflow:"), text.index("queues:")
    specification = text.index("specification:")
    other.write_text(
        "# again\n" + text[queues:specification] + text[head:queues] + text[specification:]
    )

    assert command(other).startswith("Nothing to do")


def test_another_file_for_a_known_workflow_is_refused_and_changes_nothing(cast, document):
    loading(document)
    other = copy.deepcopy(document)
    other["controls"].pop()

    with pytest.raises(DomainError, match="only replaced by a control change") as refusal:
        loading(other)

    assert refusal.value.code == "workflow_known"
    assert "--by USER" in refusal.value.sentence
    assert ControlSet.objects.count() == 1


def test_another_file_for_a_known_workflow_is_proposed_as_a_change_of_who_is_named(cast, tmp_path):
    command(EXAMPLE)
    other = tmp_path / "other.yaml"
    other.write_text(EXAMPLE.read_text().replace("owner: gus", "owner: grace", 1))

    out = StringIO()
    call_command("load_controls", str(other), by="grace", stdout=out)

    change = ControlChange.objects.get()
    assert f"Made change {change.number} with 1 edit(s)" in out.getvalue()
    assert (change.status, change.author) == ("draft", cast.grace)
    assert ControlSet.objects.count() == 1
    with pytest.raises(CommandError, match="no active account"):
        call_command("load_controls", str(other), by="nobody")


def test_every_fault_is_printed_with_its_line_and_its_place(cast, tmp_path):
    text = EXAMPLE.read_text()
    text = text.replace("owner: gus", "owner: guss").replace("PT2H", "-PT2H")
    text = text.replace("queue: letters-experts, catch_all", "queue: letters-review, catch_all")
    file = tmp_path / "wrong.yaml"
    file.write_text(text)

    with pytest.raises(CommandError) as refusal:
        command(file)

    lines = str(refusal.value).splitlines()
    assert lines[0] == f"{file}: The definition has 3 problems, and nothing was changed."
    assert [line.split(": ", 1)[0] for line in lines[1:]] == [
        f"  line {text[: text.index('owner: guss')].count(chr(10)) + 1}, /controls/1/owner",
        f"  line {text[: text.index('-PT2H')].count(chr(10)) + 1}, /rules/0/due_in",
        f"  line {text[: text.index('catch_all: specialist')].count(chr(10)) + 1}, /rules/2/queue",
    ]
    assert not Workflow.objects.exists()
    assert not Queue.objects.exists()


def test_nothing_is_kept_when_publishing_fails(cast, document, monkeypatch):
    def break_(*args, **kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("reviews.loading.publish_first", break_)

    with pytest.raises(RuntimeError):
        loading(document)

    assert not Workflow.objects.exists()
    assert not Queue.objects.exists()
    assert types(Stream.workflow("loan-letters")) == []


def test_a_queue_that_is_there_already_is_used_and_stays_as_it_is(cast, document):
    mine = Queue.objects.create(slug="letters-review", name="Mine", kind="general")
    mine.members.set([cast.cleo])

    made = loading(document).made

    mine.refresh_from_db()
    assert (mine.name, list(mine.members.all())) == ("Mine", [cast.cleo])
    assert "there already and stays as it is" in made[0]


def test_a_second_workflow_may_use_the_queues_of_the_first_without_naming_them(cast, document):
    loading(document)
    second = copy.deepcopy(document)
    second["workflow"]["slug"] = "other-letters"
    second["queues"] = []
    for control in second["controls"]:
        control["key"] = "OTHER-" + control["key"]

    loading(second)

    assert Queue.objects.count() == 3
    assert Workflow.objects.count() == 2


def test_a_control_key_of_another_workflow_is_refused(cast, document):
    loading(document)
    second = copy.deepcopy(document)
    second["workflow"]["slug"] = "other-letters"

    with pytest.raises(DomainError, match="keys are unique in the installation"):
        loading(second)

    assert Workflow.objects.count() == 1


def test_controls_may_be_empty_and_whole_parts_left_out(cast, document):
    for part in ("controls", "queue_policies"):
        del document[part]

    loaded = loading(document)

    assert loaded.control_set.controls() == []
    assert ControlVersion.objects.count() == 0
    assert len(loaded.control_set.content["queue_policies"]) == 3


def test_what_the_api_gives_can_be_loaded_again_to_the_same_content(cast, document):
    first = loading(document).control_set
    again = copy.deepcopy(document) | {
        part: copy.deepcopy(first.content[part])
        for part in ("specification", "controls", "rules", "queue_policies")
    }
    again["workflow"]["slug"] = "copied-letters"
    for control in again["controls"]:
        control["key"] += "-B"

    second = loading(again).control_set

    expected = copy.deepcopy(first.content) | {"workflow": "copied-letters"}
    for control in expected["controls"]:
        control["key"] += "-B"
    assert second.content == expected
    assert second.sha256 == sha256_of(expected)


def test_a_control_that_is_off_has_a_version_too(cast, document):
    control_set = loading(document).control_set

    assert {key: one.version for key, one in versions_of(control_set).items()} == {
        "LET-01": 1,
        "LET-02": 1,
        "LET-03": 1,
    }


@pytest.mark.parametrize(
    ("change", "pointer", "said"),
    [
        ({"workflow": None}, "/workflow", "missing"),
        ({"workflows": {}}, "/workflows", "Did you mean `workflow`"),
        ({"waivers": [1]}, "/waivers/0", "an object with keys"),
        ({"queues": {}}, "/queues", "a list"),
    ],
)
def test_a_fault_of_the_whole_is_told(cast, document, change, pointer, said):
    assert_refused(document | change, pointer, said)


@pytest.mark.parametrize(
    ("name", "value", "pointer", "said"),
    [
        ("slug", "Loan Letters", "slug", "small letters"),
        ("slug", None, "slug", "missing"),
        ("name", "", "name", "missing"),
        ("owner", "graace", "owner", "Did you mean “grace”"),
        ("deputy", "nobody-here", "deputy", "Make the account first"),
        ("builders", ["bem"], "builders/0", "Did you mean “ben”"),
        ("tier", "huge", "tier", "low, medium, high"),
        ("stage", "live", "stage", "pilot"),
        ("stage", "limited", "stage", "begins in observe or pilot, not in limited"),
        ("stage", "suspended", "stage", "begins in observe or pilot"),
        ("safe_outcome", None, "safe_outcome", "if nobody answers?"),
        ("safe_outcome", "reroute", "safe_reroute_to", "another path"),
        ("outage_policy", None, "outage_policy", "missing"),
        ("proceed_validity", "P1000Y", "proceed_validity", "too long"),
        ("title", "For {output.amuont}", "title", "{output.amount}"),
        ("title", "For {context.iban}", "title", "sensitive"),
        ("links", ["javascript:alert(1)"], "links/0", "https://"),
        ("links", ["https://{subject}.example/"], "links/0", "path and the query"),
        ("links", ["https://core.example@evil.example/"], "links/0", "user name"),
        ("links", ["https://core.example/{context.iban}"], "links/0", "sensitive"),
        ("links", [{"label": "X"}], "links/0/url", "missing"),
        ("output_schema", {"type": "text"}, "output_schema/type", "no valid schema"),
        ("output_schema", {"properties": {"a": {"pattern": "(a+)+$"}}},
         "output_schema/properties/a/pattern", "pattern"),
        ("context_schema", {"$ref": "https://elsewhere.example/s"},
         "context_schema/$ref", "leaves the schema"),
        ("language", "de", "language", "There are"),
    ],
)  # fmt: skip
def test_a_fault_of_the_workflow_is_told(cast, document, name, value, pointer, said):
    document["workflow"][name] = value

    assert_refused(document, f"/workflow/{pointer}", said)


@pytest.mark.parametrize(
    ("name", "value", "pointer", "said"),
    [
        ("slug", "a/b", "slug", "small letters"),
        ("kind", "genral", "kind", "Did you mean “general”"),
        ("members", ["adda"], "members/0", "Did you mean “ada”"),
        ("service_level", "P0D", "service_level", "no time at all"),
        ("lease", "PT9H", "lease", "8 hours at most"),
        ("lease", "PT1S", "lease", "helps nobody"),
        ("undo_window", "PT31S", "undo_window", "30 seconds at most"),
        ("skills", ["law"], "skills", "not enforced yet"),
        ("color", "red", "color", "There are"),
        ("slug", "letters-experts", None, "stands twice"),
    ],
)
def test_a_fault_of_a_queue_is_told(cast, document, name, value, pointer, said):
    document["queues"][0][name] = value

    at = f"/queues/0/{pointer}" if pointer else "/queues/1/slug"
    assert_refused(document, at, said)


def test_a_queue_of_another_kind_under_the_same_slug_is_refused(cast, document):
    Queue.objects.create(slug="letters-review", name="Mine", kind="specialist")

    assert_refused(document, "/queues/0/kind", "its kind is specialist")


def test_a_builder_without_a_person_is_refused(cast, document):
    UserFactory(username="bot", person=None)
    document["workflow"]["builders"] = ["bot"]

    assert_refused(document, "/workflow/builders/0", "has no person")


def test_an_account_that_is_switched_off_cannot_own(cast, document):
    User.objects.filter(username="grace").update(is_active=False)

    assert_refused(document, "/workflow/owner", "no account “grace”")


@pytest.mark.parametrize("junk", [None, [], "x", {}, {"workflow": []}, {"workflow": {}}])
def test_junk_is_refused_and_never_raises_anything_else(cast, junk):
    with pytest.raises(DomainError) as refusal:
        loading(junk)

    assert refusal.value.code == "bad_definition"


def test_a_file_that_is_not_there_or_not_utf_8_is_refused_with_a_sentence(db, tmp_path):
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: Stra\xdfe".encode("latin-1"))

    with pytest.raises(CommandError, match="cannot be read: No such file"):
        command(tmp_path / "none.yaml")
    with pytest.raises(CommandError, match="not UTF-8"):
        command(latin)


def test_a_file_that_is_no_yaml_is_refused_with_its_line(db, tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text("workflow:\n  slug: [x\n")

    with pytest.raises(CommandError, match="Line 3, column 1"):
        command(file)


def assert_refused(document, pointer: str, said: str) -> None:
    with pytest.raises(DomainError) as refusal:
        loading(document)
    found = [(e["pointer"], e["message"]) for e in refusal.value.errors]
    assert any(at == pointer and said in message for at, message in found), found
    assert not Workflow.objects.filter(slug="loan-letters").exists()
