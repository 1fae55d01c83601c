"""The monitoring edge: what every signal says."""
