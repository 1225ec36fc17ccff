"""The whole time of `dk lint` and `dk pipeline show` over that in which PyYAML's CSafeLoader alone parses the files.

Projects of 2,000 and 6,000 manifests, half DataSets and half Transforms, one of about 200 bytes to a file; the
Transforms in one chain, or all independent. CSafeLoader runs in a process of its own, and only its parsing is timed,
of files that are in memory; `dk` is timed as a whole, from the start of its process to its end, with bytecode as an
installation has it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, Literal

from benchmarks.measure import Spread, in_turn, record

DK: Final = Path(sys.executable).parent / "dk"
SIZES: Final = (2000, 6000)
Shape = Literal["chain", "independent"]
SHAPES: Final[tuple[Shape, ...]] = ("chain", "independent")

LOADER: Final = """
import sys, time
from pathlib import Path
import yaml
contents = [file.read_bytes() for file in sorted(Path(sys.argv[1]).rglob("*.yaml"))]
begun = time.perf_counter()
for content in contents:
    yaml.load(content, Loader=yaml.CSafeLoader)
print(time.perf_counter() - begun)
"""
HEAD: Final = "apiVersion: datakit.infoblox.dev/v1alpha1\n"
CONNECTOR: Final = f"""{HEAD}kind: Connector
metadata:
  name: duckdb
spec:
  type: duckdb
  version: 1.0.0
  capabilities: [source, destination]
"""
STORE: Final = f"""{HEAD}kind: Store
metadata:
  name: warehouse
spec:
  connector: duckdb
  connection:
    path: warehouse.duckdb
"""
DATASET: Final = (
    HEAD
    + """kind: DataSet
metadata:
  name: table-{number}
spec:
  store: warehouse
  table: main.table_{number}
  classification: internal
  schema:
    - name: id
      type: integer
      pii: false
"""
)
TRANSFORM: Final = (
    HEAD
    + """kind: Transform
metadata:
  name: load-{number}
spec:
  runtime: cloudquery
  mode: batch
  inputs:
    - dataset: {source}
  outputs:
    - dataset: table-{number}
"""
)


@dataclass(frozen=True, slots=True)
class Command:
    """One `dk` command on one project; its peaks of memory are kept beside its seconds."""

    arguments: tuple[str, ...]
    peaks: list[float]

    def __call__(self, project: Path) -> float:
        """The seconds from start to end of the process, which must succeed."""
        begun = time.perf_counter()
        with subprocess.Popen(
            [DK, *self.arguments, project], stdout=subprocess.DEVNULL, env=_as_installed()
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            taken = time.perf_counter() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"dk {' '.join(self.arguments)} {project} failed")
        self.peaks.append(used.ru_maxrss / (1 << 10 if sys.platform == "linux" else 1 << 20))
        return taken


COMMANDS: Final = {"lint": ("lint",), "show": ("pipeline", "show", "--output", "json")}


def main() -> None:
    """Write the projects, time every side on each of them in turn, and record medians, ratios and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    commands = {name: Command(words, []) for name, words in COMMANDS.items()}
    text = Command(("pipeline", "show", "--output", "text"), [])
    sides: dict[str, Callable[[], float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for size in SIZES:
            for shape in SHAPES:
                project = Path(scratch, f"{shape}-{size}")
                write(project, size, shape)
                sides |= {f"{name} {size} {shape}": partial(each, project) for name, each in commands.items()}
                sides[f"CSafeLoader {size} {shape}"] = partial(_parse, project)
        sides[f"text {max(SIZES)} independent"] = partial(text, project)
        for side in sides.values():
            side()  # the first round warms the file cache and leaves bytecode behind
        spreads = in_turn(sides, options.runs)
    peak = round(max(peak for each in (*commands.values(), text) for peak in each.peaks))
    record("manifests", spreads, _ratios(spreads), ["pyyaml", "pydantic", "datakit-iac"], {"peak_megabytes": peak})


def write(project: Path, manifests: int, shape: Shape) -> None:
    """A project of so many manifests, half DataSets and half Transforms, and their Connector and Store."""
    for folder in ("dataset", "transform"):
        (project / folder).mkdir(parents=True)
    (project / "connector.yaml").write_text(CONNECTOR)
    (project / "store.yaml").write_text(STORE)
    (project / "dataset" / "source.yaml").write_text(DATASET.format(number="source"))
    for number in range(manifests // 2):
        source = f"table-{number - 1}" if number and shape == "chain" else "table-source"
        (project / "dataset" / f"{number}.yaml").write_text(DATASET.format(number=number))
        (project / "transform" / f"{number}.yaml").write_text(TRANSFORM.format(number=number, source=source))


def _parse(project: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", LOADER, project], capture_output=True, text=True, check=True, env=_as_installed()
    )
    return float(done.stdout)


def _as_installed() -> dict[str, str]:
    """Without what keeps Python from using bytecode: users have it from their installation."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _ratios(spreads: Mapping[str, Spread]) -> dict[str, float]:
    """Each command over CSafeLoader, and text over JSON: the median of the ratios, turn by turn."""
    ratios = {
        f"{name} {size} {shape}": _paired(spreads[f"{name} {size} {shape}"], spreads[f"CSafeLoader {size} {shape}"])
        for name in COMMANDS
        for size in SIZES
        for shape in SHAPES
    }
    largest = f"{max(SIZES)} independent"
    return {**ratios, f"text {largest} over show": _paired(spreads[f"text {largest}"], spreads[f"show {largest}"])}


def _paired(ours: Spread, beside: Spread) -> float:
    return median(one / other for one, other in zip(ours.seconds, beside.seconds, strict=True))


if __name__ == "__main__":
    main()
