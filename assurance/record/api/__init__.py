"""The record's edge: the feed of events."""
