"""`dk pipeline …`."""
