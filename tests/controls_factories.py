"""Workflows with a published control set, for tests of every room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from assurance.accounts.models import User
from assurance.controls import candidates
from assurance.controls.choices import OutagePolicy, SafeOutcome
from assurance.controls.control_sets import _publish, newest_set, publish_first, whole_content
from assurance.controls.models import ControlChange, ControlSet, Workflow
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from reviews.choices import QueueKind
from reviews.models import Queue
from tests.accounts_factories import UserFactory
from tests.cast import ROLES, make_one
from tests.database import past_the_guards

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

ACTIONS = [
    {"name": "approve", "reversible": False, "verification_required": False},
    {"name": "decline", "reversible": True, "verification_required": False},
    {"name": "pay", "reversible": False, "verification_required": True},
]
BOUNDARIES = [
    {"number": 1, "text": "Nothing above the limit goes out unseen.", "clause": "Policy 4.2"},
    {"number": 2, "text": "Every figure comes from a source.", "clause": ""},
]


def make_person(username: str) -> User:
    """An account with a person behind it; the same name gives the same account. One of the cast
    comes with the grants of the cast."""
    known = User.objects.filter(username=username).first()
    if known is not None:
        return known
    if username in ROLES:
        return make_one(username)
    return UserFactory(username=username, email=f"{username}@example.com")


def policy(key: str = "LIM-01", **fields: Any) -> dict[str, Any]:
    """A policy control: more than 2,500 goes to review."""
    return {
        "key": key,
        "name": f"{key} holds large amounts",
        "kind": "policy",
        "owner": "grace",
        "failure_scenario": "A large amount goes out unseen.",
        "boundary": 1,
        "condition": {"field": "output.amount", "op": ">", "value": 2500},
        "effect": "review",
        **fields,
    }


def verification(key: str = "VER-01", **fields: Any) -> dict[str, Any]:
    """A verification control: the amount stays below 10,000."""
    return {
        "key": key,
        "name": f"{key} checks the amount",
        "kind": "verification",
        "owner": "grace",
        "failure_scenario": "An amount beyond every limit goes out.",
        "boundary": 2,
        "check": {"name": "number_limit", "params": {"field": "output.amount", "maximum": 10000}},
        **fields,
    }


def make_queue(
    slug: str, kind: str = "general", members: Sequence[User] = (), **fields: Any
) -> Queue:
    """A queue; the same slug gives the same queue, with the members added."""
    name = slug.replace("-", " ").capitalize()
    queue, _ = Queue.objects.get_or_create(
        slug=slug, defaults={"name": name, "kind": kind, **fields}
    )
    queue.members.add(*members)
    return queue


def catch_alls(short: str) -> list[dict[str, Any]]:
    """The three rules that no set can do without."""
    return [
        {"name": "Everything else", "queue": f"{short}-review", "catch_all": "review"},
        {"name": "Specialists", "queue": f"{short}-specialists", "catch_all": "specialist"},
        {"name": "Governance", "queue": f"{short}-governance", "catch_all": "governance"},
    ]


def make_workflow(
    slug: str = "credit-decisions",
    *,
    stage: str = "limited",
    tier: str = "high",
    controls: Sequence[Mapping[str, Any]] = (),
    rules: Sequence[Mapping[str, Any]] | None = None,
    specification: Mapping[str, Any] | None = None,
    queue_policies: Sequence[Mapping[str, Any]] = (),
    members: Sequence[User] = (),
    specialists: Sequence[User] = (),
    governors: Sequence[User] = (),
    builders: Sequence[User] = (),
    at: datetime = LONG_AGO,
    **fields: Any,
) -> Workflow:
    """A workflow owned by grace, with its three queues and a published first set.

    For `credit-decisions` the queues are `credit-review` (general), `credit-specialists` and
    `credit-governance`. `rules` come before the three catch-alls unless they bring their own.
    `builders` are accounts; other keywords are fields of Workflow.
    """
    short = slug.split("-")[0]
    owner = fields.pop("owner", None) or make_person("grace")
    workflow = Workflow.objects.create(
        slug=slug,
        name=slug.replace("-", " ").capitalize(),
        owner=owner,
        tier=tier,
        stage=stage,
        created_at=at,
        **{
            "safe_outcome": SafeOutcome.DO_NOT_PROCEED,
            "outage_policy": OutagePolicy.STOP,
            **fields,
        },
    )
    workflow.builders.set([builder.person for builder in builders])
    make_queue(f"{short}-review", QueueKind.GENERAL, members)
    make_queue(f"{short}-specialists", QueueKind.SPECIALIST, specialists)
    make_queue(f"{short}-governance", QueueKind.GOVERNANCE, governors)
    own = list(rules or ())
    if not any(rule.get("catch_all") for rule in own):
        own += catch_alls(short)
    source = {
        "specification": specification
        or {"purpose": "Decide on loans.", "boundaries": BOUNDARIES, "actions": ACTIONS},
        "controls": list(controls),
        "rules": own,
        "queue_policies": list(queue_policies),
    }
    publish_first(
        workflow, whole_content(source, workflow), by=owner, actor=Actor.person(owner), at=at
    )
    return workflow


def approved_change(
    workflow: Workflow, content: Mapping[str, Any], *, at: datetime
) -> ControlChange:
    """A change to this content, written by grace and approved by gus."""
    base = newest_set(workflow)
    author, approver = make_person("grace"), make_person("gus")
    change = ControlChange.objects.create(
        number=ControlChange.objects.count() + 1,
        workflow=workflow,
        reason="The limit is too high.",
        base_set=base,
        edits=candidates.edits_between(base.content, content),
        content_sha256="0" * 64,
        candidate_sha256=sha256_of(content),
        author=author,
        author_person=author.person,
        created_at=at,
        changed_at=at,
    )
    change.editors.add(author.person)
    change.status, change.way, change.approved_sha256 = "approved", "second_person", "0" * 64
    change.approver, change.approver_person, change.approved_at = approver, approver.person, at
    past_the_guards(change.save)  # no replay is told of here
    return change


def publish_next(
    workflow: Workflow,
    content: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    number: int | None = None,
    by: User | None = None,
) -> ControlSet:
    """The next set of a workflow, made live by an approved change."""
    change = approved_change(workflow, content, at=at)
    number = newest_set(workflow).number + 1 if number is None else number
    made = _publish(workflow, content, number=number, change=change, by=by, actor=actor, at=at)
    change.status, change.published_at = "published", made.effective_from
    past_the_guards(change.save)
    return made
