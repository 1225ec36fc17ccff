"""What the author of a technology implements so that dbt builds in it."""

from __future__ import annotations

from datakit_iac.runtimes.dbt.profile import THREADS, DbtAdapter, Profile, secret

__all__ = ["THREADS", "DbtAdapter", "Profile", "secret"]
