"""Random histories of spending: agents of several workers that spend at once, die, and tell things twice and late."""

import random
from dataclasses import dataclass
from datetime import date

from records.budgets import Claim, Limits

TOLERANCE = 1e-6
ASK = 4.0
DAY = date(2026, 11, 29)


def asked(call="c1", generation=0, sequence=1, caller="asha", spent=0.0, ask=ASK, day=DAY):
    """One claim, of which a test says what matters to it."""
    return Claim(call, generation, sequence, day, caller, spent, ask)


@dataclass
class Agent:
    """One agent of a call: what it has really spent, and what it may spend until it claims again."""

    call: str
    generation: int
    caller: str | None
    sequence: int = 0
    spent: float = 0.0
    granted: float = 0.0
    lives: bool = True

    def next_claim(self, ask=ASK):
        self.sequence += 1
        return Claim(self.call, self.generation, self.sequence, DAY, self.caller, self.spent, ask)

    def heard(self, verdict):
        self.granted, self.lives = verdict.committed, verdict.granted

    def spend(self, chance):
        """Anything up to what was granted; often all of it, for that is what breaks rules."""
        self.spent += chance.choice((0.0, 1.0, chance.random())) * max(0.0, self.granted - self.spent)


class History:
    """Agents of several workers that spend at once, are killed, carried on, and tell things twice and late."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        tight = self.chance.choice((3.0, 10.0, 30.0))
        self.limits = Limits(*(self.chance.choice((None, self.chance.uniform(0.5, tight))) for _ in range(3)))
        callers = self.chance.sample((None, "asha", "bala"), self.chance.randint(1, 3))
        self.agents = [
            Agent(f"c{number}", 0, self.chance.choice(callers)) for number in range(self.chance.randint(1, 4))
        ]
        self.told = []

    def steps(self):
        for _ in range(self.chance.randint(2, 8)):
            living = [agent for agent in self.agents if agent.lives]
            if not living:
                return
            yield self.chance.choice(living)

    def step(self, agent, tell):
        """One claim, what it allows, and maybe a death or a copy that comes too late."""
        claimed = agent.next_claim()
        agent.heard(tell(claimed))
        self.told.append(claimed)
        if self.chance.random() < 0.3:
            tell(self.chance.choice(self.told))  # by a retry, whose answer nobody hears
        agent.spend(self.chance)
        fate = self.chance.random()
        if fate < 0.2:  # killed, with its turn unsettled; somebody carries the call on
            agent.lives = False
            successor = Agent(agent.call, agent.generation + 1, agent.caller)
            self.agents += [successor] if fate < 0.1 else []
        elif fate < 0.3:  # hangs up, and settles
            agent.lives = False
            tell(agent.next_claim(ask=0.0))

    def overrun(self):
        """By how much the most overrun budget is overrun."""
        per_call = [self._sum(lambda a, call=call: a.call == call) for call in {agent.call for agent in self.agents}]
        callers = {agent.caller for agent in self.agents if agent.caller is not None}
        per_caller = [self._sum(lambda a, caller=caller: a.caller == caller) for caller in callers]
        spent = {self.limits.call: per_call, self.limits.caller_day: per_caller, self.limits.day: [self._sum(bool)]}
        over = [most - limit for limit, sums in spent.items() if limit is not None for most in sums]
        return max(over, default=0.0)

    def _sum(self, belongs):
        return sum(agent.spent for agent in self.agents if belongs(agent))
