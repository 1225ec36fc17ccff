"""PostgreSQL: tables of a server; its fields are known, the rest is to come."""
