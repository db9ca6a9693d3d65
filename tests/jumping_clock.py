"""An event loop whose clock jumps to the next timer: minutes of waiting take no time."""

import asyncio
import selectors
import time


class JumpingSelector(selectors.DefaultSelector):
    """Never waits: moves the clock to the next timer instead."""

    clock = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.clock += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.jumps = JumpingSelector()
        super().__init__(self.jumps)

    def time(self):
        return self.jumps.clock


def run(coroutine):
    """Run a coroutine on a loop whose time is free."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(asyncio.wait_for(coroutine, 3600))


async def wait(seconds):
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, lambda: future.done() or future.set_result(None))
    await future


def one_clock(monkeypatch, began_at):
    """Let the wall clock be the loop's own, from `began_at` on; so nothing is waited for in another thread."""

    async def at_once(work, *arguments):
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", at_once)
    wall_clock = time.time

    def now():
        try:
            return began_at + asyncio.get_running_loop().time()
        except RuntimeError:  # in another thread
            return wall_clock()

    monkeypatch.setattr(time, "time", now)
