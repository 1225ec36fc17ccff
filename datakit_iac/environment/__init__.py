"""Environments and bindings: a project resolved for dev, stage or prod.

What is wrong beside that is checked in `checks`; nothing here reaches a Store.
"""
