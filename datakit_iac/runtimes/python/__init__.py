"""Functions: what a Transform runs that is declared in Python, in a process of its own."""
