"""The generic runtimes, which run a Transform's command or image: their sections of manifests; they run nothing yet."""
