"""The page's stopwatch, fed with loudness frames: what counts as the end of speech, an answer, a cut-off."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOUD, QUIET = 0.1, 0.0
RUN = """async script => {
    const { TurnClock } = await import('./turn_clock.js');
    const answers = [];
    const clock = new TurnClock({ onAnswer: answer => answers.push(answer) });
    let frame = 0;
    for (const [seconds, callerRms, agentRms] of script)
        for (let i = 0; i < Math.round(seconds * 100); i += 1)
            clock.frame({ atSeconds: (frame++) / 100, callerRms, agentRms });
    return answers.map(({ seconds, cutOff }) => [seconds === null ? null : Math.round(seconds * 100) / 100, cutOff]);
}"""

CASES = {
    "a greeting answers nobody": ([(1, QUIET, LOUD)], [[None, False]]),
    "from the last voiced frame to the first audible one": (
        [(2, LOUD, QUIET), (0.8, QUIET, QUIET), (1, QUIET, LOUD)],
        [[0.81, False]],
    ),
    "a pause inside the reply is no second answer": (
        [(2, LOUD, QUIET), (0.5, QUIET, QUIET), (1, QUIET, LOUD), (0.6, QUIET, QUIET), (1, QUIET, LOUD)],
        [[0.51, False], [None, False]],
    ),
    "a pause of the caller moves the start": (
        [(1, LOUD, QUIET), (0.7, QUIET, QUIET), (1, LOUD, QUIET), (0.4, QUIET, QUIET), (1, QUIET, LOUD)],
        [[0.41, False]],
    ),
    "a click is not speech": (
        [(1, LOUD, QUIET), (0.5, QUIET, QUIET), (0.03, LOUD, QUIET), (0.2, QUIET, QUIET), (1, QUIET, LOUD)],
        [[0.74, False]],
    ),
    "an answer into the caller's speech is a cut-off": (
        [(1, LOUD, QUIET), (0.5, LOUD, LOUD), (0.6, QUIET, QUIET), (1, QUIET, LOUD)],
        [[0.0, True], [0.61, False]],
    ),
    "a steady noise is not speech": (
        [(3, 0.01, QUIET), (1, LOUD, QUIET), (1, 0.01, QUIET), (1, 0.01, LOUD)],
        [[1.01, False]],
    ),
}


@pytest.mark.parametrize(("script", "answers"), CASES.values(), ids=CASES.keys())
async def test_turn_clock(still_page, script, answers):
    assert await still_page.tab.evaluate(RUN, script) == answers
