"""DuckDB: tables in one database file; the embedded default."""
