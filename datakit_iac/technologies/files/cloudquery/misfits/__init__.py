"""Records of files that do not fit the contract: found, placed by line, refused or quarantined.

Reading what fits is in the package above.
"""
