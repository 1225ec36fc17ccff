"""Which versions of connectors, DataSets, images and packages an environment chooses.

Ranges and versions themselves are values of manifests.
"""
