"""The first stage: run by its path, with any Python from 3.11 and nothing installed.

python3 -I -S datakit_iac/toolchain/bootstrap.py setup
"""

import sys
import types
from pathlib import Path


def main() -> int:
    """Set up the checkout this file is in; the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036  any Python may be named `python3`
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"error: Python {found} is too old\n  expected: Python 3.11 or newer\n"
            "  fix:      install one, or name one: `make setup PYTHON=python3.11`",
            file=sys.stderr,
        )
        return 3
    checkout = Path(__file__).resolve().parents[2]
    # The package's own __init__ is the public API, whose imports are not installed yet: a bare one takes its place.
    package = types.ModuleType("datakit_iac")
    package.__path__ = [str(checkout / "datakit_iac")]
    sys.modules["datakit_iac"] = package
    from datakit_iac.toolchain.commands import main as run

    return run(sys.argv[1:], checkout)


if __name__ == "__main__":
    sys.exit(main())
