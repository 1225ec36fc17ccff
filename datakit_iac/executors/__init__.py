"""Where jobs run: local processes."""
