"""One page of a single stream, as the API answers it. Whether the caller may see the stream is for
the room that it belongs to."""

from __future__ import annotations

from typing import Any

from assurance.api.paging import KeysetPage
from assurance.record import events
from assurance.record.ledger import Stream
from assurance.record.models import Event


def case_events_page(request: Any, stream: Stream) -> dict[str, Any]:
    """`{"next", "previous", "results"}` in the order of the chain, for `cases/{id}/events/`."""
    found = Event.objects.filter(stream_type=stream.type, stream_id=stream.id)
    page: KeysetPage[Event] = KeysetPage(
        found.select_related("payload", "position"), keys=["seq"], request=request
    )
    return page.envelope([events.as_json(event, events.position_of(event)) for event in page.rows])
