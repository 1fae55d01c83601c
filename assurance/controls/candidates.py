"""What a set would be: the content of a base with the edits of a change put in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assurance.controls.choices import Item
from assurance.controls.defaults import completed
from assurance.record.canonical import sha256_of

Json = dict[str, Any]

# Where an item lies in a set's content, and which of its fields is its key.
PARTS: dict[str, tuple[str, str]] = {
    Item.CONTROL: ("controls", "key"),
    Item.RULE: ("rules", "name"),
    Item.QUEUE_POLICY: ("queue_policies", "queue"),
    Item.WAIVER: ("waivers", "key"),
}


def item_of(content: Mapping[str, Any], item: str, key: str) -> Json | None:
    """One item of a set's content, None where it has none of that key."""
    if item == Item.SPECIFICATION:
        return content["specification"]
    part, name = PARTS[item]
    return next((one for one in content.get(part, ()) if one[name] == key), None)


def apply(content: Mapping[str, Any], edits: Iterable[Mapping[str, Any]]) -> Json:
    """The content with every edit put in and every default written out. The base's workflow and
    field catalogue stay."""
    source = as_written(content, edits)
    return {"workflow": content["workflow"], **completed(source), "fields": content["fields"]}


def as_written(content: Mapping[str, Any], edits: Iterable[Mapping[str, Any]]) -> Json:
    """The parts of the content with every edit put in as somebody wrote it: what is validated.
    Writing out the defaults leaves out what they do not know, a misspelt name too."""
    source = {
        "specification": content["specification"],
        **{part: list(content.get(part, ())) for part, _ in PARTS.values()},
    }
    for edit in edits:
        _put(source, edit["item"], edit["key"], edit["content"])
    return source


def _put(source: Json, item: str, key: str, content: Mapping[str, Any] | None) -> None:
    if item == Item.SPECIFICATION:
        source["specification"] = content or {}
        return
    part, name = PARTS[item]
    rest = [one for one in source[part] if one[name] != key]
    if content is not None:
        new = {**content, name: content.get(name) or key}
        if item == Item.RULE:
            new, rest = _placed(new, rest)
        rest.append(new)
    source[part] = rest


def _placed(rule: Json, others: Sequence[Json]) -> tuple[Json, list[Json]]:
    """The rule with its position, and the others moved on where it takes the place of one. Without
    a position it comes last of those with a condition; with what is none it is left as it is."""
    position = rule.get("position")
    if position is not None and (not isinstance(position, int) or isinstance(position, bool)):
        return {**rule}, list(others)
    if position is None:
        caught = [one["position"] for one in others if one.get("catch_all")]
        last = max((one["position"] for one in others), default=0) + 1
        position = last if rule.get("catch_all") else min(caught, default=last)
    taken, moved = position, []
    for other in sorted(others, key=lambda one: one["position"]):
        if other["position"] == taken:
            taken += 1
            other = {**other, "position": taken}
        moved.append(other)
    return {**rule, "position": position}, moved


def edits_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Json]:
    """The edits that lead from one content to another."""
    edits: list[Json] = []
    if old["specification"] != new["specification"]:
        edits.append(_edit(Item.SPECIFICATION, "", new["specification"]))
    for item, (part, name) in PARTS.items():
        before = {one[name]: one for one in old.get(part, ())}
        after = {one[name]: one for one in new.get(part, ())}
        edits += [
            _edit(item, key, after.get(key))
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ]
    return edits


def _edit(item: str, key: str, content: Json | None) -> Json:
    return {"item": str(item), "key": key, "content": content}


def content_hash(content: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]) -> str:
    """What an approver approves: the edits, and the hash of each item that they replace."""
    replaced = [item_of(content, edit["item"], edit["key"]) for edit in edits]
    return sha256_of(
        {
            "edits": list(edits),
            "replaces": [None if one is None else sha256_of(one) for one in replaced],
        }
    )


def candidate_hash(candidate: Mapping[str, Any]) -> str:
    """The hash that the set will have."""
    return sha256_of(candidate)
