"""Pulumi resource classes, and Platform, which registers a whole project."""
