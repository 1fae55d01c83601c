"""What the controls did over time. Reads events and assessments only; comes to life with learning."""
