"""One call on fake time around the real dialogue: an agent that speaks, a caller who answers, what is kept of both."""

from __future__ import annotations

import asyncio

from tests.jumping_clock import wait
from worker.consent.dialogue import Consent, Ports
from worker.consent.notices import LETTERS_PER_SECOND, Notices
from worker.consent.rules import ConsentRules, Mode, Purpose

BOTH = frozenset({Purpose.WORDS, Purpose.RECORDING})
ASKED = ConsentRules(Mode.ASKED, BOTH)
ANNOUNCED = ConsentRules(Mode.ANNOUNCED, BOTH)
FRAME_SECONDS = 0.1


class Speech:
    """Takes as long as its letters do."""

    def __init__(self, seconds):
        self._over = asyncio.get_running_loop().create_task(wait(seconds))

    async def wait_for_playout(self):
        await asyncio.shield(self._over)


class FakeCall:
    """Keeps every word and frame for which the dialogue allows it, as a recorder and a record would."""

    def __init__(self, rules=ASKED, language="en-IN", *, notices=None, earlier=None, **options):
        self.language = language
        self.notices = notices or Notices.load(rules)
        self.said = []
        self.proofs = []
        self.kept_words = []
        self.kept_frames = 0
        self.changes = []
        self.erasures = 0
        self.turns = []
        self.silent_until = 0.0
        self._earlier = earlier

        async def of_earlier_calls():
            return self._earlier

        self.consent = Consent(
            rules, self.notices,
            Ports(
                say=self._say, language=lambda: self.language, turn=lambda: len(self.turns), tell=self.proofs.append,
                changed=self.changes.append, erase=self._erase, earlier=of_earlier_calls,
            ),
            **options,
        )  # fmt: skip
        self._recorder = asyncio.create_task(self._record())

    def _say(self, phrase, voice):
        text = self.notices.phrases[voice or self.language][phrase]
        self.said.append(phrase)
        now = asyncio.get_running_loop().time()
        seconds = len(text) / LETTERS_PER_SECOND
        begins = max(now, self.silent_until)
        self.silent_until = begins + seconds
        return Speech(self.silent_until - now)

    def _erase(self):
        self.erasures += 1
        self.kept_words.clear()
        self.kept_frames = 0

    async def _record(self):
        while True:
            await wait(FRAME_SECONDS)
            self.kept_frames += self.consent.allows(Purpose.RECORDING)

    async def caller_says(self, text, seconds=0.8):
        """Say something; its words are there a moment after its sound."""
        self.consent.caller_moved(speaks=True)
        await wait(seconds)
        self.consent.caller_moved(speaks=False)
        await wait(0.3)
        if self.consent.hear(text):
            return
        self.turns.append(text)
        if self.consent.allows(Purpose.WORDS):
            self.kept_words.append(text)

    async def until_asked(self):
        """Wait until the question has been put."""
        while self.consent.state.name != "LISTENING":
            await wait(0.05)

    def states(self, purpose=Purpose.WORDS):
        """What the proof says about one purpose, in order."""
        return [(proof.state, proof.by) for proof in self.proofs if proof.purpose is purpose]

    async def hang_up(self):
        self.consent.close()
        self._recorder.cancel()
