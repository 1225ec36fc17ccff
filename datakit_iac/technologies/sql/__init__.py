"""What databases that speak SQL have in common, by dialect: names, statements, data tests, and most of a session."""
