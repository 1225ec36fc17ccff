"""What CloudQuery plugins are made of: serving, the protocol, its wire format and types, and how they are started.

A plugin itself is with its technology. They need the extra `cloudquery`. Importing this package imports nothing: the
start of a plugin is part of each run.
"""
