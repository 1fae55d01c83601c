"""The tamper-evident record: append, seal, verify. What an event means is for the room that records it."""
