"""The generic runtimes, which run a Transform's command: in its folder, or in its image."""
