"""S3: objects below prefixes of a bucket; its fields are known, the rest is to come."""
