"""How many records files hold, counted without DuckDB, so that it cannot lose one unnoticed."""
