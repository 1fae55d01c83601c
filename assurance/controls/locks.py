"""The lock of a workflow: intake shares it, publishing and pausing take it alone, so no case is
committed under a set that has been replaced."""

from __future__ import annotations

from django.db import connection

from assurance.controls.models import Workflow


def lock_workflow(workflow: Workflow, *, shared: bool) -> None:
    """Held until the transaction ends."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [f"workflow:{workflow.slug}"])
