"""Local files: CSV (also zipped), Parquet and JSON lines below one folder."""
