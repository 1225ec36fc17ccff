"""Manifests from what is there already: the tables of a Store, a dbt project, a CloudQuery specification.

What writes them to files, and what takes tables over into a stack's state, is not here.
"""
