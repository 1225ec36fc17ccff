"""What the author of a technology that speaks SQL builds on: a dialect as data, and what follows from it."""

from __future__ import annotations

from datakit_iac.technologies.sql.data_tests import queries
from datakit_iac.technologies.sql.database import Database
from datakit_iac.technologies.sql.dialect import ALL, Dialect
from datakit_iac.technologies.sql.file import SqlFile
from datakit_iac.technologies.sql.names import literal, quoted
from datakit_iac.technologies.sql.session import SqlSession
from datakit_iac.technologies.sql.technology import SqlTechnology

__all__ = ["ALL", "Database", "Dialect", "SqlFile", "SqlSession", "SqlTechnology", "literal", "queries", "quoted"]
