"""What is true of every call: what it may answer besides what it is for, which headers it knows,
and the words above the list of calls. For the API's description of itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.hooks import postprocess_schema_enums
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


ABOUT = """
Keeps live AI under control after launch: post what your system is about to do, and read in the
answer whether it may.

**Systems** send `Authorization: Api-Key cm_live_…`. **People** sign in at `/accounts/login/` (form
fields `login`, `password`, `csrfmiddlewaretoken`) and send the session cookie, and with everything
but GET the value of the `csrftoken` cookie as `X-CSRFToken`.

**A first case** needs three fields: `workflow`, `external_id`, `output`. `proceed` in the answer is
`true` (go), `false` (do not) or `null` (a person decides: take the webhook, or read `url` again).
`true` covers exactly the output whose SHA-256 is `output_sha256`; after a correction act on
`decision.output`.

**Retries are safe.** The same `external_id` with the same body gives the case as it is now, and a
POST with the same `Idempotency-Key` and body the very answer that it got first; both say
`Idempotency-Replayed: true`.

**Timeouts.** Wait 2 s for an answer, then send the same body again: nothing is done twice. What to
do while there is no answer at all is the workflow's outage policy, shown on `/integrate/`: `stop`,
or `go_on_and_report`: go on, and post each case afterwards with `occurred_at`.

**Refusals** are problem documents (RFC 9457): `code` is stable, `errors` has a JSON pointer for
every place, `detail` says what to do, `request_id` is what to tell us. Something that is not yours
to see is answered as if it were not there. Unknown fields and parameters are refused.

**Times** are ISO 8601 with a zone, answered in UTC. **Lists** take `limit` and go on at `next`.
"""
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Yours to choose, a UUID is a good one. The same key and body bring the stored"
    " answer for 7 days, for a case until 7 days after its end.",
}
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string", "pattern": "^\\*$"},
    "description": "The `ETag` of the case as you read it, or `*`: 412 where it changed since.",
}
# Nothing is stored of the one, so there is nothing to repeat; the other's token names it.
KEPT_FOR_NOBODY = {"assessments_dry_run", "verifications_answer"}


def complete(result: dict[str, Any], generator: Any, **more: Any) -> dict[str, Any]:
    """drf-spectacular's hook: what no single view should have to say."""
    result = postprocess_schema_enums(result, generator, **more)
    result["info"]["description"] = ABOUT.strip()
    for path in result["paths"].values():
        for method, operation in path.items():
            headers = operation.setdefault("parameters", [])
            if method == "post" and operation["operationId"] not in KEPT_FOR_NOBODY:
                headers.append(IDEMPOTENCY_KEY)
            if "412" in operation["responses"]:
                headers.append(IF_MATCH)
    return result
