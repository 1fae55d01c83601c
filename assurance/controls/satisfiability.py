"""What a condition can never be, found before it is live. Pure.

A condition may be legal and still be a slip: two tests that no case meets together, a rule behind
one that takes all of its cases. Here such a thing is *proved*, by trying every way in which the
tree could hold and finding a conflict in each. What cannot be proved within the cap is not said.

`contradictions` are refused when a change is saved; `warnings` are shown beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from assurance.controls.choices import ROUTED, Item, Stage, Tier
from assurance.controls.condition_conflicts import Demand, conflict
from assurance.controls.condition_problems import problems as type_problems
from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import (
    All,
    AnyOf,
    ConditionError,
    Node,
    Not,
    Problem,
    Test,
    Tree,
)
from assurance.controls.condition_types import plan
from assurance.controls.fields import EVERYTHING, Catalogue
from assurance.controls.wording import name as field_name

# Steps for one question and for a whole set: about a twentieth of a second and two seconds.
MOST_STEPS = 10_000
MOST_STEPS_OF_A_SET = 400_000
KINDS = ("general", "specialist", "governance")


class Goal(NamedTuple):
    """A node and what is asked of its verdict, as in `Demand`."""

    node: Node
    want: bool = True
    sure: bool = True


class _Spent(Exception):
    """The cap is reached: nothing is said."""


class Prover:
    """Asks what can never be, counting its steps. `fields` are those of the last proof."""

    def __init__(self, catalogue: Catalogue = EVERYTHING, steps: int = MOST_STEPS_OF_A_SET) -> None:
        self.catalogue = catalogue
        self.left = steps
        self.fields: set[str] = set()
        self._now = 0

    def never(self, *goals: Goal) -> bool:
        """Whether it is proved that no case meets all the goals."""
        self.fields, self._now = set(), min(MOST_STEPS, self.left)
        before = self._now
        try:
            return self._refuted(list(goals), [])
        except _Spent:
            return False
        finally:
            self.left -= before - max(self._now, 0)

    def _refuted(self, goals: list[Goal], demands: list[Demand]) -> bool:
        demands, choices = list(demands), []
        while goals:
            node, want, sure = goals.pop()
            self._step(1)
            match node:
                case Test():
                    demands.append(Demand(node, plan(node, self.catalogue), want, sure))
                case Not(part):
                    goals.append(Goal(part, not want, sure))
                case All(parts) | AnyOf(parts):
                    each = [Goal(part, want, sure) for part in parts]
                    if isinstance(node, All) is want:
                        goals += each
                    else:
                        choices.append(each)
        self._step(sum(one.cost for one in demands))
        found = conflict(demands)
        if found:
            self.fields |= set(found)
            return True
        if not choices:
            return False
        choices.sort(key=len)
        rest = [_either(one) for one in choices[1:]]
        return all(self._refuted([*rest, one], demands) for one in choices[0])

    def _step(self, cost: int) -> None:
        self._now -= cost
        if self._now < 0:
            raise _Spent


def _either(goals: Sequence[Goal]) -> Goal:
    """A choice as one goal again. All its parts ask the same."""
    nodes, (_, want, sure) = tuple(one.node for one in goals), goals[0]
    return Goal(AnyOf(nodes) if want else All(nodes), want, sure)


def never_matches(tree: Tree | Node, catalogue: Catalogue = EVERYTHING) -> bool:
    """Whether it is proved that this condition holds for no case whatever."""
    return Prover(catalogue).never(Goal(read(tree)))


def always_matches(tree: Tree | Node, catalogue: Catalogue = EVERYTHING) -> bool:
    """Whether it is proved that this condition is false for no case: it holds wherever its fields
    are known."""
    return Prover(catalogue).never(Goal(read(tree), want=False))


def contradictions(content: Mapping[str, Any], catalogue: Catalogue) -> list[Problem]:
    """Every condition of a content that contradicts itself, with its place."""
    prover = Prover(catalogue.for_routing())
    return [
        Problem(at, "contradiction", _contradiction(prover, catalogue))
        for _, at, node in _conditions(content, catalogue)
        if prover.never(Goal(node))
    ]


def warnings(
    content: Mapping[str, Any], catalogue: Catalogue, queue_kinds: Mapping[str, str] | None = None
) -> list[Problem]:
    """What is legal in a whole content and most likely a slip: `contradiction`, `never_matches`,
    `always_matches`, `shadowed`, each with its place and a way out.

    `queue_kinds` gives each queue's kind by slug: a rule never takes what needs a higher kind.
    """
    prover = Prover(catalogue.for_routing())
    known = _what_is_known(content)
    found: list[Problem] = []
    for item, at, node in _conditions(content, catalogue):
        found += _of_one(prover, item, at, node, known, catalogue)
    return found + _shadowed(prover, content, catalogue, queue_kinds or {}, known)


def _of_one(
    prover: Prover, item: str, at: str, node: Node, known: list[Goal], catalogue: Catalogue
) -> list[Problem]:
    if prover.never(Goal(node)):
        return [Problem(at, "contradiction", _contradiction(prover, catalogue))]
    if prover.never(Goal(node), *known):
        return [Problem(at, "never_matches", _never(prover, catalogue))]
    if prover.never(Goal(node, want=False), *known):
        return [Problem(at, "always_matches", ALWAYS[Item(item)])]
    return [
        Problem(
            f"{at}{pointer}",
            "never_matches",
            "No case can meet this part, so the others alone decide. Change or remove it.",
        )
        for pointer, part in _alternatives(node, "")
        if prover.never(Goal(part), *known)
    ]


ALWAYS = {
    Item.CONTROL: (
        "This condition excludes no case: it holds wherever its fields are known. Narrow it, or "
        "leave it out if every case is meant."
    ),
    Item.RULE: (
        "This rule takes every case that it may: its condition holds wherever its fields are "
        "known, and no rule behind it is reached. Narrow it."
    ),
    Item.WAIVER: (
        "This waiver lets every case pass the control: its condition holds wherever its fields "
        "are known. Narrow it."
    ),
}


def _contradiction(prover: Prover, catalogue: Catalogue) -> str:
    about = _named(prover, catalogue)
    said = f"what it asks of {about} cannot be true together" if about else "it contradicts itself"
    return f"No case can ever meet this condition: {said}. Change or remove one of its tests."


def _never(prover: Prover, catalogue: Catalogue) -> str:
    about = _named(prover, catalogue)
    facts = [f"`{p}` can only be: {_choices(p)}." for p in sorted(prover.fields) if _choices(p)]
    said = " ".join(facts) or f"Of {about or 'its fields'} that can never be."
    return f"No case of this workflow can meet this condition. {said} Change or remove that test."


def _named(prover: Prover, catalogue: Catalogue) -> str:
    names = [field_name(path, catalogue.for_routing()) for path in sorted(prover.fields)]
    return " and ".join(names) if 0 < len(names) < 3 else ""


def _conditions(
    content: Mapping[str, Any], catalogue: Catalogue
) -> Iterator[tuple[str, str, Node]]:
    """Every condition that may be saved: of which item, where, and its nodes."""
    for item, part in (
        (Item.CONTROL, "controls"),
        (Item.RULE, "rules"),
        (Item.WAIVER, "waivers"),
    ):
        allowed = catalogue.for_routing() if item == Item.RULE else catalogue
        for index, one in enumerate(content.get(part) or ()):
            node = _sound(one.get("condition"), allowed)
            if node is not None:
                yield item, f"/{part}/{index}/condition", node


def _sound(tree: Any, catalogue: Catalogue) -> Node | None:
    """The nodes of a condition without another problem; that one is told elsewhere."""
    if tree is None:
        return None
    try:
        node = read(tree)
    except ConditionError:
        return None
    return None if type_problems(node, catalogue) else node


def _alternatives(node: Node, at: str) -> Iterator[tuple[str, Node]]:
    """The parts of every `any` that stands under no `not`."""
    match node:
        case All(parts):
            for index, part in enumerate(parts):
                yield from _alternatives(part, f"{at}/all/{index}")
        case AnyOf(parts) if len(parts) > 1:
            for index, part in enumerate(parts):
                yield f"{at}/any/{index}", part
                yield from _alternatives(part, f"{at}/any/{index}")
        case _:
            return


def _choices(path: str) -> str:
    closed: dict[str, Sequence[str]] = {
        "workflow.tier": Tier.values,
        "workflow.stage": Stage.values,
        "assessment.disposition": [str(one) for one in ROUTED],
    }
    return ", ".join(closed.get(path, ()))


def _what_is_known(content: Mapping[str, Any]) -> list[Goal]:
    """What is true of every case of this workflow that a rule can meet."""
    slug = content.get("workflow")
    known = [
        Test("workflow.tier", "in", tuple(Tier.values)),
        Test("workflow.stage", "in", tuple(Stage.values)),
        Test("assessment.disposition", "in", tuple(str(one) for one in ROUTED)),
    ]
    if isinstance(slug, str) and slug:
        known.append(Test("workflow.slug", "==", slug))
    return [Goal(test) for test in known]


def _shadowed(
    prover: Prover,
    content: Mapping[str, Any],
    catalogue: Catalogue,
    kinds: Mapping[str, str],
    known: list[Goal],
) -> list[Problem]:
    routing = catalogue.for_routing()
    rules = sorted(
        (
            (rule.get("position") or 0, index, rule, _sound(rule.get("condition"), routing))
            for index, rule in enumerate(content.get("rules") or ())
            if not rule.get("catch_all")
        ),
        key=lambda one: one[:2],
    )
    found: list[Problem] = []
    before: list[tuple[str, Goal]] = []
    for _, index, rule, node in rules:
        if node is None:
            continue
        mine = [Goal(node), _may_take(kinds.get(rule["queue"], KINDS[-1])), *known]
        if not prover.never(*mine):
            names = _who_shadows(prover, mine, before)
            if names:
                message = (
                    f"No case reaches this rule: {names} before it takes all that it would. Move "
                    "it up, narrow what stands before it, or remove it."
                )
                found.append(Problem(f"/rules/{index}/condition", "shadowed", message))
        takes = _may_take(kinds.get(rule["queue"], KINDS[0])).node
        before.append((f"“{rule['name']}”", Goal(All((node, takes)), want=False, sure=False)))
    return found


def _who_shadows(prover: Prover, mine: list[Goal], before: list[tuple[str, Goal]]) -> str:
    """The one earlier rule that suffices, or all together; empty where none is proved to."""
    for name, not_taken in before:
        if prover.never(*mine, not_taken):
            return name
    if len(before) > 1 and prover.never(*mine, *(goal for _, goal in before)):
        return "what the rules take together"
    return ""


def _may_take(kind: str) -> Goal:
    """What a rule may take: its queue's kind or a lower one."""
    highest = KINDS.index(kind) if kind in KINDS else -1
    allowed = tuple(str(one) for one in ROUTED[: highest + 1]) or ("none",)
    return Goal(Test("assessment.disposition", "in", allowed))
