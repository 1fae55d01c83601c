"""Every condition of a control set in one generated function: the live path.

    def judge(facts):
        s0 = s1 = None                                     one slot per field and type read
        v0 = facts.get('output')
        if isinstance(v0, dict):                           each object is opened once
            v1 = v0.get('amount')
            if type(v1) is float or ...: s0 = v1           each field is read and checked once
        return [
            (s0 > 2500 if s0 is not None else None),       one expression per condition
        ]

What makes it quick: fields are shared by all conditions; a condition whose fields are all known,
the usual case, is plain `and`/`or`; only else is Kleene's logic spelled out.

What makes it safe: slots and constants are numbered, never named after data. Of the data only
the `repr` of checked text, numbers and booleans reaches `compile`; the function runs without
builtins and has no loop, so its cost is linear in the size of the conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import (
    EQUALITY,
    MEMBERSHIP,
    ORDER,
    PRESENCE,
    All,
    AnyOf,
    Node,
    Not,
    Scalar,
    Test,
    Tree,
)
from assurance.controls.condition_types import Plan, plan
from assurance.controls.fields import EVERYTHING, Catalogue
from assurance.controls.readings import (
    FieldType,
    Json,
    Verdict,
    as_date,
    as_date_time,
    contains,
    equal,
    holds,
    is_number,
    type_of,
)

Judge = Callable[[Mapping[str, Any]], list[Verdict]]

# Up to here Python turns a set in the source into one constant just as quickly as we could.
_SHORT_LIST = 16

# How a value `{v}` that is there and not null fills a slot. Of numbers the exact type is asked
# first, because that is one instruction; infinity minus itself is not 0, nor is NaN.
_READ: dict[FieldType | None, str] = {
    "string": "if isinstance({v}, str): {s} = {v}",
    "number": "if (type({v}) is float and {v} - {v} == 0.0)"
    " or type({v}) is int or is_number({v}): {s} = {v}",
    "boolean": "if {v} is True or {v} is False: {s} = {v}",
    "list": "if isinstance({v}, list): {s} = {v}",
    "date": "{s} = as_date({v})",
    "date-time": "{s} = as_date_time({v})",
    "any": "if type_of({v}) is not None: {s} = {v}",
    None: "{s} = True",  # presence
}
_NAMES: dict[str, Any] = {
    "__builtins__": {},
    **{known.__name__: known for known in (type, isinstance, dict, list, str, int, float)},
    **{known.__name__: known for known in (as_date, as_date_time, is_number, type_of)},
    **{known.__name__: known for known in (contains, equal, holds)},
}


def compile_conditions(
    trees: Sequence[Tree | Node | None], catalogue: Catalogue = EVERYTHING
) -> Judge:
    """One function for all the trees: facts in, a verdict per tree out, in the same order.

    No tree is always true. The function's `source` attribute holds the text that was compiled.
    Raises ConditionError if a tree has no legal shape. Types that the catalogue forbids do not
    raise: such a test is unknown, so a changed schema never stops the live path.
    """
    writer = _Writer(catalogue)
    verdicts = [writer.condition(read(tree)) if tree is not None else "True" for tree in trees]
    source = "\n".join([*writer.reading(), "    return [", *(f"  {v}," for v in verdicts), "    ]"])
    namespace = _NAMES | {name: items for items, name in writer.constants.items()}
    exec(compile(source, "<conditions>", "exec"), namespace)  # noqa: S102  # nosec B102
    judge: Judge = namespace["judge"]
    judge.source = source  # type: ignore[attr-defined]
    return judge


@dataclass
class _Branch:
    """One key of the facts: what is read there, and the keys below it."""

    slots: dict[FieldType | None, str] = field(default_factory=dict)
    keys: dict[str, _Branch] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Written:
    """A node as source: `quick` holds where all `slots` are known (None: no such form exists),
    `careful` always."""

    quick: str | None
    careful: str
    slots: dict[str, None]


class _Writer:
    """Collects slots and constants while it writes the conditions as expressions."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.root = _Branch()
        self.slots: list[str] = []
        self.presence: list[str] = []
        self.constants: dict[frozenset[Scalar], str] = {}
        self.temporaries = 0

    def condition(self, node: Node) -> str:
        """The quick expression where every field is known, else the careful one."""
        self.temporaries = 0
        written = self.node(node)
        if written.quick is None:
            return written.careful
        # Tested, a comparison is one machine step for Python; as a value it takes two.
        quick = f"(True if {written.quick} else False)"
        return f"({quick} if {_known(written.slots)} else {written.careful})"

    # -- expressions ---------------------------------------------------------------------------

    def node(self, node: Node) -> _Written:
        match node:
            case All((only,)) | AnyOf((only,)):
                return self.node(only)
            case All(parts) | AnyOf(parts):
                return self.group([self.node(part) for part in parts], isinstance(node, All))
            case Not(part):
                inner, name = self.node(part), self.temporary()
                quick = None if inner.quick is None else f"(not {inner.quick})"
                careful = f"(None if ({name} := {inner.careful}) is None else not {name})"
                return _Written(quick, careful, inner.slots)
            case Test():
                return self.test(node)

    def group(self, parts: list[_Written], is_all: bool) -> _Written:
        """Kleene's logic: the first decisive part decides, else one unknown leaves it open."""
        decisive, otherwise = ("False", "True") if is_all else ("True", "False")
        names = [self.temporary() for _ in parts]
        decided = " or ".join(
            f"({name} := {part.careful}) is {decisive}"
            for name, part in zip(names, parts, strict=True)
        )
        unknown = " or ".join(f"{name} is None" for name in names)
        careful = f"({decisive} if {decided} else None if {unknown} else {otherwise})"
        quick = [part.quick for part in parts if part.quick is not None]
        slots = {slot: None for part in parts for slot in part.slots}
        if len(quick) < len(parts):
            return _Written(None, careful, slots)
        return _Written(f"({(' and ' if is_all else ' or ').join(quick)})", careful, slots)

    def test(self, test: Test) -> _Written:
        how = plan(test, self.catalogue)
        if how is None:
            return _Written(None, "None", {})
        expression, *slots = self.comparison(test, how)
        needed = dict.fromkeys(slots)
        careful = f"({expression} if {_known(needed)} else None)"
        is_sure = test.op in PRESENCE or not how.is_dynamic
        return _Written(expression if is_sure else None, careful, needed)

    def temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def comparison(self, test: Test, how: Plan) -> tuple[str, ...]:
        """The expression of one test, then the slots that must be known for it to mean anything."""
        if test.op in PRESENCE:
            slot = self.slot(test.field, None)
            return (slot if test.op == "present" else f"(not {slot})",)
        slots = [self.slot(test.field, how.left)]
        if test.other is not None and how.right is not None:
            slots.append(self.slot(test.other, how.right))
            left, right = slots
        else:
            left, right = slots[0], self.literal(how.literal)
        if test.op in ORDER:
            return f"{left} {test.op} {right}", *slots
        if test.op == "starts_with":
            return f"{left}.startswith({right})", *slots
        return self.sameness(test.op, how, left, right), *slots

    def sameness(self, op: str, how: Plan, left: str, right: str) -> str:
        """Equality and membership: Python's own where types are sure, else by way of `readings`."""
        if op == "contains":
            # Text can only equal text, so Python's `in` is exact; True == 1 spoils it for the rest.
            sure = how.left in ("string", "list") and "string" in (how.right, type_of(how.literal))
            return f"{right} in {left}" if sure else f"contains({left}, {right})"
        if op in EQUALITY and not how.is_dynamic:
            return f"{left} {op} {right}"
        if op in MEMBERSHIP and (isinstance(how.literal, tuple) or how.left == "string"):
            return f"{left} {op.replace('_', ' ')} {right}"
        call = f"equal({left}, {right})" if op in EQUALITY else f"holds({right}, {left})"
        if op in ("==", "in"):
            return call
        answer = self.temporary()
        return f"(None if ({answer} := {call}) is None else not {answer})"

    def literal(self, value: Scalar | tuple[Scalar, ...] | None) -> str:
        """A checked literal as source; a long list as a numbered constant."""
        if not isinstance(value, tuple):
            return _checked(value)
        if len(value) <= _SHORT_LIST:
            return f"{{{', '.join(_checked(item) for item in value)}}}"
        return self.constants.setdefault(frozenset(value), f"k{len(self.constants)}")

    # -- reading -------------------------------------------------------------------------------

    def slot(self, path: str, type_: FieldType | None) -> str:
        """The local variable that holds this field read as this type (None: its presence)."""
        branch = self.root
        for key in path.split("."):
            branch = branch.keys.setdefault(key, _Branch())
        if type_ not in branch.slots:
            names = self.presence if type_ is None else self.slots
            letter = "p" if type_ is None else "s"
            branch.slots[type_] = f"{letter}{len(names)}"
            names.append(branch.slots[type_])
        return branch.slots[type_]

    def reading(self) -> Iterator[str]:
        """The part of the function that fills the slots."""
        yield "def judge(facts):"
        if self.slots:
            yield f"    {' = '.join(self.slots)} = None"
        if self.presence:
            yield f"    {' = '.join(self.presence)} = False"
        yield from self.opened(self.root, "facts", depth=0)

    def opened(self, branch: _Branch, holder: str, depth: int) -> Iterator[str]:
        indent, value = "    " + " " * 2 * depth, f"v{depth}"
        for key, below in branch.keys.items():
            yield f"{indent}{value} = {holder}.get({key!r})"
            if below.slots:
                yield f"{indent}if {value} is not None:"
                for type_, slot in below.slots.items():
                    yield f"{indent}  {_READ[type_].format(v=value, s=slot)}"
            if below.keys:
                yield f"{indent}if isinstance({value}, dict):"
                yield from self.opened(below, value, depth + 1)


def _known(slots: dict[str, None]) -> str:
    return " and ".join(f"{slot} is not None" for slot in slots) or "True"


def _checked(value: Json) -> str:
    """The `repr` of a literal, of exactly these types: a subclass could print anything."""
    if type(value) not in (str, float, bool, int):
        raise TypeError(f"{type(value).__name__} is no literal of a condition.")
    return repr(value)
