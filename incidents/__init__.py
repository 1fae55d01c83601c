"""Learning, after the fact. Today it holds the demo: here because it uses every verb of the house."""
