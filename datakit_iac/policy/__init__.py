"""Policies: rules over a project as one environment means it, and the one entry that checks all of it."""
