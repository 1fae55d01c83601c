"""What every REST endpoint shares: the strict parser, the envelope, problems, paging, idempotency,
limits. It knows no other room: callers are text, and what it must be told is registered.
"""
