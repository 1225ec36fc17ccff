"""Real servers that tests start by themselves, one of each kind for all processes of a test run."""
