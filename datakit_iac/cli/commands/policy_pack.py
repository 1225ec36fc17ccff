"""Make the CrossGuard policy pack ready, and print its folder: `pulumi preview --policy-pack "$(dk policy pack)"`.

From then on `dk plan` and `dk apply` have it look at every resource, with `policy-pack.json` beside Pulumi.yaml as its
configuration where there is one.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exit_codes


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def run(options: Namespace) -> int:
    """Make it ready and tell where it is."""
    from datakit_iac.toolchain import policy_pack

    folder = str(policy_pack.make_ready(os.environ))
    if options.output == "json":
        import json

        print(json.dumps({"folder": folder, "virtualenv": str(policy_pack.VENV)}))
    else:
        print(folder)
    return exit_codes.FINE
