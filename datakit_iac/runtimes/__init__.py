"""Runtimes: how a Transform becomes a job, found through the entry-point group `datakit.runtimes`.

Where a job's processes run is decided by an executor.
"""
