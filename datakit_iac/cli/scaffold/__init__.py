"""Writing new files into a project: manifests, transforms, whole projects from templates.

Nothing here changes what is deployed.
"""
