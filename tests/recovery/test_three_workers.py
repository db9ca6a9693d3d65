"""Nine calls in a minute on three workers, one stopped and one killed meanwhile: none is lost, none doubled."""

import asyncio
import signal

import pytest

from sandbox.caller import Patience, Turn
from tests.recovery.conftest import longest_silence

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
WORKERS = ("worker", "worker-second", "worker-third")
CALLS, EVERY_SECONDS = 9, 6.5
STOPPED_BEFORE_CALL, KILLED_WITH_CALL = 3, 6
DEAD_MACHINE_SECONDS = 30.0  # the promise after a machine's death; a call that merely moves is never silent for long
# All say the same: the stand-in recogniser hands its words out in order, whichever caller comes first.
BILL = Turn(text="Can you help me with my bill?", language="en-IN")


async def test_no_call_is_lost_doubled_or_silent_when_workers_stop_and_die(sandbox, operator, call):
    await asyncio.gather(*(sandbox.start_worker(name) for name in WORKERS[1:]))
    rooms, ended, going = {}, {}, set()

    def follow(number):
        def event(event):
            if event.kind == "connected":
                rooms[number] = event.data["room"]

        return event

    async def place(number):
        result = await call(
            BILL, BILL, goodbye=False, on_event=follow(number),
            patience=Patience(agent_return_seconds=DEAD_MACHINE_SECONDS, answer_seconds=DEAD_MACHINE_SECONDS),
        )  # fmt: skip
        ended[number] = result
        return result

    def carriers():
        """The calls that run now by worker, busiest first; a worker that is stopping is no choice any more."""
        running = {number: room for number, room in rooms.items() if number not in ended}
        found = {
            name: [number for number, room in running.items() if operator.carries(name, room)]
            for name in WORKERS
            if name not in going
        }
        return sorted(found.items(), key=lambda item: len(item[1]), reverse=True)

    calls, killed, killed_calls, stopped = [], None, [], None
    try:
        for number in range(CALLS):
            if number == STOPPED_BEFORE_CALL:
                stopped = carriers()[0][0]
                going.add(stopped)
                sandbox.processes[stopped].signal(signal.SIGTERM)
            calls.append(asyncio.create_task(place(number)))
            if number == KILLED_WITH_CALL:
                await operator.until(lambda: carriers()[0][1], seconds=40)
                killed, killed_calls = carriers()[0]
                operator.kill_machine(killed)
            await asyncio.wait(calls, timeout=EVERY_SECONDS, return_when=asyncio.ALL_COMPLETED)
        results = await asyncio.gather(*calls)
        assert await sandbox.processes[stopped].wait(40) == 0
    finally:
        for task in calls:
            task.cancel()
        await asyncio.gather(*(sandbox.processes[name].stop() for name in WORKERS))

    for number, result in enumerate(results):
        told = [event for name in WORKERS for event in operator.told(rooms.get(number), name)]
        story = f"call {number}, {'killed' if number in killed_calls else 'not killed'}: {result.errors}, {told}"
        assert result.greeting_seconds is not None, story
        assert result.ended_by == "caller", story
        assert longest_silence(result, result.greeting_seconds) < DEAD_MACHINE_SECONDS, story
        if number not in killed_calls:
            assert result.good, story
        room = rooms[number]
        # A machine may die in the middle of its greeting: whoever comes then greets, for nothing was said yet.
        alive = [name for name in WORKERS if not (number in killed_calls and name == killed)]
        begun = [event for name in alive for event in operator.events("call.greeted", name) if event["room"] == room]
        assert len(begun) <= 1, f"{story}: greeted {len(begun)} times"
        if number not in killed_calls:
            assert len(begun) == 1, f"{story}: never greeted"
        lost = [event for name in WORKERS for event in operator.events("call.lost", name) if event.get("room") == room]
        assert lost == [], story
