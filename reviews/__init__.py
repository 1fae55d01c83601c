"""Human work: cases, queues, claims, decisions. It answers within a person's working day."""
