"""Random conditions and malformed facts, for the property tests.

The trees have a legal shape, nothing more: fields of every declared type meet operators and
values that do not suit them. The facts are what a drifting system sends: values missing, null,
of the wrong type, dates that are none.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from assurance.controls.condition_tree import EQUALITY, MEMBERSHIP, ORDER, PRESENCE, TEXT
from assurance.controls.fields import Catalogue, catalogue_from_schemas
from assurance.controls.readings import type_of

CATALOGUE: Catalogue = catalogue_from_schemas(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "number", "title": "Loan amount", "unit": "EUR"},
            "term": {"type": ["integer", "null"]},
            "name": {"type": "string", "sensitive": True},
            "flag": {"type": "boolean"},
            "tags": {"type": "array"},
            "when": {"type": "string", "format": "date-time"},
            "day": {"type": "string", "format": "date"},
            "applicant": {"type": "object", "properties": {"age": {"type": "number"}}},
        },
    },
    None,
)
LEAVES = {
    "output": ("amount", "term", "name", "flag", "tags", "when", "day"),
    "context": ("a", "b", "credit score"),
    "signals": ("confidence",),
}
PATHS = (
    *(f"{root}.{key}" for root, keys in LEAVES.items() for key in keys),
    "output.applicant.age",
    "context.deep.er",
    "proposed_action",
    "occurred_at",
)

texts = st.sampled_from(
    ["", "a", "ab", "broker", "Broker", 'say "no"\n', "naïve \\ path", "1", "true", "\u200b", "𝄞"]
)
moments = st.sampled_from(
    [
        "2026-11-22",
        "2026-02-30",
        "2026-11-22T00:00:00Z",
        "2026-11-22T02:00:00+02:00",
        "2026-11-21T23:59:59-00:01",
        "2026-11-22T10:31:00",
        "0001-01-01",
        "9999-12-31T23:59:59Z",
    ]
)
numbers = st.sampled_from([0, 1, 1.0, -1, 0.8, 2500, 2500.0, -0.0, 2**53 - 1, 1e300, 5e-324])
scalars = st.one_of(texts, numbers, st.booleans(), moments)
same_type_lists = st.one_of(
    *(st.lists(values, min_size=1, max_size=20) for values in (texts, numbers, moments)),
    st.lists(st.booleans(), min_size=1, max_size=3),
)
paths = st.sampled_from(PATHS)


# What a well-behaved system puts into each field; an `any` field holds whatever it likes.
_SUITED: dict[str, st.SearchStrategy[Any]] = {
    "amount": numbers,
    "term": numbers,
    "confidence": numbers,
    "age": numbers,
    "name": texts,
    "flag": st.booleans(),
    "tags": st.lists(scalars, max_size=4),
    "when": moments,
    "day": moments,
    "proposed_action": texts,
    "occurred_at": moments,
}


def _tree(field: str, op: str, operand: Any, *, other: bool = False) -> dict[str, Any]:
    tree = {"field": field, "op": op}
    return tree if op in PRESENCE else tree | {"other" if other else "value": operand}


def _about(path: str) -> st.SearchStrategy[dict[str, Any]]:
    """Tests of one field that mostly make sense."""
    suited = _SUITED.get(path.rpartition(".")[2], scalars)
    if suited is _SUITED["tags"]:
        return st.builds(_tree, st.just(path), st.just("contains"), scalars)
    order = ORDER if suited in (numbers, moments) else (*EQUALITY, *TEXT)
    return st.one_of(
        st.builds(_tree, st.just(path), st.sampled_from((*EQUALITY, *order)), suited),
        st.builds(
            _tree,
            st.just(path),
            st.sampled_from(MEMBERSHIP),
            st.lists(suited, min_size=1, max_size=20).map(_of_one_type),
        ),
    )


def _of_one_type(items: list[Any]) -> list[Any]:
    return [item for item in items if type_of(item) == type_of(items[0])]


leaves = st.one_of(
    paths.flatmap(_about),
    paths.flatmap(_about),
    st.builds(_tree, paths, st.sampled_from((*EQUALITY, *ORDER, *TEXT)), scalars),
    st.builds(_tree, paths, st.sampled_from(MEMBERSHIP), same_type_lists),
    st.builds(
        _tree,
        paths,
        st.sampled_from((*EQUALITY, *ORDER, *MEMBERSHIP, *TEXT)),
        paths,
        other=st.just(True),
    ),
    st.builds(_tree, paths, st.sampled_from(PRESENCE), st.none()),
)


def _grown(trees: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    parts = st.lists(trees, min_size=1, max_size=4)
    return st.one_of(
        parts.map(lambda of: {"all": of}),
        parts.map(lambda of: {"any": of}),
        trees.map(lambda of: {"not": of}),
    )


trees = st.recursive(leaves, _grown, max_leaves=12)

values = st.one_of(
    scalars,
    st.none(),
    st.lists(st.one_of(scalars, st.none(), st.just([1])), max_size=4),
    st.just({}),
    st.sampled_from([float("nan"), float("inf")]),
)


def _held(key: str) -> st.SearchStrategy[Any]:
    suited = _SUITED.get(key, scalars)
    return st.one_of(suited, suited, suited, values)


def _objects(
    keys: tuple[str, ...], **more: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    each = {key: _held(key) for key in keys} | more
    full, with_holes = st.fixed_dictionaries(each), st.fixed_dictionaries({}, optional=each)
    return st.one_of(full, full, with_holes, values)


_parts: dict[str, st.SearchStrategy[Any]] = {
    "output": _objects(LEAVES["output"], applicant=_objects(("age",))),
    "context": _objects(LEAVES["context"], deep=_objects(("er",))),
    "signals": _objects(LEAVES["signals"]),
    "proposed_action": _held("proposed_action"),
    "occurred_at": _held("occurred_at"),
}
facts = st.one_of(
    st.fixed_dictionaries(_parts),
    st.fixed_dictionaries(_parts),
    st.fixed_dictionaries({}, optional=_parts),
)
