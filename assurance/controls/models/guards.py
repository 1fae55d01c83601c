"""Triggers that nobody talks out of their duty: they run functions of our own, since those that
pgtrigger writes can be switched off by a session variable. A migration makes the functions; a test
holds them against the text that stands here."""

from __future__ import annotations

from typing import Any

import pgtrigger


class Guard(pgtrigger.Trigger):
    """Runs `<app>_<name>()`, whose body is `func` with what `declare` declares."""

    when = pgtrigger.Before

    def render_execute(self, model: Any) -> str:
        return f"{model._meta.app_label}_{self.name}()"


NEVER_DELETED = """
    RAISE EXCEPTION 'Cannot delete rows of %: they are kept', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
"""
NEVER_REWRITTEN = """
    IF to_jsonb(NEW) - ARRAY[{columns}] IS DISTINCT FROM
       to_jsonb(OLD) - ARRAY[{columns}] THEN
        RAISE EXCEPTION 'Cannot update rows of %: only {spoken} may change',
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;{more}
    RETURN NEW;
"""


def never_deleted(prefix: str = "") -> Guard:
    """No row ever goes, by DELETE or TRUNCATE."""
    return Guard(
        name=f"{prefix}never_deleted",
        level=pgtrigger.Statement,
        operation=pgtrigger.Delete | pgtrigger.Truncate,
        func=NEVER_DELETED,
    )


def kept_but(*columns: str, prefix: str = "", more: str = "") -> list[pgtrigger.Trigger]:
    """No row ever goes, and only these columns of one are ever written again. `more` is asked
    besides, of each update."""
    listed = ", ".join(f"'{column}'" for column in columns)
    func = NEVER_REWRITTEN.format(columns=listed, spoken=", ".join(columns), more=more.rstrip())
    return [
        never_deleted(prefix),
        Guard(name=f"{prefix}never_rewritten", operation=pgtrigger.Update, func=func),
    ]
