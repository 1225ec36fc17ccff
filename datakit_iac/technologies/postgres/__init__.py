"""PostgreSQL: tables in a database of a server."""
