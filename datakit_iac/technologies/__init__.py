"""Storage technologies: one folder each, found through the entry-point group `datakit.technologies`."""
