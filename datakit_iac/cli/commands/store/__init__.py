"""`dk store …`."""
