"""Start the language host: `python -m datakit_iac.toolchain.host ENGINE_ADDRESS`."""

import os
import signal
from types import FrameType


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(0)


# The imports take half a second, in which a signal must not end in a traceback, nor the engine's end be missed.
ENGINE = os.getppid()
signal.signal(signal.SIGINT, _leave)
signal.signal(signal.SIGTERM, _leave)

from datakit_iac.toolchain.host.serve import main  # noqa: E402

main(ENGINE)
