"""Runtimes: how a Transform becomes a job, found through the entry-point group `datakit.runtimes`."""
