"""`dk dataset …`."""
