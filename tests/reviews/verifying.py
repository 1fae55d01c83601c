"""A credit workflow whose control asks a verifier, for tests of verifying."""

from __future__ import annotations

from typing import Any

from assurance.controls.models import Verifier, Workflow
from assurance.controls.verifiers import create_verifier
from reviews import asking, intake
from reviews.models import Case
from tests.controls_factories import make_workflow, policy, verification
from tests.reviews.conftest import NOON, SYSTEM
from tests.verifier_double import SECRET, VerifierDouble

LATER = "PT15M"


def asks(key: str = "EXT-01", **fields: Any) -> dict[str, Any]:
    """A control that asks the verifier `judge`; keywords of the check's parameters may be given."""
    names = ("verifier", "timeout", "answer_within", "context", "evidence")
    params = {name: fields.pop(name) for name in names if name in fields}
    return verification(
        key,
        name="The outside judge agrees",
        check={
            "name": "external_verifier",
            "params": {"verifier": "judge", "timeout": 1, **params},
        },
        **fields,
    )


def known_as(slug: str, double: VerifierDouble, **more: Any) -> Verifier:
    more = {"secret": SECRET, "name": slug.capitalize(), **more}
    return create_verifier(slug, double.url, by=None, at=NOON, **more)[0]


def workflow_asking(cast: Any, *controls: dict[str, Any], **fields: Any) -> Workflow:
    return make_workflow(
        "credit-decisions",
        controls=list(controls) or [asks()],
        owner=cast.grace,
        members=[cast.ada, cast.ben, cast.dev],
        specialists=[cast.cleo],
        governors=[cast.grace, cast.gus],
        **fields,
    )


def body_of(workflow: Workflow, **more: Any) -> dict[str, Any]:
    return {
        "workflow": workflow.slug,
        "external_id": "a-1",
        "output": {"amount": 900, "text": "We lend it."},
        **more,
    }


def posted(workflow: Workflow, *, at: Any = NOON, **more: Any) -> Case:
    """Ask and submit, as the endpoint does."""
    body = body_of(workflow, **more)
    asked = asking.before_intake(body, workflow, at=at)
    return intake.submit(
        body, workflow=workflow, client=None, actor=SYSTEM, at=at, asked=asked
    ).case


__all__ = ["LATER", "asks", "body_of", "known_as", "policy", "posted", "workflow_asking"]
