"""What the controls did over time. Reads events and assessments only. Learning fills it."""
