"""Bring a workflow under control: its definition, its queues and its first control set, at once.

Everything is looked at before anything is written, and everything is written or nothing. A
definition that was loaded before changes nothing; another one for a known workflow is refused,
since only a control change may replace what is live.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from assurance.accounts.models import User
from assurance.controls.choices import Stage
from assurance.controls.conditions import Problem
from assurance.controls.control_files import propose_content
from assurance.controls.control_sets import newest_set, publish_first, whole_content
from assurance.controls.definition_shapes import Key, listed, plain_problems, shape_problems
from assurance.controls.definition_verifiers import known_verifiers
from assurance.controls.definition_workflows import catalogue_of, links_of, workflow_problems
from assurance.controls.durations import parse_duration
from assurance.controls.gather import lock_subject
from assurance.controls.models import ControlSet, Workflow
from assurance.controls.validation import CONTENT_KEYS, problems
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from assurance.record.ledger import INSTALLATION, Stream, record
from assurance.record.models import Event
from reviews.models import Queue
from reviews.queue_definitions import queue_durations, queue_kinds, queue_problems

OBSERVED = (
    "Its stage is observe: nothing is held, and the controls only say what they would order."
    " A governance owner takes it to pilot on its gate page, where a person sees every output."
)
FILE_KEYS = ("workflow", "queues", *CONTENT_KEYS)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a definition led to. `made` says it line by line and is empty when nothing changed."""

    workflow: Workflow
    control_set: ControlSet
    made: tuple[str, ...]


@transaction.atomic
def load(document: Any, *, actor: Actor, at: datetime, by: User | None = None) -> Loaded:
    """Make everything that a definition describes. For a workflow that is there already, what the
    definition says of its controls becomes a draft control change of `by`.

    Raises DomainError: `bad_definition` with every problem and its JSON pointer,
    `workflow_known` where that change has nobody who proposes it.
    """
    lock_subject("load_controls")
    refuse(document_problems(document))
    workflow = Workflow.objects.filter(slug=_text(document.get("workflow"), "slug")).first()
    if workflow is not None:
        return _known(workflow, document, by=by, at=at)
    people = {user.username: user for user in User.objects.filter(is_active=True)}
    kinds = dict(Queue.objects.values_list("slug", "kind"))
    refuse(definition_problems(document, people, kinds))

    queues = [
        _make_queue(queue, people, actor=actor, at=at) for queue in document.get("queues") or []
    ]
    workflow = _make_workflow(document, people, actor=actor, at=at)
    content = whole_content(_with_policies(document), workflow)
    control_set = publish_first(workflow, content, by=None, actor=actor, at=at)
    return Loaded(workflow, control_set, (*queues, *_told(workflow, control_set)))


def document_problems(document: Any) -> list[Problem]:
    """What keeps a document from being looked at closer."""
    if not isinstance(document, Mapping):
        message = "The file is not a definition. Start with `workflow:` and its keys."
        return [Problem("", "wrong_type", message)]
    return plain_problems(document)


def definition_problems(
    document: Mapping[str, Any], people: Mapping[str, User], kinds: Mapping[str, str]
) -> list[Problem]:
    """Every problem of a definition. `kinds` gives the kind of each queue there is already."""
    found = shape_problems(document, _FILE_SHAPE, "")
    workflow = document.get("workflow")
    found += workflow_problems(workflow, known_people=people)
    found += _builder_problems(workflow, people)
    found += queue_problems(document, people, kinds)
    content = {name: document[name] for name in CONTENT_KEYS if name in document}
    found += problems(
        content,
        catalogue=catalogue_of(workflow),
        known_people=people,
        known_queues={**queue_kinds(document), **kinds},
        tier=_text(workflow, "tier"),
        known_verifiers=known_verifiers(),
    )
    return list(dict.fromkeys(found))


_FILE_SHAPE = {name: Key("any") for name in FILE_KEYS} | {
    "workflow": Key("object", required=True),
    "queues": Key("list"),
}


def _builder_problems(workflow: Any, people: Mapping[str, User]) -> list[Problem]:
    builders = listed(workflow, "builders") if isinstance(workflow, Mapping) else []
    return [
        Problem(
            f"/workflow/builders/{index}",
            "no_person",
            f"The account “{name}” has no person, and a builder is kept from work as a person. "
            "Name the person in the account first.",
        )
        for index, name in enumerate(builders)
        if isinstance(name, str) and name in people and people[name].person_id is None
    ]


def refuse(found: list[Problem]) -> None:
    """Raise `bad_definition` with every problem, if there is one."""
    if not found:
        return
    count = "one problem" if len(found) == 1 else f"{len(found)} problems"
    raise DomainError(
        "bad_definition",
        f"The definition has {count}, and nothing was changed.",
        status=422,
        errors=[{"pointer": p.pointer, "code": p.code, "message": p.message} for p in found],
    )


