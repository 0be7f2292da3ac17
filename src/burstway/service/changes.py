"""Tells those who wait that something has changed: long polls of agents and of people.

Changes come from threads and waiting is done in the event loop. Many changes in a moment wake the waiters
once, a little later: twenty nodes that join together make one new list of hosts, not twenty. `count` tells
those who keep what they worked out from the nodes on record whether it still holds; what is in memory only,
as a probe's task, is told with `nudge`, which leaves it alone.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

GATHER_S = 0.5


class Changes:
    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._pending = False
        self.closing = False
        self.count = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in the event loop once it runs."""
        self._loop = loop

    def announce(self) -> None:
        """What is on record has changed. From any thread, after the change can be read."""
        self.count += 1
        self.nudge()

    def nudge(self) -> None:
        """Those who wait look again; nothing on record has changed. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._gather)

    def close(self) -> None:
        """Ends all waiting; called in the event loop."""
        self.closing = True
        self._wake()

    async def wait_for(self, look: Callable[[], T | None], seconds: float) -> T | None:
        """What `look` gives, as soon as it gives something; None after so many seconds. `look` may block: it
        is called in a thread, once at first and then after each change."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            event = self._event
            found = await asyncio.to_thread(look)
            left = deadline - asyncio.get_running_loop().time()
            if found is not None or left <= 0 or self.closing:
                return found
            try:
                await asyncio.wait_for(event.wait(), left)
            except TimeoutError:
                return None

    def _gather(self) -> None:
        if not self._pending and self._loop is not None:
            self._pending = True
            self._loop.call_later(GATHER_S, self._wake)

    def _wake(self) -> None:
        self._pending = False
        self._event.set()
        self._event = asyncio.Event()
