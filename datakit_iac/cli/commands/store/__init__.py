"""`dk store …`: one module for each command, and nothing that other commands need."""
