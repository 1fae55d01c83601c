"""Learning, after the fact. Today it holds the demo, which uses every verb of the house."""
