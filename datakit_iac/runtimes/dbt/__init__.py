"""The runtime `dbt`: builds and tests the selected models of a dbt project that stays as its author wrote it."""

from datakit_iac.runtimes.dbt.runtime import Dbt

__all__ = ["Dbt"]
