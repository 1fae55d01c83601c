"""How each test reads its two sides, decided once from the catalogue.

The rules, in the order they are applied:

1. A field is read as its declared type; a path that the catalogue does not know is `any`. A
   literal has the type it is written in, a list that of its items.
2. What stands opposite a `date` or `date-time` — a literal, or a field of type `any` — is read as
   the same. Dates and date-times compare with each other, as instants.
3. `== !=` compare text, numbers or booleans with their like, and moments with moments.
   `< <= > >=` compare numbers or moments: text that is not declared a date has no order.
4. `in` and `not_in` look for text, a number or a boolean in a list. In a list of literals a
   moment may be looked for too.
5. `contains` looks for text in text (case-sensitive), or for an item in a list; `starts_with`
   for text at the start of text.
6. `any` beside a known type is read as that type. Where both sides are `any`, the values decide,
   case by case, by the same rules.

Types that these rules do not bring together make the test unknown in every case, and a problem
when it is saved (`condition_problems`).
"""

from __future__ import annotations

from dataclasses import dataclass

from assurance.controls.condition_tree import (
    EQUALITY,
    MEMBERSHIP,
    ORDER,
    PRESENCE,
    Scalar,
    Test,
    literal_type,
)
from assurance.controls.fields import Catalogue
from assurance.controls.readings import MOMENTS, SCALARS, FieldType, read_as

Types = tuple[FieldType, FieldType]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the field, and the other field if there is one, are read as; the literal made ready.

    `literal` is a scalar, a tuple of scalars for a list, or None where another field stands.
    Moments are nanoseconds, as `readings.read_as` gives them.
    """

    left: FieldType
    right: FieldType | None = None
    literal: Scalar | tuple[Scalar, ...] | None = None

    @property
    def is_dynamic(self) -> bool:
        """Whether the values, not the catalogue, decide how the sides compare."""
        return "any" in (self.left, self.right)


def plan(test: Test, catalogue: Catalogue) -> Plan | None:
    """How this test reads its sides; None if they can never be compared."""
    left = catalogue.type_at(test.field)
    if test.op in PRESENCE:
        return Plan(left="any")
    if test.other is not None:
        types = _compatible(test.op, left, catalogue.type_at(test.other), against_list=False)
        return Plan(*types) if types else None
    if test.value is None:
        return None
    is_list = isinstance(test.value, tuple)
    right = literal_type(test.value)
    if left in MOMENTS and right == "string":
        right = "any"  # so that it is read as the field is: rule 2
    types = _compatible(test.op, left, right, against_list=is_list)
    literal = _made_ready(test.value, types[1]) if types else None
    return None if types is None or literal is None else Plan(types[0], None, literal)


def _compatible(op: str, left: FieldType, right: FieldType, *, against_list: bool) -> Types | None:
    """The types that both sides are read as, by the rules above."""
    if op in EQUALITY or (op in MEMBERSHIP and against_list):
        return _alike(left, right, SCALARS)
    if op in ORDER:
        if left == right == "any":
            return "number", "number"
        return _alike(left, right, frozenset({"number"}))
    if op in MEMBERSHIP:
        return (left, "list") if left in SCALARS | {"any"} and right in ("list", "any") else None
    if op == "starts_with":
        return ("string", "string") if {left, right} <= {"string", "any"} else None
    return _container(left, right)


def _alike(left: FieldType, right: FieldType, allowed: frozenset[str]) -> Types | None:
    """Both of one type out of `allowed`, or both moments."""
    left = right if left == "any" else left
    right = left if right == "any" else right
    if {left, right} <= MOMENTS or left == "any":
        return left, right
    return (left, right) if left == right and left in allowed else None


def _container(left: FieldType, right: FieldType) -> Types | None:
    """`contains`: text in text or an item in a list."""
    if left == "string":
        return ("string", "string") if right in ("string", "any") else None
    if left in ("list", "any"):
        return (left, right) if right in SCALARS | {"any"} else None
    return None


def _made_ready(
    value: Scalar | tuple[Scalar, ...], type_: FieldType
) -> Scalar | tuple[Scalar, ...] | None:
    """The literal as that type, or None if it, or one item of it, is not of that type."""
    if not isinstance(value, tuple):
        ready: Scalar | None = read_as(value, type_)
        return ready
    items = tuple(read_as(item, type_) for item in value)
    return None if None in items else items
