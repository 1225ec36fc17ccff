"""Edits of a project: each gives the next version, or None where it has nothing to change."""
