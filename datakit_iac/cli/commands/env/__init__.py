"""`dk env …`."""
