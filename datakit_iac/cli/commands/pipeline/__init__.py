"""`dk pipeline …`: one module for each command; the graph and its drawings are in `datakit_iac.pipeline`."""
