"""Parameters that many checks share, as JSON Schema.

`x-field` marks a parameter that names a field of the case; its value lists the types the field
may have, `any` for every type, and `whole` where `output`, `context`, `signals` or `model` itself
may be named. Forms offer the catalogue there, and saving checks the name against it.
"""

from __future__ import annotations

from typing import Any

MAX_LISTED = 1000


def field_parameter(description: str, *types: str, default: str | None = None) -> dict[str, Any]:
    """One field."""
    schema: dict[str, Any] = {
        "type": "string",
        "title": "Field",
        "description": description,
        "minLength": 1,
        "maxLength": 200,
        "x-field": list(types) or ["any"],
    }
    return schema if default is None else schema | {"default": default}


def fields_parameter(description: str, *types: str, title: str = "Fields") -> dict[str, Any]:
    """Several fields whose texts are read; the whole output unless others are named."""
    return {
        "type": "array",
        "title": title,
        "description": f"{description} `output` means every text in it.",
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "x-field": list(types) or ["whole", "any"],
        },
        "minItems": 1,
        "maxItems": 50,
        "uniqueItems": True,
        "default": ["output"],
    }


def phrases_parameter(title: str, description: str) -> dict[str, Any]:
    """A list of wordings."""
    return {
        "type": "array",
        "title": title,
        "description": description,
        "items": {"type": "string", "minLength": 1, "maxLength": 200},
        "minItems": 1,
        "maxItems": 200,
    }


def values_parameter(title: str, description: str) -> dict[str, Any]:
    """A list of texts and numbers."""
    return {
        "type": "array",
        "title": title,
        "description": description,
        "items": {"type": ["string", "number", "boolean"], "maxLength": 500},
        "minItems": 1,
        "maxItems": MAX_LISTED,
    }


def switch_parameter(title: str, description: str, *, default: bool) -> dict[str, Any]:
    """Yes or no."""
    return {"type": "boolean", "title": title, "description": description, "default": default}


def window_parameter(default: str) -> dict[str, Any]:
    """How far to look back; checked as a duration when saved."""
    return {
        "type": "string",
        "title": "Window",
        "description": "How far to look back, such as PT24H, P30D or P1Y.",
        "default": default,
        "maxLength": 20,
    }
