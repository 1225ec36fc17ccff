"""The CloudQuery source and destination plugins that ship with us."""
