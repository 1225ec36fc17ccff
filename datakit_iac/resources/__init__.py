"""Pulumi resource classes, and Platform, which registers a whole project.

They run in the user's program: no Store is reached from here.
"""
