"""The record's edge: the feed of events, and the checkpoints."""
