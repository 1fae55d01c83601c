"""What every REST endpoint shares: the strict parser, problems, paging, idempotency. Knows no other room."""
