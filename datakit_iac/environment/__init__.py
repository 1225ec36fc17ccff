"""Environments and bindings: a project resolved for dev, stage or prod."""
