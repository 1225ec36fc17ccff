"""Storage technologies: one folder each, found through the entry-point group `datakit.technologies`.

Nothing here knows of Pulumi, or when it is called.
"""
