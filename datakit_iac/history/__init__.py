"""The history of Runs: what ran, when, with which inputs and results, in SQLite or Postgres; and the logs of Runs."""
