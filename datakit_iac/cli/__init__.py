"""`dk`, the command line."""
