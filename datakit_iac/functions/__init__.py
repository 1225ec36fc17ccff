"""Transforms and DataSets that are declared in Python: what authors write, as the plain data that manifests are.

Below the manifests, which take what is declared here as they take YAML. Importing it imports nothing heavy.
"""
