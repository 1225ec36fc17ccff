"""What a machine needs before the first `pulumi up`: virtual environment, wrapper, state and stack; not the engine."""
