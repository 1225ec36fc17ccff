"""Start the language host: `python -m datakit_iac.toolchain.host ENGINE_ADDRESS`."""

from datakit_iac.toolchain.host.serve import main

main()
