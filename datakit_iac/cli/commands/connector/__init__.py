"""`dk connector …`."""
