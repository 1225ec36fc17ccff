"""Snowflake: tables in a database of an account."""
