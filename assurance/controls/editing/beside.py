"""What stands beside an editing form: the rule in words and as CEL, slips, what differs from what
is live, and the preview."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assurance.accounts.models import User
from assurance.controls import candidates
from assurance.controls.choices import Item
from assurance.controls.differences import differences
from assurance.controls.editing import preview_words, saving
from assurance.controls.editing.item_forms import ItemForm
from assurance.controls.editing.items import Opened
from assurance.controls.messages import rendered
from assurance.controls.presenting.pieces import pieces
from assurance.controls.preview import preview
from assurance.errors import DomainError

MOST_WORDS = 12
# What a new item is called while nobody has named it.
UNNAMED = "unnamed"


def present(
    form: ItemForm, opened: Opened, *, by: User, at: datetime, with_preview: bool
) -> dict[str, Any]:
    """What the column beside a form shows of what is typed right now."""
    content = form.content(lenient=True) if form.is_bound else form.before
    condition = content.get("condition")
    rates = []
    if form.group is not None and form.has_condition:
        rates = [(row.slug, form.choices.rate(row)) for row in form.group.rows()]
    page: dict[str, Any] = {
        "words": form.told(condition) if form.has_condition else None,
        "slips": saving.slips(opened, content) if form.has_condition else [],
        "spoken": _spoken(form, content),
        "differs": _differs(opened, content) if form.is_sound else [],
        "rates": rates,
    }
    if with_preview:
        page |= _preview(form, opened, content, by=by, at=at)
    return page


def _preview(
    form: ItemForm, opened: Opened, content: Mapping[str, Any], *, by: User, at: datetime
) -> dict[str, Any]:
    """What it would have done; nothing while it cannot be judged or nothing is asked yet."""
    if not form.has_condition or {*form.errors} - form.unneeded:
        return {"preview_waits": form.has_condition}
    if opened.item == Item.RULE and content.get("condition") is None:
        return {"preview_waits": True}
    asked = dict(content)
    if form.written is not None and form.written.tree is not None:
        asked["condition"] = form.written.tree  # its pointers lead to the rows
    key = saving.key_of(opened, asked) or UNNAMED
    if opened.item in candidates.PARTS:
        asked[candidates.PARTS[opened.item][1]] = key
    try:
        found = preview(opened.workflow, item=opened.item, key=key, content=asked, at=at)
    except DomainError:
        return {"preview_waits": True}
    said: dict[str, Any] = {"preview": preview_words.told(found, user=by, at=at)}
    if form.written is not None:
        said["rates"] = preview_words.rates(found, form.written.places)
    return said


def _spoken(form: ItemForm, content: Mapping[str, Any]) -> str:
    """The sentence for the reviewer, on the newest case."""
    template = content.get("message")
    if form.opened.item != Item.CONTROL or not template or not form.cases:
        return ""
    return rendered(template, form.cases[0], form.opened.catalogue)


def _differs(opened: Opened, content: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """What this item would say that the live one does not, in words."""
    if opened.live is None:
        return []
    base = opened.live_set.content
    one = {"item": opened.item, "key": opened.key, "content": content}
    found = differences(base, candidates.apply(base, [one]))
    mine = (d for d in found if (d.item, d.key) == (opened.item, opened.key))
    return [pieces(word) for difference in mine for word in difference.words[:MOST_WORDS]]
