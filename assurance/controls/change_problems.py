"""What is wrong with the edits of a change, each with its place in the edits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from assurance.accounts.models import User
from assurance.controls import candidates
from assurance.controls.choices import Item
from assurance.controls.conditions import Problem
from assurance.controls.definition_shapes import nearest, plain_problems, shown
from assurance.controls.definition_verifiers import known_verifiers
from assurance.controls.fields import Catalogue
from assurance.controls.models import ControlVersion, Workflow
from assurance.controls.queues import queue_kinds
from assurance.controls.satisfiability import contradictions
from assurance.controls.validation import problems
from assurance.errors import DomainError

PLACE = re.compile(r"^/(controls|rules|queue_policies|waivers)/(\d+)(.*)$")
# Whoever still needs a waiver after a year says so again.
LONGEST_WAIVER = timedelta(days=366)
ITEMS = {part: item for item, (part, _) in candidates.PARTS.items()}


def edit_problems(
    workflow: Workflow, base: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]
) -> list[Problem]:
    """Every problem: of each edit's own shape, then of the whole set as it would be."""
    found = [*_shape_problems(base, edits), *_foreign_keys(workflow, edits)]
    if found:
        return found
    written = candidates.as_written(base, edits)
    places = _places(written, edits)
    if found := set_problems(workflow, written | {"fields": base["fields"]}):
        return [_placed(problem, places) for problem in found]
    candidate = candidates.apply(base, edits)
    places = _places(candidate, edits)
    # In what the change leaves alone it is only a warning, so that the rest can be mended.
    contradicting = [
        problem
        for problem in contradictions(candidate, Catalogue.from_json(candidate["fields"]))
        if _in_edits(problem.pointer, places) != "/edits"
    ]
    return [_placed(problem, places) for problem in contradicting]


def _placed(problem: Problem, places: Mapping[tuple[str, int], int]) -> Problem:
    return Problem(_in_edits(problem.pointer, places), problem.code, problem.message)


def set_problems(workflow: Workflow, content: Mapping[str, Any]) -> list[Problem]:
    """Every problem of a whole content, pointers leading into it. A control may go on naming the
    owner that it had: somebody who leaves stops no change of what they owned."""
    found = problems(
        {name: value for name, value in content.items() if name not in ("workflow", "fields")},
        catalogue=Catalogue.from_json(content["fields"]),
        known_people=set(User.objects.filter(is_active=True).values_list("username", flat=True)),
        known_queues=queue_kinds(),
        tier=workflow.tier,
        known_verifiers=known_verifiers(),
    )
    gone = {problem.pointer for problem in found if problem.code == "unknown_person"}
    if not gone:
        return found
    had = set(ControlVersion.objects.filter(workflow=workflow).values_list("key", "content__owner"))
    stays = {
        f"/controls/{index}/owner"
        for index, one in enumerate(content["controls"])
        if (one.get("key"), one.get("owner")) in had
    }
    return [one for one in found if one.pointer not in gone & stays]


def expiry_problems(edits: Sequence[Mapping[str, Any]], at: datetime) -> list[Problem]:
    """What is wrong with the ends of the waivers that are written, `at` this moment. The shape is
    looked at elsewhere."""
    found: list[Problem] = []
    for index, edit in enumerate(edits):
        if edit["item"] != Item.WAIVER or edit["content"] is None:
            continue
        end = datetime.fromisoformat(edit["content"]["expires_at"])
        latest = at + LONGEST_WAIVER
        place = f"/edits/{index}/content/expires_at"
        if end <= at:
            message = f"The waiver {edit['key']} would be over already. Give it an end to come."
            found.append(Problem(place, "in_the_past", message))
        elif end > latest:
            message = (
                f"The waiver {edit['key']} would hold for more than a year. Let it end by "
                f"{latest:%Y-%m-%dT%H:%M}Z at the latest; it can be renewed."
            )
            found.append(Problem(place, "too_late", message))
    return found


def refuse(found: Sequence[Problem]) -> None:
    """422 `bad_change` with every problem, if there is one."""
    if not found:
        return
    first = found[0]
    more = f" ({len(found)} problems in all)" if len(found) > 1 else ""
    raise DomainError(
        "bad_change",
        f"{first.message}{more} Nothing was saved.",
        status=422,
        errors=[{"pointer": p.pointer, "code": p.code, "message": p.message} for p in found],
    )


def _shape_problems(base: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]) -> list[Problem]:
    found: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for index, edit in enumerate(edits):
        at = f"/edits/{index}"
        item, key, content = edit["item"], edit["key"], edit["content"]
        if item not in Item.values:
            message = f"{shown(item)} is nothing that can be edited. Use: {', '.join(Item.values)}."
            found.append(Problem(f"{at}/item", "unknown_value", message))
            continue
        if content is not None and (unclean := plain_problems(content)):
            found += [Problem(f"{at}/content{p.pointer}", p.code, p.message) for p in unclean]
            continue
        if (item, key) in seen:
            message = f"Edit {seen[item, key] + 1} is about the same. Keep one of the two."
            found.append(Problem(at, "duplicate", message))
        seen.setdefault((item, key), index)
        if item == Item.SPECIFICATION:
            if content is None:
                message = "A workflow has a specification. Send it whole."
                found.append(Problem(f"{at}/content", "missing", message))
            continue
        part, name = candidates.PARTS[item]
        if content is None and candidates.item_of(base, item, key) is None:
            known = [one[name] for one in base.get(part, ())]
            hint = nearest(key, known)
            said = f"Did you mean “{hint}”?" if hint else "Leave this edit out."
            message = f"There is no {Item(item).label.lower()} {shown(key)} to remove. {said}"
            found.append(Problem(f"{at}/key", "unknown_item", message))
        if content is not None and not isinstance(content, Mapping):
            found.append(Problem(f"{at}/content", "wrong_type", "Write an object with keys."))
        elif content is not None and content.get(name, key) != key:
            message = f"The edit is about {shown(key)}, its content says {shown(content[name])}."
            found.append(Problem(f"{at}/content/{name}", "other_key", f"{message} Use one key."))
    return found


def _foreign_keys(workflow: Workflow, edits: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Control keys are unique in the installation."""
    mine = {
        edit["key"]: index
        for index, edit in enumerate(edits)
        if edit["item"] == Item.CONTROL and edit["content"] is not None
    }
    taken = (
        ControlVersion.objects.filter(key__in=mine)
        .exclude(workflow=workflow)
        .values_list("key", flat=True)
        .distinct()
    )
    return [
        Problem(
            f"/edits/{mine[key]}/key",
            "control_key_used",
            f"The control key {key} is used in another workflow. Choose another.",
        )
        for key in taken
    ]


def _places(
    candidate: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, int], int]:
    """Which edit made the item at each place of the content."""
    places = {}
    for index, edit in enumerate(edits):
        if edit["item"] == Item.SPECIFICATION:
            places["specification", 0] = index
        if edit["item"] == Item.SPECIFICATION or edit["content"] is None:
            continue
        part, name = candidates.PARTS[edit["item"]]
        for position, one in enumerate(candidate[part]):
            if one[name] == edit["key"]:
                places[part, position] = index
    return places


def _in_edits(pointer: str, places: Mapping[tuple[str, int], int]) -> str:
    if pointer.startswith("/specification") and ("specification", 0) in places:
        return f"/edits/{places['specification', 0]}/content{pointer[14:]}"
    found = PLACE.match(pointer)
    if found is None:
        return "/edits"
    index = places.get((found[1], int(found[2])))
    return "/edits" if index is None else f"/edits/{index}/content{found[3]}"
