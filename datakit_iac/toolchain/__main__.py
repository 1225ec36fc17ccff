"""The toolchain of an installed datakit: `python -m datakit_iac.toolchain setup`."""

import sys

from datakit_iac.toolchain.commands import main

sys.exit(main(sys.argv[1:]))
