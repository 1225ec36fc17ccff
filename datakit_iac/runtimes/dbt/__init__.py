"""The runtime `dbt`: builds and tests the selected models of a dbt project that stays as its author wrote it."""
