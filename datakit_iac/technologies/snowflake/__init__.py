"""Snowflake: tables of an account; its fields are known, the rest is to come."""
