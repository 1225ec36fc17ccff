"""The CloudQuery source and destination plugins that ship with us.

They need the extra `cloudquery`. Importing this package imports nothing: the start of a plugin is part of each run.
"""
