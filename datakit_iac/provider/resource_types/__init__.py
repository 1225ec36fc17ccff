"""One module for each resource type and function of the provider: check, diff, create, read, update, delete.

What several of them share, such as locks of Stores, is in `provider`.
"""
