"""What every call may answer besides what it is for: for the API's description of itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

# 401 to a stranger, 403 to who lacks scope or role, 406 to who takes no JSON, 429 to who hurries.
ALWAYS = (401, 403, 406, 429)


class FaultAnswer(serializers.Serializer):
    """One thing that is wrong, and its place: a JSON pointer, or `?name` for a parameter."""

    pointer = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer):
    """RFC 9457. Every message says what to do; `request_id` leads to the log."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FaultAnswer(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(allow_null=True)


def answers(good: dict[int, Any], *bad: int) -> dict[Any, Any]:
    """The answers of one call: what it is for, and the refusals besides those of every call."""
    refusals = sorted({*bad, *ALWAYS})
    return {**good, **{(status, "application/problem+json"): Problem for status in refusals}}


def acts(good: dict[int, Any], *bad: int) -> dict[Any, Any]:
    """The same for a call that changes something: its body may be wrong, too large or no JSON, its
    Idempotency-Key used for something else or still at work, and the state of things against it."""
    return answers(good, 400, 409, 413, 415, 422, *bad)
