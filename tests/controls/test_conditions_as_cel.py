"""Plain CEL, asked with nothing but the printed text, agrees with us on malformed facts.

The oracle receives the facts without those catalogued fields that are null or of a wrong type;
what it then reports as an error is our *unknown*. The trees are those that plain CEL can express:
it knows no dates, and to it a value of a wrong type would be present.
"""

from __future__ import annotations

from typing import Any

import cel
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from assurance.controls.cel import to_cel
from assurance.controls.condition_tree import EQUALITY, ORDER
from assurance.controls.conditions import compile_conditions, evaluate, explain, problems
from tests.controls.test_conditions_agree import floats, kind_of
from tests.controls.trees import CATALOGUE, facts, numbers, texts

FIELDS = {
    path: field.type
    for path, field in CATALOGUE.fields.items()
    if path.startswith("output.") and field.type in ("number", "string", "boolean", "list")
}
OF_TYPE = {
    kind: [path for path, type in FIELDS.items() if type == kind] for kind in FIELDS.values()
}
scalars = st.one_of(texts, numbers, st.booleans())


def about(kind: str, ops: tuple[str, ...], operand: st.SearchStrategy[Any]) -> st.SearchStrategy:
    """Tests of the fields of one type against literals, or against each other."""
    paths = st.sampled_from(OF_TYPE[kind])
    with_value = st.builds(
        lambda field, op, value: {"field": field, "op": op, "value": floats(value)},
        paths, st.sampled_from(ops), operand,
    )  # fmt: skip
    if kind == "list":
        return with_value
    with_other = st.builds(
        lambda field, op, other: {"field": field, "op": op, "other": other},
        paths, st.sampled_from(ops), paths,
    )  # fmt: skip
    return st.one_of(with_value, with_value, with_other)


def among(kind: str, items: st.SearchStrategy[Any]) -> st.SearchStrategy:
    return st.builds(
        lambda field, op, value: {"field": field, "op": op, "value": floats(value)},
        st.sampled_from(OF_TYPE[kind]),
        st.sampled_from(("in", "not_in")),
        st.lists(items, min_size=1, max_size=6),
    )


leaves = st.one_of(
    about("number", (*EQUALITY, *ORDER), numbers),
    about("string", (*EQUALITY, "contains", "starts_with"), texts),
    about("boolean", EQUALITY, st.booleans()),
    about("list", ("contains",), scalars),
    among("number", numbers),
    among("string", texts),
    st.builds(
        lambda field, op: {"field": field, "op": op},
        st.sampled_from(sorted(FIELDS)),
        st.sampled_from(("present", "missing")),
    ),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=12,
)

# What a well-behaved system sends: with it most trees have a verdict.
sound = st.fixed_dictionaries(
    {
        "output": st.fixed_dictionaries(
            {
                **dict.fromkeys(("amount", "term"), numbers),
                "name": texts,
                "flag": st.booleans(),
                "tags": st.lists(scalars, max_size=4),
                "applicant": st.fixed_dictionaries({"age": numbers}),
            }
        )
    }
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, st.one_of(sound, facts))
def test_plain_cel_says_the_same_of_what_is_left_and_its_error_is_our_unknown(tree, case):
    output, wrong = cleaned(case)
    assume(not wrong & asked_for_presence(tree))
    assert problems(tree, CATALOGUE) == []

    said = in_cel(to_cel(tree, CATALOGUE), output)

    assert evaluate(tree, case, CATALOGUE) is said
    assert explain(tree, case, CATALOGUE).verdict is said
    assert compile_conditions([tree], CATALOGUE)(case) == [said]
    event(f"verdict {said}")


def in_cel(text: str, output: dict[str, Any]) -> bool | None:
    try:
        answer = cel.evaluate(text, {"output": output})
    except KeyError:
        return None
    assert isinstance(answer, bool), (text, answer)
    return answer


def cleaned(case: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """`output` without what is null or of a wrong type, and the paths that held a wrong type."""
    given_ = case.get("output")
    output = dict(given_) if isinstance(given_, dict) else {}
    if isinstance(output.get("applicant"), dict):
        output["applicant"] = dict(output["applicant"])
    else:
        output.pop("applicant", None)
    wrong = set()
    for path, declared in FIELDS.items():
        *parents, key = path.split(".")[1:]
        holder = output
        for parent in parents:
            holder = holder.get(parent, {})
        if key in holder:
            value = holder.pop(key)
            if value is not None and kind_of(value, declared) is None:
                wrong.add(path)
            elif value is not None:
                holder[key] = floats(value)
    return output, wrong


def asked_for_presence(tree: dict[str, Any]) -> set[str]:
    if "field" in tree:
        return {tree["field"]} if tree["op"] in ("present", "missing") else set()
    parts = [tree["not"]] if "not" in tree else tree.get("all") or tree["any"]
    return set().union(*map(asked_for_presence, parts))
