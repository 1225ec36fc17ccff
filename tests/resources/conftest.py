import asyncio
from typing import Final

import pytest

_LOOP: Final = asyncio.new_event_loop()  # never closed: the threads of the mocks, with a loop each, end with it


@pytest.fixture(scope="module", autouse=True)
def event_loop() -> None:
    """Pulumi's mocks take the thread's event loop; a test of another folder may have left none."""
    asyncio.set_event_loop(_LOOP)
