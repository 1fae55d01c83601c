"""The cases of one workflow that are in flight, as a table: what a pause holds is listed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from reviews.choices import State
from reviews.models import Case
from reviews.presenting import lists

if TYPE_CHECKING:
    from assurance.accounts.models import User
    from assurance.controls.models import Workflow

MOST = 50
ALREADY = "Workflow"  # the page is about it


def present(workflow: Workflow, user: User, at: datetime) -> dict[str, Any] | None:
    """What this person may see of it, newest first; None where they see none. `text` says so
    where there are more than fit."""
    visible = Case.objects.visible_to(user, at).filter(
        workflow=workflow, state__in=(State.OPEN, State.PAUSED)
    )
    cases = list(visible.for_list().newest_first()[: MOST + 1])
    if not cases:
        return None
    table = lists.case_table(cases[:MOST], at)
    rows = [{"cells": [c for c in row["cells"] if c["label"] != ALREADY]} for row in table["rows"]]
    more = f"The newest {MOST}." if len(cases) > MOST else ""
    return table | {
        "columns": [one for one in table["columns"] if one["label"] != ALREADY],
        "rows": rows,
        "caption": f"Cases of {workflow.name} in flight",
        "text": more,
        "url": f"/cases/?workflow={workflow.slug}",
    }
