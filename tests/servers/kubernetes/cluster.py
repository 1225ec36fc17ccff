"""A cluster of one node, whose pods run."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import ClassVar, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers.authority import Authority
from tests.servers.kubernetes import binaries, images
from tests.servers.server import Server, UnavailableError, free_port

IMAGE: Final = "localhost/datakit-tests:1"
"""Has the virtual environment of the tests."""

NEEDED: Final = ("etcd", "containerd", "ctr", "runc", "ip", "unshare")
_PACKAGES: Final = "etcd-server containerd runc containernetworking-plugins iproute2"
_PLUGINS: Final = Path("/usr/lib/cni/bridge")
_GROUPS: Final = Path("/sys/fs/cgroup")
_SUBNET: Final = "10.89.{}"
_SERVICES: Final = "10.96.{}"
_USERS: Final = {
    "admin": ("admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "node": ("system:node:node1", "system:nodes"),
}
"""By the kubeconfig of each: its user and group, so that roles and the authorizer of nodes judge it as anywhere."""
_CONFIG: Final = """\
apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "https://{address}", certificate-authority-data: {authority}}}}}]
users: [{{name: test, user: {{token: "{token}"}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
current-context: test
"""


class Kubernetes(Server):
    """Kubernetes on this machine, and a node that has the images `IMAGE` and no registry.

    Pods reach this machine at the address `host`, and nothing beyond it. The one Service is the API server's, at the
    address that pods are told; there are no names of Services.
    """

    name = "Kubernetes"
    grace: ClassVar[float] = 15.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port() // 4 * 4
        number = secrets.randbelow(200) + 20
        self.subnet, self.services = _SUBNET.format(number), _SERVICES.format(number)
        self.bridge = f"dk{self.port}"

    def prepare(self) -> None:
        """Build the programs, once for all test runs; make certificates, tokens, the bridge and the cgroups."""
        self.demand()
        self.programs = binaries.built()
        self.folder.chmod(0o700)
        Authority.certify(authority := Authority(self.folder), self.address)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form = serialization.PrivateFormat.PKCS8
        self._write("accounts.pem", key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        encoded = base64.b64encode(authority.file.read_bytes()).decode()
        self.token, tokens = "", []
        for number, (name, (user, group)) in enumerate(_USERS.items()):
            token = secrets.token_hex(16)
            self.token = self.token or token
            tokens.append(f'{token},{user},{number},"{group}"\n')
            made = _CONFIG.format(address=self.address, authority=encoded, token=token)
            self._write(f"{name}.kubeconfig", made.encode())
        self._write("tokens.csv", "".join(tokens).encode())
        images.pause(self.folder / "pause.tar", self.programs / "pause")
        for arguments in (
            ["link", "add", self.bridge, "type", "bridge"],
            ["addr", "add", f"{self.subnet}.1/24", "dev", self.bridge],
            ["addr", "add", f"{self.address}/32", "dev", self.bridge],
            ["link", "set", self.bridge, "up"],
        ):
            subprocess.run(["ip", *arguments], check=True)
        self._write("cgroups", "".join(f"{group}\n" for group in self._cgroups()).encode())

    def command(self) -> list[str]:
        """The control plane and the node."""
        script = Path(__file__).with_name("plane.sh")
        of_network = (self.port, self.subnet, self.bridge, self.services)
        return ["bash", str(script), *map(str, (self.folder, self.programs, *of_network))]

    @property
    def address(self) -> str:
        """That of the API server, which is the first of Services."""
        return f"{self.services}.1"

    def start(self) -> None:
        """Start it, and bring the image of jobs to the node."""
        super().start()
        file = self.folder / "image.tar"
        images.environment(file, IMAGE)
        self.import_image(self.folder, file)

    @staticmethod
    def import_image(folder: Path, file: Path) -> None:
        """Bring an image to the node of the cluster in a folder; the file is removed."""
        address = ["--address", str(folder / "containerd.sock"), "--namespace", "k8s.io"]
        subprocess.run(["ctr", *address, "images", "import", str(file)], check=True, stdout=subprocess.DEVNULL)
        file.unlink()

    def is_ready(self) -> bool:
        """Whether the node is ready, and pods may be made."""
        node = self._asked("/api/v1/nodes/node1").get("status", {}).get("conditions", ())
        is_node_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in node)
        return is_node_ready and "metadata" in self._asked("/api/v1/namespaces/default/serviceaccounts/default")

    def facts(self) -> dict[str, str]:
        """The file by which clients are administrators, the image of jobs, and the address of this machine for pods."""
        return {
            "kubeconfig": str(self.folder / "admin.kubeconfig"),
            "image": IMAGE,
            "host": f"{self.subnet}.1",
            "folder": str(self.folder),
        }

    def kill(self) -> None:
        """End it, and remove what the kernel keeps for it."""
        super().kill()
        listed = self.folder / "cgroups"
        for group in map(Path, listed.read_text().split() if listed.exists() else ()):
            _remove(group)
        if shutil.which("ip"):
            subprocess.run(["ip", "link", "del", self.bridge], check=False, capture_output=True)

    @staticmethod
    def demand() -> None:
        """Check that this machine can run it.

        Raises:
            UnavailableError: it lacks something.
        """
        if os.getuid() != 0:
            raise UnavailableError("it needs root, which containers are made by")
        missing = [each for each in NEEDED if not shutil.which(each)]
        if missing or not _PLUGINS.exists():
            said = ", ".join([*missing, *([] if _PLUGINS.exists() else [str(_PLUGINS)])])
            raise UnavailableError(f"it needs {said}: apt-get install --no-install-recommends {_PACKAGES}")
        if (_GROUPS / "cgroup.controllers").exists():
            raise UnavailableError(f"it needs cgroups of version 1, and {_GROUPS} has those of version 2 alone")

    def _cgroups(self) -> list[Path]:
        """A group below that of this process in each hierarchy, so that pods keep to what this process may use."""
        made = []
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            parent = _GROUPS / controllers.removeprefix("name=") / path.strip("/")
            if not controllers or not parent.is_dir():
                continue
            group = parent / f"{self.bridge}-{os.getpid()}"
            group.mkdir()
            for name in ("cpuset.cpus", "cpuset.mems"):
                if (parent / name).exists():
                    (group / name).write_text((parent / name).read_text())
            made.append(group)
        return made

    def _asked(self, path: str) -> dict[str, dict[str, list[dict[str, str]]]]:
        request = urllib.request.Request(
            f"https://{self.address}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        try:
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:
                found: dict[str, dict[str, list[dict[str, str]]]] = json.load(answer)
                return found
        except OSError:
            return {}

    def _write(self, name: str, content: bytes) -> None:
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_bytes(content)


def main() -> None:
    """Build the programs, or say why no cluster can be started here."""
    try:
        Kubernetes.demand()
        binaries.built()
    except UnavailableError as reason:
        sys.exit(f"Kubernetes cannot be started: {reason}")


def _remove(group: Path) -> None:
    """Remove a cgroup with those below it, once their processes have ended."""
    for _ in range(100):
        if not group.exists():
            return
        for parent, _, _ in os.walk(group, topdown=False):
            try:
                Path(parent).rmdir()
            except OSError:
                continue
        time.sleep(0.1)


if __name__ == "__main__":
    main()
