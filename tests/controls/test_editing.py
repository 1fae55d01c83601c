"""Editing in the admin: who may, what it reads and keeps, and that nothing live is touched."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from assurance import clock
from assurance.controls import changes
from assurance.controls.candidates import item_of
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange
from tests.controls.changing import live_content
from tests.controls_factories import make_workflow, policy, verification

pytestmark = pytest.mark.django_db

SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "title": "Loan amount", "unit": "EUR"},
        "channel": {"type": "string", "title": "Channel"},
        "urgent": {"type": "boolean"},
        "born": {"type": "string", "format": "date"},
    },
}
DEEP = {"any": [{"all": [{"any": [{"all": [{"not": {"not": {"field": "output.urgent",
    "op": "==", "value": True}}}, {"field": "output.amount", "op": "present"}]}]}]}]}  # fmt: skip
LARGE = {"field": "output.amount", "op": ">", "value": 1000}


@pytest.fixture
def credit(cast):
    return make_workflow(
        output_schema=SCHEMA,
        controls=[policy(), verification(), policy("DEEP-01", condition=DEEP)],
        rules=[
            {"name": "Large / first", "queue": "credit-specialists", "condition": LARGE},
            {"name": "Urgent", "queue": "credit-review", "priority": "high", "due_in": "PT2H",
             "condition": {"field": "output.urgent", "op": "==", "value": True}},
        ],
    )  # fmt: skip


@pytest.fixture
def grace(client, cast, credit):
    client.force_login(cast.grace)
    return client


def url(kind, *args):
    return reverse(f"admin:controls_edit_{kind}", args=args)


CONTROL = {
    "name": "LIM-01 holds large amounts", "failure_scenario": "A large amount goes out unseen.",
    "owner": "grace", "boundary": "1", "mode": "enforced", "effect": "review", "priority": "100",
    "c.joint": "all", "c.0.field": "output.amount", "c.0.code": ">", "c.0.value": "2,500",
}  # fmt: skip


def post(client, address, fields=CONTROL, **more):
    return client.post(address, {**fields, **more})


def edit_of(item="control", key="LIM-01"):
    return ControlChange.objects.latest("number").edit_of(item, key)["content"]


def test_saving_a_control_makes_a_draft_and_leaves_what_is_live(grace, credit, cast):
    answer = post(grace, url("control", "LIM-01"), **{"c.0.value": "3,000", "mode": "shadow"})

    change = ControlChange.objects.get()
    assert answer.status_code == 302
    assert answer.url == change.get_absolute_url()
    assert (change.author, change.status) == (cast.grace, "draft")
    assert edit_of()["condition"] == {"field": "output.amount", "op": ">", "value": 3000}
    assert edit_of()["mode"] == "shadow"
    assert item_of(live_content(credit), "control", "LIM-01")["mode"] == "enforced"
    assert newest_set(credit).number == 1


def test_a_form_sent_back_as_it_was_changes_nothing(grace, credit):
    answer = post(grace, url("control", "LIM-01"))

    assert answer.status_code == 200
    assert "nothing to save" in answer.content.decode()
    assert not ControlChange.objects.exists()


def test_what_goes_back_to_the_live_content_leaves_the_draft(grace, credit):
    post(grace, url("control", "LIM-01"), mode="shadow")
    post(grace, url("control", "LIM-01"))

    assert ControlChange.objects.get().edits == []


def test_saving_again_goes_into_the_same_draft_and_the_form_begins_with_it(grace, credit):
    post(grace, url("control", "LIM-01"), **{"c.0.value": "3000"})
    page = grace.get(url("control", "LIM-01")).content.decode()
    post(grace, url("control", "LIM-01"), **{"c.0.value": "4000"})

    assert 'value="3000"' in page
    assert f"Your draft: change {ControlChange.objects.get().number}" in page
    assert ControlChange.objects.count() == 1
    assert edit_of()["condition"]["value"] == 4000


def test_another_persons_draft_is_marked_with_whose_it_is(grace, credit, cast):
    at = clock.now()
    draft = changes.put(
        credit, "control", "LIM-01", {**policy(), "mode": "off"}, by=cast.gus, at=at
    )
    said = f"Gus Lind: change {draft.number}, draft"

    page = grace.get(url("control", "LIM-01")).content.decode()
    listed = grace.get(reverse("admin:controls_controls")).content.decode()

    assert said in page
    assert said in listed
    assert 'value="2500"' in page


@pytest.mark.parametrize(
    ("typed", "beside"),
    [
        ({"c.0.value": "a lot"}, "is no number"),
        ({"c.0.value": ""}, "Write the value"),
        ({"c.0.field": ""}, "Choose a field"),
        ({"c.0.field": "output.amuont"}, "Did you mean “output.amount”?"),
        ({"c.0.code": "starts_with"}, "does not apply to it"),
        ({"c.1.field": "output.amount", "c.1.code": "<", "c.1.value": "5"}, "Loan amount cannot"),
        ({"name": ""}, "Fill in “Name”."),
        ({"message": "{output.nothing} is large"}, "output.nothing"),
        ({"effect": "reroute"}, "which path takes over"),
        ({"priority": "5000"}, "The most is 1,000"),
    ],
)
def test_what_is_wrong_stands_beside_its_input_with_everything_typed_kept(
    grace, credit, typed, beside
):
    answer = post(grace, url("control", "LIM-01"), purpose="Typed with care.", **typed)
    text = answer.content.decode()

    assert answer.status_code == 422
    assert beside in text
    assert "Typed with care." in text
    assert "error-summary" in text
    assert not ControlChange.objects.exists()


def test_buttons_without_script_add_and_remove_rows_and_save_nothing(grace, credit):
    added = post(grace, url("control", "LIM-01"), do="row:c", name="").content.decode()
    grouped = post(grace, url("control", "LIM-01"), do="group:c").content.decode()
    removed = post(grace, url("control", "LIM-01"), do="remove:c.0").content.decode()

    assert 'name="c.1.field"' in added
    assert "Fill in “" not in added
    assert 'name="c.1.0.field"' in grouped
    assert 'name="c.0.field"' not in removed
    assert not ControlChange.objects.exists()


def test_groups_become_a_tree_with_its_joints(grace, credit):
    typed = {
        "c.1.joint": "none",
        "c.1.0.field": "output.channel", "c.1.0.code": "in", "c.1.0.value": "web\r\nphone\r\n",
        "c.1.1.field": "output.urgent", "c.1.1.code": "==", "c.1.1.value": "true",
        "c.2.field": "output.channel", "c.2.code": "!contains", "c.2.value": "bro",
        "c.3.field": "signals.score", "c.3.code": "<", "c.3.value": "0.5", "c.3.kind": "number",
    }  # fmt: skip
    answer = post(grace, url("control", "LIM-01"), **typed)

    assert answer.status_code == 302, answer.context["errors"]
    assert edit_of()["condition"] == {
        "all": [
            {"field": "output.amount", "op": ">", "value": 2500},
            {"not": {"any": [
                {"field": "output.channel", "op": "in", "value": ["web", "phone"]},
                {"field": "output.urgent", "op": "==", "value": True},
            ]}},
            {"not": {"field": "output.channel", "op": "contains", "value": "bro"}},
            {"field": "signals.score", "op": "<", "value": 0.5},
        ]
    }  # fmt: skip


def test_a_tree_deeper_than_rows_can_show_stands_as_text_and_stays(grace, credit):
    page = grace.get(url("control", "DEEP-01")).content.decode()
    typed = {name: value for name, value in CONTROL.items() if not name.startswith("c.")}
    answer = post(grace, url("control", "DEEP-01"), {**typed, "name": "Deep"})

    assert "nested deeper" in page
    assert "output.urgent == true" in page
    assert answer.status_code == 302, answer.context["errors"]
    assert edit_of(key="DEEP-01")["condition"] == DEEP


def test_the_parameters_of_a_check_are_inputs_of_their_kind(grace, credit):
    page = grace.get(url("control", "VER-01"))
    typed = {
        "name": "VER", "failure_scenario": "No.", "owner": "grace", "boundary": "2",
        "mode": "enforced", "check_name": "number_limit", "effects_fail": "specialist",
        "effects_inconclusive": "review", "failure_policy": "closed_hold", "on_error": "review",
        "check_params_field": "output.amount", "check_params_maximum": "12,000",
        "c.joint": "all",
    }  # fmt: skip
    wrong = post(grace, url("control", "VER-01"), typed, check_params_field="output.channel")
    right = post(grace, url("control", "VER-01"), typed)

    assert 'name="check_params_maximum" value="10000"' in page.content.decode()
    assert wrong.status_code == 422
    assert "check_params_field" in wrong.context["form"].errors
    assert right.status_code == 302, right.context["errors"]
    assert edit_of(key="VER-01")["check"] == {
        "name": "number_limit", "params": {"field": "output.amount", "maximum": 12000},
    }  # fmt: skip
    assert edit_of(key="VER-01")["effects"] == {"fail": "specialist", "inconclusive": "review"}


def test_a_new_control_is_drafted_and_may_be_edited_before_it_is_live(grace, credit):
    address = reverse("admin:controls_add_control", args=["credit-decisions"])
    taken = post(grace, f"{address}?kind=policy", key="LIM-01")
    made = post(grace, f"{address}?kind=policy", key="NEW-01")
    again = grace.get(url("control", "NEW-01"))

    assert taken.status_code == 422
    assert "There is a control LIM-01" in taken.content.decode()
    assert made.status_code == 302, made.context["errors"]
    assert again.status_code == 200
    assert "Not live yet" in again.content.decode()


def test_a_control_is_taken_out_by_a_draft_and_kept_again(grace, credit):
    post(grace, url("control", "LIM-01"), do="remove")
    assert ControlChange.objects.get().edit_of("control", "LIM-01")["content"] is None
    page = grace.get(url("control", "LIM-01")).content.decode()
    post(grace, url("control", "LIM-01"))

    assert "takes it out of the next set" in page
    assert ControlChange.objects.get().edits == []


RULE = {
    "position": "1", "queue": "credit-specialists", "priority": "", "due_in": "",
    "c.joint": "all", "c.0.field": "output.amount", "c.0.code": ">", "c.0.value": "1000",
}  # fmt: skip


def test_a_rule_is_found_by_its_name_whatever_stands_in_it(grace, credit):
    address = url("rule", "credit-decisions", "Large / first")
    assert grace.get(address).status_code == 200

    answer = post(grace, address, RULE, due_in="PT4H")

    assert answer.status_code == 302, answer.context["errors"]
    assert edit_of("rule", "Large / first")["due_in"] == "PT4H"


@pytest.mark.parametrize("due_in", ["0", "PT0S", "-PT1H", "P1000Y", "P1M", "soon"])
def test_62_a_due_time_that_is_none_stands_beside_its_field(grace, credit, due_in):
    address = url("rule", "credit-decisions", "Large / first")
    answer = post(grace, address, RULE, due_in=due_in)

    assert answer.status_code == 422
    assert "due_in" in answer.context["form"].errors
    assert due_in in answer.content.decode()


def test_a_catch_all_has_no_condition_and_no_way_out_of_the_set(grace, credit):
    address = url("rule", "credit-decisions", "Everything else")
    page = grace.get(address).content.decode()
    answer = post(grace, address, {"do": "remove"})

    assert 'name="c.joint"' not in page
    assert "Take it out" not in page
    assert answer.status_code == 422
    assert "catches all" in answer.content.decode()


def test_a_shadowed_rule_is_told_while_it_is_typed(grace, credit):
    address = reverse("admin:controls_new_rule_beside", args=["credit-decisions"])
    answer = grace.post(address, {**RULE, "name": "Huge", "position": "", "c.0.value": "9000"})

    assert answer.status_code == 200
    assert "No case reaches this rule: “Large / first”" in answer.content.decode()
    assert "Loan amount is more than 9,000 EUR" in answer.content.decode()
    assert not ControlChange.objects.exists()


def test_a_waiver_is_written_with_its_end_in_utc(grace, credit):
    address = reverse("admin:controls_add_waiver", args=["credit-decisions"])
    typed = {"key": "WAI-01", "control": "LIM-01", "reason": "A pilot.", "c.joint": "all"}
    end = clock.now() + timedelta(days=90)
    without = post(grace, address, typed)
    answer = post(grace, address, typed, expires_at=f"{end:%Y-%m-%dT%H:%M}")

    assert without.status_code == 422
    assert answer.status_code == 302, answer.context["errors"]
    assert edit_of("waiver", "WAI-01")["expires_at"] == f"{end:%Y-%m-%dT%H:%M}:00Z"


def test_the_specification_is_edited_row_by_row(grace, credit):
    address = url("specification", "credit-decisions")
    typed = {
        "purpose": "Decide on loans.",
        "boundaries.0.number": "1", "boundaries.0.text": "Nothing large goes out unseen.",
        "boundaries.1.number": "two", "boundaries.1.text": "Every figure has a source.",
        "actions.0.name": "pay", "actions.0.verification_required": "on",
    }  # fmt: skip
    wrong = post(grace, address, typed)
    more = post(grace, address, typed, do="table:boundaries:add").content.decode()
    right = post(grace, address, typed, **{"boundaries.1.number": "2"})

    assert wrong.status_code == 422
    assert "is no whole number" in wrong.content.decode()
    assert 'name="boundaries.2.text"' in more
    assert right.status_code == 302, right.context["errors"]
    assert edit_of("specification", "")["actions"] == [
        {"name": "pay", "reversible": False, "verification_required": True}
    ]


def test_a_decision_policy_keeps_one_figure_where_it_is_one(grace, credit):
    address = url("policy", "credit-decisions", "credit-review")
    form = grace.get(address).context["form"]
    typed = {f"reasons.0.{name}": value for name, value in
             {"code": "fine", "label": "Fine", "outcomes": "approve, reject"}.items()}  # fmt: skip
    typed |= {
        "reasons.1.code": "other",
        "reasons.1.label": "Other",
        "reasons.1.text_required": "on",
    }
    figures = {
        name: str(form.initial[name]) for name in form.fields if name.rpartition("_")[2] in
        ("low", "medium", "high")
    }  # fmt: skip
    answer = post(
        grace, address, {**typed, **figures}, outcomes=["approve", "reject"],
        rationale_min_correct_low="50", rationale_min_correct_medium="50",
        rationale_min_correct_high="50",
    )  # fmt: skip

    assert answer.status_code == 302, answer.context["errors"]
    content = edit_of("queue_policy", "credit-review")
    assert content["rationale_min"]["correct"] == 50
    assert content["rationale_min"]["approve"] == {"low": 0, "medium": 0, "high": 40}
    assert [one["outcomes"] for one in content["reasons"]] == [["approve", "reject"], None]