def _known(
    workflow: Workflow, document: Mapping[str, Any], *, by: User | None, at: datetime
) -> Loaded:
    """The workflow as it is where this very definition was loaded before, else what it proposes."""
    live = newest_set(workflow)
    if _loaded_digest(workflow.slug) == sha256_of(document):
        return Loaded(workflow, live, ())
    if by is None:
        raise DomainError(
            "workflow_known",
            f"The workflow “{workflow.slug}” exists and was made from another definition. What is "
            "live is only replaced by a control change, so nothing was changed. Say with --by USER "
            "who proposes one, or load a new workflow under another slug.",
        )
    change = propose_content(workflow, _with_policies(document), by=by, at=at)
    if change is None:
        return Loaded(workflow, live, ("Nothing to do: its controls are live as they are here.",))
    said = (
        f"Made change {change.number} with {len(change.edits)} edit(s) to the controls, a draft of "
        f"{by.username}: {change.get_absolute_url()}"
    )
    kept = "The workflow itself and its queues stay as they are: edit those in the admin."
    return Loaded(workflow, live, (said, kept))


def _loaded_digest(slug: str) -> str:
    """The digest of the definition that the workflow was made from, as the record has it."""
    created = (
        Event.objects.filter(stream_type="workflow", stream_id=slug, type="workflow.created")
        .select_related("payload")
        .first()
    )
    if created is None:
        return ""
    return json.loads(bytes(created.payload.body)).get("definition_sha256", "")


def _make_queue(
    source: Mapping[str, Any], people: Mapping[str, User], *, actor: Actor, at: datetime
) -> str:
    """Make one queue and say so. One that is there already is used as it is."""
    slug = source["slug"]
    if Queue.objects.filter(slug=slug).exists():
        return f"Uses the queue {slug}, which is there already and stays as it is."
    fields, _ = queue_durations(source)
    members = [people[name] for name in listed(source, "members")]
    queue = Queue(
        slug=slug,
        name=source["name"],
        kind=source["kind"],
        guideline=source.get("guideline") or "",
        **fields,
    )
    queue._history_date = at
    queue.save()
    queue.members.set(members)
    record(
        INSTALLATION,
        "queue.created",
        {
            "slug": slug,
            "name": queue.name,
            "kind": queue.kind,
            "members": sorted(member.username for member in members),
        },
        actor=actor,
        at=at,
    )
    return f"Made the queue {slug} ({queue.kind}, {_counted(len(members), 'member')})."


def _make_workflow(
    document: Mapping[str, Any], people: Mapping[str, User], *, actor: Actor, at: datetime
) -> Workflow:
    source = document["workflow"]
    validity = source.get("proceed_validity")
    workflow = Workflow(
        slug=source["slug"],
        name=source["name"],
        owner=people[source["owner"]],
        deputy=people[source["deputy"]] if source.get("deputy") else None,
        tier=source["tier"],
        stage=source.get("stage") or Stage.OBSERVE,
        output_schema=source.get("output_schema"),
        context_schema=source.get("context_schema"),
        title_template=source.get("title") or "",
        link_templates=links_of(source),
        safe_outcome=source["safe_outcome"],
        safe_reroute_to=source.get("safe_reroute_to") or "",
        outage_policy=source["outage_policy"],
        proceed_validity=parse_duration(validity) if validity else None,
        created_at=at,
    )
    workflow._history_date = at
    workflow.save()
    builders = [people[name].person for name in listed(source, "builders")]
    workflow.builders.set([person for person in builders if person is not None])
    record(
        Stream.workflow(workflow.slug),
        "workflow.created",
        {
            "slug": workflow.slug,
            "name": workflow.name,
            "owner": workflow.owner.username,
            "tier": workflow.tier,
            "stage": workflow.stage,
            "definition_sha256": sha256_of(document),
        },
        actor=actor,
        at=at,
        workflow=workflow.slug,
    )
    return workflow


def _with_policies(document: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with a policy for each of its queues, also those that no rule names: people
    escalate to them."""
    policies = listed(document, "queue_policies")
    named = {policy["queue"] for policy in policies}
    others = [{"queue": queue["slug"]} for queue in listed(document, "queues")]
    return {
        **document,
        "queue_policies": [*policies, *(one for one in others if one["queue"] not in named)],
    }


def _told(workflow: Workflow, control_set: ControlSet) -> list[str]:
    content = control_set.content
    rules, controls = len(content["rules"]), len(content["controls"])
    return [
        f"Made the workflow {workflow.slug} ({workflow.tier} tier, {workflow.stage}).",
        f"Published control set {control_set.number} with {_counted(controls, 'control')} and "
        f"{_counted(rules, 'rule')}: {control_set.sha256}.",
        *([OBSERVED] if workflow.stage == Stage.OBSERVE else []),
    ]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _text(source: Any, name: str) -> str:
    value = source.get(name) if isinstance(source, Mapping) else None
    return value if isinstance(value, str) else ""
