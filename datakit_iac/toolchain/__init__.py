"""Finding or building the Pulumi engine, and setting up the environment it runs in.

Everything outside `host` uses the standard library alone: `bootstrap.py` runs it with the system's Python
before anything is installed. Nothing is imported here, because the second `make setup` has half a second.
"""
