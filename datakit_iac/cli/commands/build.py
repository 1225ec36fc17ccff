"""Build the image of the project, or of one Transform of runtime generic-python or generic-go.

The image has the packages that a lock file with hashes says, and the same inputs give the same digest. It is made
without a daemon, as an OCI image layout; with --tag an engine of this machine (docker, podman or buildah) gets it too.
Its digest is written to datakit.lock.
"""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datakit_iac.cli import environments, exit_codes
from datakit_iac.cli.exit_codes import UsageError
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import pulumi_folder, scope
from datakit_iac.cli.runnable import add_environment, add_json, meant

if TYPE_CHECKING:
    from datakit_iac.environment.model import ResolvedTransform
    from datakit_iac.images.build import Builder, Built
    from datakit_iac.images.engine import Engine

_GENERIC: Final = ("generic-python", "generic-go")
_PROJECT: Final = "project"


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "transform",
        nargs="?",
        metavar="TRANSFORM",
        help="its name, or the folder of its manifest (default: all)",
    )
    add_environment(parser)
    parser.add_argument("--tag", metavar="REF", default="", help="its name, e.g. registry.example.com/shop:1.4.0")
    parser.add_argument("--push", action="store_true", help="push it to the registry of --tag, by an engine")
    based = "an OCI layout (FOLDER, FOLDER:TAG, tar file) or an engine's image (default: this machine's Python)"
    parser.add_argument("--base", metavar="IMAGE", default="", help=based)
    where = "where the OCI layout is written (default: below .datakit/images)"
    parser.add_argument("--layout", metavar="FOLDER", type=Path, help=where)
    add_json(parser)


def run(options: Namespace) -> int:
    """Build it, give it to an engine, and write down its digest."""
    from datakit_iac.images.fault import ImageError

    try:
        return _run(options)
    except ImageError as fault:
        print(UsageError(f"no image: {fault}", fault.hint), file=sys.stderr)
        return exit_codes.FINDINGS


def _run(options: Namespace) -> int:
    from datakit_iac.environment import lockfile
    from datakit_iac.images import engine
    from datakit_iac.images.build import Builder

    _demand_reference(options)
    root = scope(options.project).root
    folder = pulumi_folder(root)
    transform = _transform(options, root)
    name = transform.manifest.name if transform else _PROJECT
    found = engine.engine() if options.tag else None
    if options.push and found is None:
        raise UsageError(f"nothing pushes an image on this machine: {engine.missing()}", "install podman or docker")
    key = f"transforms/{name}" if transform else _PROJECT
    target = options.layout or folder / ".datakit" / "images" / key
    _demand_layout(target)
    try:
        in_image = lockfile.content_in_image(root)
        with _progress() as progress:
            builder = Builder(target, options.base, options.tag, progress)
            built = _transform_built(builder, transform, folder, root) if transform else None
            if built is None:
                locked = (root / lockfile.NAME).relative_to(folder).as_posix()
                built = builder.project(folder, locked_in=(folder, root), instead={locked: in_image})
            pushed = _given(built, found, options, progress) if found else ""
        image = {"digest": built.digest, "base": built.base, **({"pushed": pushed} if pushed else {})}
        lockfile.add_built(root, key, image)
    except lockfile.LockError as fault:
        raise UsageError(f"{root / lockfile.NAME} is not a lock file: {fault}", "`dk lock` writes it again") from fault
    _tell(options, name, built, found.name if found else "", pushed)
    return exit_codes.FINE


def _demand_reference(options: Namespace) -> None:
    from datakit_iac.manifest.values.image import Image

    if options.push and not options.tag:
        raise UsageError("--push needs the name that the registry knows the image by", "add --tag REF")
    if options.tag:
        try:
            reference = Image.parse(options.tag)
        except ValueError as fault:
            raise UsageError(f"--tag: {fault}") from fault
        if reference.digest:
            raise UsageError("--tag has a digest, which the image gets by being built", "leave it out")


def _demand_layout(target: Path) -> None:
    if target.exists() and not (target / "oci-layout").is_file():
        raise UsageError(f"{target} is there and is not an OCI image layout", "name another: --layout FOLDER")


def _transform(options: Namespace, root: Path) -> ResolvedTransform | None:
    """The Transform that is asked for, which must be a generic one; None where the project is."""
    project = environments.readable(root)
    if project is None:
        raise UsageError("the project has errors", "see above")
    if not options.transform:
        return None
    resolved = environments.resolved(project, options.env)
    (name, *others) = meant(options.transform, Path.cwd(), resolved)
    if others:
        message = f"there is more than one Transform in {options.transform}"
        raise UsageError(message, f"name one: {', '.join([name, *others])}")
    found = resolved.transforms[name]
    if found.job.runtime not in _GENERIC:
        message = (
            f"Transform {name} runs by {found.job.runtime}, and an image of its own is for {' and '.join(_GENERIC)}"
        )
        raise UsageError(message, "`dk build` builds the image of the project, in which it runs")
    return found


def _transform_built(builder: Builder, transform: ResolvedTransform, folder: Path, root: Path) -> Built:
    job = transform.job
    code = job.settings.get("project", "")
    if not code:
        raise UsageError(
            f"Transform {transform.manifest.name} has no folder of its own", "move its manifest to one, with its code"
        )
    path = folder / code if (folder / code).is_dir() else root / code
    if job.runtime == "generic-go":
        return builder.go(path, job.command)
    if not job.command:
        raise UsageError(f"Transform {transform.manifest.name} has no `command`, which the image would run")
    return builder.python(path, job.command, locked_in=(folder, root))


def _given(built: Built, engine: Engine, options: Namespace, progress: Callable[[str], None]) -> str:
    """Give the image to an engine, and to the registry where that is asked for; how the registry knows it."""
    with tempfile.TemporaryDirectory(dir=built.layout.parent, prefix=".giving-") as name:
        progress(f"giving it to {engine.name}")
        engine.load(built.layout, options.tag, Path(name))
        if not options.push:
            return ""
        progress(f"pushing {options.tag}")
        digest = engine.push(options.tag, Path(name))
    head, _, last = options.tag.rpartition("/")
    return f"{head}/{last.partition(':')[0]}@{digest}"


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Tells what is done: on a terminal on one line with the seconds, else in a line each."""
    with ExitStack() as shown:

        def tell(doing: str) -> None:
            shown.close()
            if sys.stderr.isatty():
                shown.enter_context(waiting(doing))
            else:
                print(doing, file=sys.stderr, flush=True)

        yield tell


def _tell(options: Namespace, name: str, built: Built, engine: str, pushed: str) -> None:
    if options.output == "json":
        facts = {"name": name, "digest": built.digest, "layout": str(built.layout), "base": built.base}
        print(json.dumps({**facts, "tag": options.tag, "engine": engine, "pushed": pushed}, indent=2))
        return
    print(built.digest)
    print(f"  layout: {built.layout}")
    if options.tag:
        print(f"  {engine}: {options.tag}" if engine else "  no engine has it: none answers on this machine")
    if pushed:
        print(f"  pushed: {pushed}")
