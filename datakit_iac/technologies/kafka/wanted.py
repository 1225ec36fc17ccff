"""What a DataSet asks of its topic: partitions, copies, configuration. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.duration import kept_seconds
from datakit_iac.technologies.kafka import settings

_LONGEST: Final = 249
_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a topic should be; None where that is not said."""

    partitions: int | None
    replication: int | None
    config: Mapping[str, str]

    def statements(self, name: str) -> list[str]:
        """How Kafka's own tools make it."""
        said = [f"--partitions {self.partitions}"] if self.partitions else []
        said += [f"--replication-factor {self.replication}"] if self.replication else []
        said += [f"--config {key}={value}" for key, value in sorted(self.config.items())]
        return [" ".join([f"kafka-topics --create --topic {name}", *said])]

    def altering(self, before: Wanted, name: str) -> list[str]:
        """How Kafka's own tools make it of what it was before."""
        statements = []
        if self.partitions and self.partitions != before.partitions:
            statements.append(f"kafka-topics --alter --topic {name} --partitions {self.partitions}")
        sets = [f"{key}={value}" for key, value in sorted(self.config.items()) if before.config.get(key) != value]
        resets = sorted(before.config.keys() - self.config.keys())
        said = [f"--add-config {','.join(sets)}"] if sets else []
        said += [f"--delete-config {','.join(resets)}"] if resets else []
        if said:
            statements.append(" ".join([f"kafka-configs --alter --topic {name}", *said]))
        return statements


def wanted(dataset: BoundDataSet) -> Wanted:
    """What is declared, over what the Store says of all its topics."""
    said, options = dataset.topic_settings, dataset.connection.options
    config = {}
    if dataset.retention:
        config["retention.ms"] = str(int(kept_seconds(dataset.retention) * 1000))
    if said and said.cleanup:
        config["cleanup.policy"] = said.cleanup
    return Wanted(
        (said and said.partitions) or options.get("partitions"),
        (said and said.replication) or options.get("replication"),
        config | dict((said and said.config) or {}),
    )


def topic_name(options: Mapping[str, Any], place: object) -> str:
    """The name of a place's topic, which the Store's prefix begins.

    Raises:
        ValueError: no topic can have it.
    """
    name = f"{settings.prefix(options)}{place}"
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or name in (".", ".."):
        raise ValueError(
            f"no topic can have the name {name!r}; expected up to {_LONGEST} letters, digits, dots, hyphens and"
            " underscores"
        )
    return name
