"""The settings of a CloudQuery Transform: which input becomes which output, and how rows are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from datakit_iac.cloudquery_plugins import quarantine
from datakit_iac.cloudquery_plugins.adapters import Pair, Quarantine, Sync
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.values.write_mode import DELETE_STALE, OVERWRITE, WRITE_MODES
from datakit_iac.manifest.wording import found, written
from datakit_iac.runtimes.cloudquery.section import on_error, share
from datakit_iac.runtimes.job import invalid_job

_FIELDS: Final = {"tables", "writeMode", "onError"}


@dataclass(frozen=True, slots=True)
class Settings(Sync):
    """The settings of a job, as far as they could be read.

    Attributes:
        faults: what is wrong.
    """

    faults: tuple[Fault, ...] = ()


def read(job: Job) -> Settings:
    """Read the settings of a job."""
    expected = "tables and writeMode, or onError"
    unknown = sorted(set(job.settings) - _FIELDS)
    faults = [invalid_job(f"unknown setting {name!r}; expected {expected}", name) for name in unknown]
    mode = job.settings.get("writeMode", DELETE_STALE)
    if mode not in WRITE_MODES:
        text = f"writeMode is {found(mode)}; expected one of {', '.join(WRITE_MODES)}"
        faults.append(invalid_job(text, "writeMode"))
    refused, wrong = _quarantine(job)
    if refused:
        job = replace(job, outputs=tuple(each for each in job.outputs if each.name != refused.target.name))
    pairs, unpaired = _pairs(job)
    if not unpaired:
        wrong += [*_left_over(job, pairs), *_doubled(pairs)]
    faults += [*map(invalid_job, wrong), *unpaired, *map(invalid_job, _keyless(pairs, mode))]
    return Settings(tuple(pairs), str(mode), job.transform, job.identity, refused, tuple(faults))


def _quarantine(job: Job) -> tuple[Quarantine | None, list[str]]:
    said = job.settings.get("onError") or "fail"
    if said == "fail":
        return None, []
    try:
        asked: Any = on_error(said)
        wanted, most = asked.get("quarantine"), asked.get("max")
        if most is not None:  # a whole number that went through the engine is a float
            most = share(str(int(most) if isinstance(most, float) and most.is_integer() else most))
    except (AttributeError, ValueError) as fault:
        return None, [f"onError: {fault}"]
    target = _by_name(job.outputs).get(wanted)
    if target is None:
        known = _names(_by_name(job.outputs))
        return None, [f"onError: the quarantine {wanted!r} is not an output of this Transform; its outputs are {known}"]
    wrong = quarantine.misfits(target.columns)
    return Quarantine(target, most), [
        f"onError: {target.name} takes what cannot be loaded, and {each}; expected {quarantine.REMEDY}"
        for each in wrong
    ]


def _pairs(job: Job) -> tuple[list[Pair], list[Fault]]:
    tables = job.settings.get("tables")
    if tables is None or tables == []:
        if len(job.inputs) == 1 and len(job.outputs) == 1:
            return [Pair(job.inputs[0], job.outputs[0])], []
        return [], [
            invalid_job(
                f"it has {_number(job.inputs, 'input')} and {_number(job.outputs, 'output')}, so it must say which goes"
                f" where: write {_example(job)}"
            )
        ]
    if not isinstance(tables, Sequence) or isinstance(tables, str) or not tables:
        return [], [invalid_job(f"tables is {found(tables)}; expected a list: {_example(job)}")]
    inputs, outputs = _by_name(job.inputs), _by_name(job.outputs)
    pairs, faults = [], list[Fault]()
    for number, table in enumerate(tables, 1):
        if not isinstance(table, Mapping) or set(table) != {"from", "to"}:
            text = f"table {number} is {written(table)}; expected {{from: <an input>, to: <an output>}}"
            faults.append(invalid_job(text, "tables", number - 1))
            continue
        wrong = list(_unknown(table, inputs, outputs))
        faults += map(invalid_job, wrong)
        if not wrong:
            pairs.append(Pair(inputs[table["from"]], outputs[table["to"]]))
    return pairs, faults


def _unknown(
    table: Mapping[str, Any], inputs: Mapping[str, BoundDataSet], outputs: Mapping[str, BoundDataSet]
) -> Iterator[str]:
    if table["from"] not in [*inputs]:
        yield f"tables: from {found(table['from'])} is not an input of this Transform; its inputs are {_names(inputs)}"
    if table["to"] not in [*outputs]:
        yield f"tables: to {found(table['to'])} is not an output of this Transform; its outputs are {_names(outputs)}"


def _left_over(job: Job, pairs: Sequence[Pair]) -> Iterator[str]:
    read_, written = {pair.source.name for pair in pairs}, {pair.target.name for pair in pairs}
    for dataset in job.inputs:
        if dataset.name not in read_:
            yield f"the input {dataset.name} goes nowhere; add {{from: {dataset.name}, to: …}} to tables, or drop it"
    for dataset in job.outputs:
        if dataset.name not in written:
            yield f"nothing fills the output {dataset.name}; add {{from: …, to: {dataset.name}}} to tables, or drop it"


def _doubled(pairs: Sequence[Pair]) -> Iterator[str]:
    targets = [pair.target.name for pair in pairs]
    for name in sorted({name for name in targets if targets.count(name) > 1}):
        yield f"several inputs go to {name}; give it one, for instance a pattern of files"


def _keyless(pairs: Sequence[Pair], mode: object) -> Iterator[str]:
    if mode != OVERWRITE:
        return
    for _, target in pairs:
        if not any(column.primary_key for column in target.columns):
            yield (
                f"writeMode overwrite replaces rows by their primary key, and {target.name} declares none: declare"
                " primaryKey on its columns, or write by overwrite-delete-stale or append"
            )


def _example(job: Job) -> str:
    source = job.inputs[0].name if job.inputs else "<an input>"
    target = job.outputs[0].name if job.outputs else "<an output>"
    return f"tables: [{{from: {source}, to: {target}}}, …]"


def _by_name(datasets: Sequence[BoundDataSet]) -> dict[str, BoundDataSet]:
    return {dataset.name: dataset for dataset in datasets}


def _names(datasets: Mapping[str, BoundDataSet]) -> str:
    return ", ".join(datasets) or "none"


def _number(datasets: Sequence[BoundDataSet], noun: str) -> str:
    return f"{len(datasets) or 'no'} {noun}{'' if len(datasets) == 1 else 's'}"
