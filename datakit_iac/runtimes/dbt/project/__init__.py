"""A dbt project as its author wrote it, read without importing dbt: files, packages, selection, macros, documentation.

What a job makes of it is in the package above.
"""
