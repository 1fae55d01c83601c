"""Triggers that nobody talks out of their duty: they run functions of our own, since those that
pgtrigger writes can be switched off by a session variable. A migration makes the functions; a test
holds them against the text that stands here."""

from __future__ import annotations

from typing import Any

import pgtrigger


class Guard(pgtrigger.Trigger):
    """Runs `controls_<name>()`, whose body is `func` with what `declare` declares."""

    when = pgtrigger.Before

    def render_execute(self, model: Any) -> str:
        return f"controls_{self.name}()"
