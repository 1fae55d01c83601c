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
    read,
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

# How a value `{v}` that is there and not null fills a slot. The exact type is asked first
# because that is one instruction; `isinstance` catches subclasses, such as Django's choices.
_READ: dict[FieldType | None, str] = {
    "string": "if type({v}) is str or isinstance({v}, str): {s} = {v}",
    "number": "if type({v}) is int or (type({v}) is float and {v} - {v} == 0)"
    " or is_number({v}): {s} = {v}",
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
    namespace = _NAMES | {f"k{n}": items for n, items in enumerate(writer.constants)}
    exec(compile(source, "<conditions>", "exec"), namespace)  # noqa: S102  # nosec B102
    judge: Judge = namespace["judge"]
    judge.source = source  # type: ignore[attr-defined]
    return judge


@dataclass
class _Branch:
    """One key of the facts: what is read there, and the keys below it."""

    slots: dict[FieldType | None, str] = field(default_factory=dict)
    keys: dict[str, _Branch] = field(default_factory=dict)


class _Writer:
    """Collects slots and constants while it writes the conditions as expressions."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.root = _Branch()
        self.slots: list[str] = []
        self.presence: list[str] = []
        self.constants: list[frozenset[Scalar]] = []
        self.temporaries = 0

    def condition(self, node: Node) -> str:
        """The quick expression where every field is known, else the careful one."""
        self.temporaries = 0
        careful = self.careful(node)
        needed: dict[str, None] = {}
        quick = self.quick(node, needed)
        if quick is None:
            return careful
        known = " and ".join(f"{slot} is not None" for slot in needed)
        return f"({quick} if {known} else {careful})" if known else quick

    # -- expressions ---------------------------------------------------------------------------

    def quick(self, node: Node, needed: dict[str, None]) -> str | None:
        """Plain Python for the case that all `needed` slots are known; None if there is none."""
        match node:
            case All(parts) | AnyOf(parts):
                written = [self.quick(part, needed) for part in parts]
                word = " and " if isinstance(node, All) else " or "
                return None if None in written else f"({word.join(filter(None, written))})"
            case Not(part):
                inner = self.quick(part, needed)
                return None if inner is None else f"(not {inner})"
            case Test():
                how = plan(node, self.catalogue)
                if how is None or (how.is_dynamic and node.op not in PRESENCE):
                    return None
                expression, slots = self.comparison(node, how)
                needed.update(dict.fromkeys(slots))
                return expression

    def careful(self, node: Node) -> str:
        """Kleene's logic: the first decisive part decides, else one unknown leaves it open."""
        match node:
            case All((only,)) | AnyOf((only,)):
                return self.careful(only)
            case All(parts) | AnyOf(parts):
                decisive = "False" if isinstance(node, All) else "True"
                names = [self.temporary() for _ in parts]
                decided = " or ".join(
                    f"({name} := {self.careful(part)}) is {decisive}"
                    for name, part in zip(names, parts, strict=True)
                )
                unknown = " or ".join(f"{name} is None" for name in names)
                otherwise = decisive == "False"
                return f"({decisive} if {decided} else None if {unknown} else {otherwise})"
            case Not(part):
                name = self.temporary()
                return f"(None if ({name} := {self.careful(part)}) is None else not {name})"
            case Test():
                how = plan(node, self.catalogue)
                if how is None:
                    return "None"
                expression, slots = self.comparison(node, how)
                known = " and ".join(f"{slot} is not None" for slot in slots)
                return f"({expression} if {known} else None)" if known else expression

    def temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def comparison(self, test: Test, how: Plan) -> tuple[str, tuple[str, ...]]:
        """The expression of one test, and the slots that must be known for it to mean anything."""
        if test.op in PRESENCE:
            slot = self.slot(test.field, None)
            return (slot if test.op == "present" else f"(not {slot})"), ()
        left = self.slot(test.field, how.left)
        if test.other is not None and how.right is not None:
            right = self.slot(test.other, how.right)
            needed = (left,) if left == right else (left, right)
        else:
            right, needed = self.literal(how.literal), (left,)
        if test.op in ORDER:
            return f"{left} {test.op} {right}", needed
        if test.op == "starts_with":
            return f"{left}.startswith({right})", needed
        return self.sameness(test.op, how, left, right), needed

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
        items = frozenset(value)
        if items not in self.constants:
            self.constants.append(items)
        return f"k{self.constants.index(items)}"

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


def _checked(value: Json) -> str:
    """The `repr` of a literal, of exactly these types: a subclass could print anything."""
    if type(value) not in (str, float, bool, int):
        raise TypeError(f"{type(value).__name__} is no literal of a condition.")
    return repr(value)
