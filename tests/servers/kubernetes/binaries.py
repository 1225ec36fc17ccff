"""The programs of Kubernetes, built once for all test runs and kept outside of the clone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.servers import jars
from tests.servers.server import UnavailableError

VERSION: Final = "1.34.4"
"""Later kubelets refuse cgroup v1, which many build machines have."""

PROGRAMS: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
_STAMP: Final = "k8s.io/component-base/version"
_PAUSE: Final = Path(__file__).with_name("pause.go")
_CALM: Final = ("nice", "-n", "10")


def built() -> Path:
    """The folder of the programs, and of `pause`, which holds the namespaces of each pod.

    The first time this takes eight minutes on two processors.

    Raises:
        UnavailableError: there is no Go, or its proxy does not serve what is needed.
    """
    return jars.kept(f"kubernetes-{VERSION}", _build)


def _build(folder: Path) -> None:
    if not shutil.which("go"):
        raise UnavailableError("it needs Go 1.24 or later, by which it is built")
    print(f"building Kubernetes {VERSION}, which takes some minutes …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as name:
        module = Path(name)
        source = Path(json.loads(_go(module, "mod", "download", "-json", f"k8s.io/kubernetes@v{VERSION}"))["Dir"])
        (module / "go.mod").write_text(_requirements((source / "go.mod").read_text()))
        (module / "go.sum").write_bytes((source / "go.sum").read_bytes())
        major, minor = VERSION.split(".")[:2]
        said = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor}
        stamp = " ".join(f"-X {_STAMP}.{field}={value}" for field, value in said.items())
        # Go adds the checksums of the modules in place of the staging folder, which Kubernetes' own list lacks.
        flags = ["-mod=mod", "-trimpath", "-ldflags", f"-s -w {stamp}", "-o", f"{folder}/"]
        programs = [f"k8s.io/kubernetes/cmd/{each}" for each in PROGRAMS]
        _go(module, "build", *flags, *programs, GOCACHE=str(module / "cache"))  # 1.5 GB that nothing else needs
    _go(folder, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / "pause"), str(_PAUSE))


def _requirements(text: str) -> str:
    """A module with Kubernetes' own requirements, whose replacements are published modules: Go installs no others."""
    text = text.replace("module k8s.io/kubernetes", "module built", 1)
    text = re.sub(r"(k8s\.io/[\w.-]+) => \./staging/src/\S+", rf"\1 => \1 v0.{VERSION.partition('.')[2]}", text)
    return f"{text}\nrequire k8s.io/kubernetes v{VERSION}\n"


def _go(folder: Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [*_CALM, "go", *arguments],
        cwd=folder, env={**os.environ, "CGO_ENABLED": "0", **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise UnavailableError(f"go {arguments[0]} failed: {done.stderr.strip()[-1000:] or done.stdout[-1000:]}")
    return done.stdout
