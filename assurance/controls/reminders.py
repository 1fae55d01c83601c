"""What governance owes the calendar: grants that nobody confirmed for a quarter, and governed
workflows that nobody attested anew. Each is told once a day until somebody does it; nothing else
happens by itself.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from assurance.accounts import certifying
from assurance.accounts.choices import Role
from assurance.accounts.models import Grant, User
from assurance.controls import stages
from assurance.controls.choices import Stage
from assurance.controls.models import Workflow
from assurance.controls.workflow_answers import moment
from assurance.delivery.alerts import is_due_again, raise_alert

GRANTS, ATTESTATION = "grants_overdue", "attestation_overdue"


def remind(at: datetime) -> int:
    """Alarm the owners of what is overdue, a day after they were last told, whether or not they
    closed the alert. Returns how many alarms."""
    return _remind_of_grants(at) + _remind_of_stages(at)


def _remind_of_grants(at: datetime) -> int:
    late: defaultdict[str, list[certifying.Due]] = defaultdict(list)
    for one in certifying.overdue(at):
        late[one.grant.workflow].append(one)
    return sum(_tell_of_grants(slug, found, at) for slug, found in sorted(late.items()))


def _tell_of_grants(slug: str, late: list[certifying.Due], at: datetime) -> bool:
    if not is_due_again(GRANTS, workflow=slug, at=at):
        return False
    since = min(one.due_at for one in late)
    where = slug or "all workflows"
    grants = f"{len(late)} grants of {where} were" if len(late) > 1 else f"A grant of {where} was"
    raise_alert(
        GRANTS,
        f"{grants} not confirmed within {certifying.EVERY.days} days, due since "
        f"{since:%-d %B %Y}. Confirm or end each on the page Grants; nobody confirms their own.",
        workflow=slug,
        at=at,
        mail_to=() if slug else _governors(at),
        data={"grants": len(late), "since": moment(since)},
    )
    return True


def _governors(at: datetime) -> list[str]:
    """All workflows have no owner: whoever governs all of them hears of it."""
    held = Grant.objects.effective(at).of_role(Role.GOVERNANCE).filter(workflow="")
    accounts = User.objects.filter(is_active=True, person__in=held.values("person"))
    return list(accounts.order_by("username").values_list("email", flat=True))


def _remind_of_stages(at: datetime) -> int:
    return sum(_tell_of_stage(one, at) for one in Workflow.objects.filter(stage=Stage.GOVERNED))


def _tell_of_stage(workflow: Workflow, at: datetime) -> bool:
    due_at = stages.attest_by(workflow)
    if due_at is None or due_at > at:
        return False
    if not is_due_again(ATTESTATION, workflow=workflow.slug, at=at):
        return False
    raise_alert(
        ATTESTATION,
        f"{workflow.name} was to be attested anew by {due_at:%-d %B %Y}. Two governance owners who "
        "did not build it sign its gate again, or one of them moves it back.",
        workflow=workflow.slug,
        at=at,
        data={"stage": workflow.stage, "due_at": moment(due_at)},
    )
    return True
