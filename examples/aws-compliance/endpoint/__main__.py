"""Start, change and stop the endpoint: `python -m endpoint start`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(".datakit", "endpoint.json")
"""Where it answers, and the keys; readable by its owner only."""
PROCESS: Final = FILE.with_suffix(".pid")
LOG: Final = FILE.with_suffix(".log")
SECRETS: Final = Path(".datakit", "secrets.env")
"""Where DataKit looks for secrets."""
PATIENCE: Final = 60.0


def main() -> int:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser("endpoint", description="An endpoint that answers as AWS does.")
    parser.add_argument("command", choices=["start", "serve", "change", "stop"])
    parser.add_argument("--port", type=int, default=5566)
    asked = parser.parse_args()
    os.umask(0o077)
    FILE.parent.mkdir(exist_ok=True)
    return {"start": start, "serve": serve, "change": change, "stop": stop}[asked.command](asked.port)


def start(port: int) -> int:
    """Start it in the background, unless it runs, and give DataKit the keys of the reader."""
    if _process() is None:
        FILE.unlink(missing_ok=True)
        with LOG.open("w") as log:
            serving = [sys.executable, "-m", "endpoint", "serve", "--port", str(port)]
            process = subprocess.Popen(
                serving, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        PROCESS.write_text(str(process.pid))
        deadline = time.monotonic() + PATIENCE
        while not FILE.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                print(f"the endpoint did not start; see {LOG}", LOG.read_text(), sep="\n", file=sys.stderr)
                return 1
            time.sleep(0.05)
    endpoint = _endpoint()
    reader = endpoint["keys"]["inventory"]
    SECRETS.write_text(f"INVENTORY_ACCESS_KEY_ID='{reader['id']}'\nINVENTORY_SECRET_ACCESS_KEY='{reader['secret']}'\n")
    print(f"the endpoint answers at {endpoint['address']} until `make stop`")
    return 0


def serve(port: int) -> int:
    """Serve until the process is ended."""
    from endpoint.server import serve

    serve(port, FILE)
    return 0


def change(port: int) -> int:
    """What somebody does to a bucket on a Friday afternoon."""
    from endpoint.seed import PRODUCTION
    from endpoint.server import admin

    s3 = admin(_endpoint(), PRODUCTION, "s3", "eu-central-1")
    s3.delete_public_access_block(Bucket="acme-downloads")
    print("acme-downloads has a public policy, and nothing blocks it any more")
    return 0


def stop(port: int) -> int:
    """Stop it; what was in it is gone."""
    if (process := _process()) is not None:
        os.kill(process, signal.SIGTERM)
    PROCESS.unlink(missing_ok=True)
    FILE.unlink(missing_ok=True)
    return 0


def _endpoint() -> dict[str, Any]:
    endpoint: dict[str, Any] = json.loads(FILE.read_text())
    return endpoint


def _process() -> int | None:
    """The process that serves; None where there is none."""
    try:
        process = int(PROCESS.read_text())
        listing = ["ps", "-ww", "-o", "args=", "-p", str(process)]
        line = subprocess.run(listing, capture_output=True, text=True, check=True)
    except (FileNotFoundError, ValueError, subprocess.CalledProcessError):
        return None
    return process if "-m endpoint serve" in line.stdout else None


if __name__ == "__main__":
    sys.exit(main())
