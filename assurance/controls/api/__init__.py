"""The controls' edge: what was live at a moment, and what is live now."""
