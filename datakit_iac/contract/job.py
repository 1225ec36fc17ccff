"""A Transform ready to run: everything resolved, nothing looked up any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.manifest.models.plugin import Plugin
from datakit_iac.manifest.models.process import Resources
from datakit_iac.manifest.values.secret import Secret


@dataclass(frozen=True, slots=True)
class Job:
    """What a Runtime runs.

    Attributes:
        transform: the Transform's name.
        runtime: the Runtime's name, e.g. ``dbt``.
        settings: the Transform's own section for its runtime, e.g. ``{"project": "models/dbt"}``; paths count from
            the working directory.
        inputs: the DataSets read, in the order of the manifest.
        outputs: the DataSets written, in the order of the manifest.
        context: further DataSets the same code base refers to (other Transforms' inputs of one dbt project), so that
            what is rendered is the same for all Transforms that share it; only their names and places.
        environment: the environment's name.
        timeout: seconds; None for no limit.
        identity: hexadecimal; the same for the same definition and versions of the inputs, so that a Run that is tried
            again is known.
        variables: what the Transform declares under `env`, by name; nothing else of the caller's environment, but what
            the machine needs, is there for the job. What is not in the manifest itself is secret.
        image: the container's image, where the executor runs images; None where none is said.
        command: what is run, and its arguments; empty where the runtime knows.
        resources: processors, memory and disk that it is given, and that it may use at most.
        retries: how many times it is tried again when it failed.
        plugins: the plugins that the Connectors of its Stores name for the sides they are on, by Store.
        given: the `runtimes.definition.given_digest` of what is approved for it; empty where nobody must approve.
        generations: what tells the table of each output from a former one of its name, by DataSet.
    """

    transform: str
    runtime: str
    settings: Mapping[str, Any]
    inputs: tuple[BoundDataSet, ...]
    outputs: tuple[BoundDataSet, ...]
    context: tuple[DataSetReference, ...] = ()
    environment: str = "dev"
    timeout: float | None = None
    identity: str = ""
    variables: Mapping[str, str | Secret] = field(default_factory=dict)
    image: str | None = None
    command: tuple[str, ...] = ()
    resources: Resources = field(default_factory=Resources.blank)
    retries: int = 0
    plugins: Mapping[str, Plugin] = field(default_factory=dict)
    given: str = ""
    generations: Mapping[str, str] = field(default_factory=dict)
