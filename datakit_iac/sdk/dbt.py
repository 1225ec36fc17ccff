"""What the author of a technology implements so that dbt builds in it."""

from __future__ import annotations

from datakit_iac.runtimes.dbt.profile import THREADS, Carrier, DbtAdapter, Profile, relation, secret

__all__ = ["THREADS", "Carrier", "DbtAdapter", "Profile", "relation", "secret"]
