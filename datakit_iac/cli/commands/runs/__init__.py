"""Commands on the history of Runs."""
