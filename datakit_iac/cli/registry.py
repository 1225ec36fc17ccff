"""The commands there are: what each is for, and the module that does it, imported only when it is called."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final, NamedTuple, Protocol


class CommandModule(Protocol):
    """What the module of a command has; its docstring is the command's description."""

    __doc__: str | None

    def configure(self, parser: ArgumentParser) -> None:
        """Add the command's arguments. Nothing heavy is imported: `dk COMMAND --help` goes no further."""

    def run(self, options: Namespace) -> int:
        """Do it, and return the exit code."""


class Command(NamedTuple):
    """One command of `dk`.

    Attributes:
        words: what is typed after `dk`, e.g. ``("pipeline", "show")``.
        module: the module that does it.
        summary: one line for `dk --help`.
    """

    words: tuple[str, ...]
    module: str
    summary: str

    @property
    def name(self) -> str:
        """The words as they are typed."""
        return " ".join(self.words)


def _command(name: str, module: str, summary: str) -> Command:
    return Command(tuple(name.split()), f"datakit_iac.cli.commands.{module}", summary)


SECTIONS: Final[dict[str, tuple[Command, ...]]] = {
    "Begin": (
        _command("init", "init", "begin a project that works at once"),
        _command("init transform", "init_transform", "add a Transform, with what its runtime needs"),
    ),
    "Check what is written": (
        _command("lint", "lint", "check manifests and the references between them"),
        _command("validate", "validate", "check a whole project for one environment"),
        _command("explain", "explain", "explain the code of a finding, and what to do"),
        _command("schema", "schema", "print the JSON Schema of manifests, for editors"),
    ),
    "Write and see manifests": (
        _command("dataset create", "dataset.create", "write the manifest of a DataSet"),
        _command("dataset validate", "dataset.validate", "check one DataSet, or some, or all"),
        _command("dataset list", "dataset.list", "list DataSets"),
        _command("dataset show", "dataset.show", "show one: contract, writers, readers"),
        _command("dataset rows", "dataset.rows", "show rows of one; personal data is masked"),
        _command("dataset profile", "dataset.profile", "show what its columns are like: nulls, ranges, lengths"),
        _command("import", "imports.tables", "write DataSets for the tables of a Store, and import the tables"),
        _command("import dbt", "imports.dbt", "write the Transform and the DataSets of a dbt project"),
        _command("import cloudquery", "imports.cloudquery", "write the manifests of a CloudQuery sync specification"),
        _command("store list", "store.list", "list Stores"),
        _command("store show", "store.show", "show one: connection and DataSets"),
        _command("connector list", "connector.list", "list Connectors"),
        _command("connector show", "connector.show", "show one: what its Stores give"),
    ),
    "See the pipeline": (
        _command("pipeline show", "pipeline.show", "draw the graph of DataSets and Transforms"),
        _command("pipeline impact", "pipeline.impact", "draw everything that depends on a DataSet or Transform"),
    ),
    "Compare and pin environments": (
        _command("env list", "env.list", "list Environments"),
        _command("env show", "env.show", "show one: rules, Stores, places, versions; secrets stay hidden"),
        _command("env diff", "env.diff", "show what differs between two"),
        _command("lock", "lock", "write the chosen versions to datakit.lock"),
        _command("build", "build", "build the image of the project, or of one Transform"),
    ),
    "Plan and deploy": (
        _command("plan", "plan", "show what would change (pulumi preview)"),
        _command("approve", "approve", "approve a plan: sign it with your SSH key"),
        _command("apply", "apply", "deploy, and run what changed (pulumi up)"),
        _command("policy pack", "policy_pack", "make the CrossGuard policy pack ready, and print its folder"),
        _command("destroy", "destroy", "remove what was deployed (pulumi destroy)"),
    ),
    "Run, and see what ran": (
        _command("run", "run", "run Transforms now, and what follows from them"),
        _command("scheduler", "scheduler", "start what is due, and what reads what changed, as long as it runs"),
        _command("test", "test", "verify the contracts and tests of outputs, and run nothing"),
        _command("status", "status", "show each Transform: its last Run, its outputs' age, its next Run"),
        _command("runs list", "runs.list", "list Runs, the newest first"),
        _command("runs show", "runs.show", "show one Run: inputs, outputs, why it failed"),
        _command("logs", "runs.logs", "print the log of a Run"),
        _command("stop", "runs.stop", "stop a Run that is under way"),
    ),
    "This machine": (
        _command("setup", "setup", "find or make the engine, and the project's first stack"),
        _command("doctor", "doctor", "show which tools are here, and how to get the others"),
        _command("completion", "completion", "print what makes bash, zsh or fish complete dk"),
    ),
}
"""Every command, in the order and under the headings of `dk --help`."""

COMMANDS: Final = tuple(command for section in SECTIONS.values() for command in section)
