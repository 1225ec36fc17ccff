"""The kinds of manifest, one module each: fields, constraints and methods; nothing that reads files.

Annotations are values here, not texts (`from __future__ import annotations`): pydantic would compile each of those.
"""
