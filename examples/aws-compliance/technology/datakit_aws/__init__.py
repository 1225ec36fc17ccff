"""AWS accounts as a Store to read from: buckets, users, access keys and security groups are its tables.

A technology of a package of its own: it imports nothing of datakit but `datakit_iac.sdk`.
"""
