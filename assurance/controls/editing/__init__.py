"""Forms of a control set's items: what they show, what they read, and where it is kept."""
