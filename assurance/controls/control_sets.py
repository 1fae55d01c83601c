"""Control sets: made complete, hashed, never edited. The first comes from a file, every later one
from a control change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from assurance.controls.defaults import completed
from assurance.controls.fields import catalogue_from_schemas
from assurance.controls.models import ControlSet, ControlVersion, Workflow
from assurance.delivery.outbox import promise
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.canonical import canonical, sha256_of
from assurance.record.ledger import Stream, record

if TYPE_CHECKING:
    from assurance.accounts.models import User
    from assurance.controls.models import ControlChange


def content_sha256(control: Mapping[str, Any]) -> str:
    """A control's content without its mode: what its version counts."""
    return sha256_of({name: value for name, value in control.items() if name != "mode"})


def whole_content(source: Mapping[str, Any], workflow: Workflow) -> dict[str, Any]:
    """The complete content of a set: what the source says, every default written out, and the
    field catalogue it is checked against."""
    catalogue = catalogue_from_schemas(workflow.output_schema, workflow.context_schema)
    return {
        "workflow": workflow.slug,
        **completed(source),
        "fields": catalogue.as_json(),
    }


@transaction.atomic
def publish_first(
    workflow: Workflow, content: Mapping[str, Any], *, by: User | None, actor: Actor, at: datetime
) -> ControlSet:
    """Make the first set of a workflow live. Raises `set_exists` where there is one already."""
    Workflow.objects.select_for_update().get(pk=workflow.pk)
    if ControlSet.objects.filter(workflow=workflow).exists():
        raise DomainError(
            "set_exists",
            f"{workflow.slug} has a control set already; only a control change replaces it.",
        )
    return _publish(workflow, content, number=1, change=None, by=by, actor=actor, at=at)


def publish_next(
    workflow: Workflow,
    content: Mapping[str, Any],
    *,
    change: ControlChange,
    by: User | None,
    actor: Actor,
    at: datetime,
) -> ControlSet:
    """Make the next set live, inside the caller's transaction and under the workflow's lock. The
    database refuses it unless the change is approved and the content is what it would lead to."""
    last = newest_set(workflow)
    # A clock may stand or step back; a set always begins after the one that it replaces.
    begin = max(at, last.effective_from + timedelta(microseconds=1))
    return _publish(
        workflow, content, number=last.number + 1, change=change, by=by, actor=actor, at=begin
    )


def _publish(
    workflow: Workflow,
    content: Mapping[str, Any],
    *,
    number: int,
    change: ControlChange | None,
    by: User | None,
    actor: Actor,
    at: datetime,
) -> ControlSet:
    text = canonical(content)
    control_set = ControlSet.objects.create(
        workflow=workflow,
        number=number,
        sha256=sha256_of(content),
        canonical=text.decode(),
        effective_from=at,
        published_by=by,
        change=change,
    )
    for control in content["controls"]:
        _number(workflow, control, control_set)
    record(
        Stream.workflow(workflow.slug),
        "control_set.published",
        {
            "number": number,
            "sha256": control_set.sha256,
            "change": change.number if change else None,
        },
        actor=actor,
        at=at,
        workflow=workflow.slug,
    )
    promise(
        "control_set.published",
        {
            "workflow": workflow.slug,
            "number": number,
            "sha256": control_set.sha256,
            "effective_from": at.isoformat(),
        },
        workflow=workflow.slug,
        stream=Stream.workflow(workflow.slug),
        at=at,
    )
    return control_set


def _number(workflow: Workflow, control: Mapping[str, Any], control_set: ControlSet) -> None:
    """Give a control's content its version: the old one if this content was seen before."""
    digest = content_sha256(control)
    known = ControlVersion.objects.filter(key=control["key"]).order_by("-version")
    if any(version.workflow_id != workflow.pk for version in known):
        raise DomainError(
            "control_key_used",
            f"The control key {control['key']} is used in another workflow. Choose another: "
            "keys are unique in the installation.",
            status=422,
        )
    if known.filter(sha256=digest).exists():
        return
    newest = known.first()
    ControlVersion.objects.create(
        workflow=workflow,
        key=control["key"],
        version=newest.version + 1 if newest else 1,
        sha256=digest,
        content={name: value for name, value in control.items() if name != "mode"},
        first_set=control_set,
    )


def versions_of(control_set: ControlSet) -> dict[str, ControlVersion]:
    """The version of each control of a set by key, those that are off included."""
    return {key: version for (_, key), version in versions_of_all([control_set]).items()}


def versions_of_all(sets: Iterable[ControlSet]) -> dict[tuple[int, str], ControlVersion]:
    """The version of each control of several sets, by set and key: one query."""
    wanted = {
        (control["key"], content_sha256(control)): one.pk
        for one in sets
        for control in one.controls()
    }
    found = ControlVersion.objects.filter(sha256__in={digest for _, digest in wanted})
    return {
        (wanted[one.key, one.sha256], one.key): one
        for one in found
        if (one.key, one.sha256) in wanted
    }


def newest_set(workflow: Workflow) -> ControlSet:
    """The set in force, its content left in the database: it grows with every control, and live
    judging has it compiled. Raises 422 `no_control_set` where none was ever loaded."""
    found = ControlSet.objects.filter(workflow=workflow).newest().defer("canonical").first()
    if found is None:
        raise DomainError(
            "no_control_set",
            f"{workflow.slug} has no control set. Load one with `manage.py load_controls`.",
            status=422,
        )
    return found


def content_as_answer(control_set: ControlSet) -> dict[str, Any]:
    """A set as REST gives it: the content once, and every period in which it was in force."""
    sets = ControlSet.objects.filter(workflow=control_set.workflow_id).order_by("number")
    known = list(sets.values_list("number", "sha256", "effective_from"))
    begins = {number: begin for number, _, begin in known}
    periods = [
        {"number": number, "from": begin, "until": begins.get(number + 1)}
        for number, sha256, begin in known
        if sha256 == control_set.sha256
    ]
    return {"sha256": control_set.sha256, **control_set.content, "in_force": periods}
