"""Incidents over REST: the same verbs as on the pages."""
