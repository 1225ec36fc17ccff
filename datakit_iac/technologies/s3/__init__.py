"""S3: objects below prefixes of a bucket, of AWS or of any other service that speaks S3.

What a DataSet holds is what its snapshot names: one object that is switched when a load has written all of its own, so
that no reader sees half a load.
"""
