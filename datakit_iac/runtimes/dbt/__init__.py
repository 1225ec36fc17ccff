"""The runtime `dbt`: builds and tests selected models of a dbt project, which stays unchanged; no adapter's profile."""
