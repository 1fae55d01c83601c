"""Learning, after the fact. Today it holds the demo, because the demo uses every verb of the house."""
