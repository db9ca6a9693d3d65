"""The rule that scales, the simulated fleet, and what the docs say about them."""

import itertools
import json
from dataclasses import replace

import pytest

from bench.scaling.__main__ import DOCS, main
from bench.scaling.arrivals import Arrival, Day, spike
from bench.scaling.fleet import REDIALS, Fleet, Platform, Policy, Trouble
from bench.scaling.parameters import Figure, Parameters
from bench.scaling.plan import STEPS, first_to_break
from bench.scaling.policies import GKE, policies
from bench.scaling.real_run import RULE, SECONDS, callers, simulated
from bench.scaling.report import BEGIN, END, Run, best, content, page, with_page
from bench.scaling.rule import Autoscaler, Rule
from bench.scaling.scenarios import SCENARIOS, Scenario, rupees

PARAMETERS = Parameters()
PLACES = PARAMETERS.calls_per_worker


def quick(stop_seconds=3600.0):
    """A platform whose workers are there at once."""
    return Platform("quick", lambda parameters, warm: 1.0, lambda parameters: stop_seconds, lambda parameters: 1.0)


def run(policy, arrivals, trouble=None, seconds=1000.0):
    return Fleet(policy, PARAMETERS, trouble or Trouble(), 1).run(arrivals, seconds)


# ---- the rule


@pytest.mark.parametrize(
    ("calls", "workers", "wanted"),
    [
        (0, 3, 3),  # never fewer than the least
        (12, 3, 3),  # half full: as wanted
        (13, 3, 3),  # within the tolerance of a tenth
        (20, 3, 5),  # 20 calls at a half of 8 places
        (80, 3, 7),  # no more than four, or twice as many, in one step
        (80, 10, 20),
        (10_000, 300, 400),  # never more than the most
    ],
)
def test_the_rule_keeps_the_fleet_at_its_target(calls, workers, wanted):
    scaler = Autoscaler(Rule(target=0.5, least=3, most=400), 8)
    assert scaler.decide(0.0, calls, workers) == wanted


def test_the_fleet_shrinks_only_after_the_window_and_to_the_most_that_was_wanted_in_it():
    scaler = Autoscaler(Rule(target=0.5, least=1, most=100, down_window_seconds=300), 8)
    assert scaler.decide(0, 80, 20) == 20
    assert scaler.decide(200, 40, 20) == 20  # 20 were wanted 200 s ago
    assert scaler.decide(310, 8, 20) == 10  # the 20 are forgotten, the 10 are not
    assert scaler.decide(620, 8, 10) == 2


def test_looking_ahead_scales_for_the_calls_that_will_be():
    grows = [(at, 10 + at) for at in range(0, 121, 15)]
    plain, ahead = (Autoscaler(Rule(0.5, 1, 400, up_workers=400, ahead_seconds=each), 8) for each in (0, 120))
    wanted = [(plain.decide(at, calls, 20), ahead.decide(at, calls, 20)) for at, calls in grows][-1]
    assert wanted == (33, 63)  # 130 calls now, 250 in two minutes, at four a worker


# ---- the day


def test_a_day_has_the_calls_that_its_rate_says_and_is_the_same_for_every_policy():
    day = Day(100, 170, 0.8, 3600)
    arrivals = list(day.arrivals(7))
    expected = sum(day.rate(second + 0.5) for second in range(86_400))
    assert len(arrivals) == pytest.approx(expected, rel=0.03)
    assert arrivals == list(day.arrivals(7))
    assert sum(each.talks_seconds for each in arrivals) / len(arrivals) == pytest.approx(170, rel=0.05)
    assert all(before.at < after.at for before, after in itertools.pairwise(arrivals))


def test_the_spike_rises_twentyfold_in_five_minutes_and_goes():
    factor = spike(20.0)
    at = 11.5 * 3600
    assert [factor(at - 1), factor(at + 150), factor(at + 300), factor(at + 899), factor(at + 1800)] == [
        1,
        10.5,
        20,
        20,
        1,
    ]


# ---- the fleet


def test_a_call_without_a_place_is_refused_and_a_call_with_one_is_not():
    nobody_redials = replace(PARAMETERS, redial_share=Figure(0, "share", "assumed: for the test"))
    at_once = [Arrival(1.0 + number / 100, 100.0) for number in range(PLACES + 3)]
    outcome = Fleet(Policy("one", quick(), workers=1), nobody_redials, Trouble(), 1).run(at_once, 1000.0)
    assert (outcome.asked, outcome.refused) == (PLACES + 3, 3)
    assert outcome.longest_shortage_seconds == pytest.approx(0.02)


def test_who_was_refused_calls_again_and_is_counted_again():
    everybody_redials = replace(PARAMETERS, redial_share=Figure(1, "share", "assumed: for the test"))
    fleet = Fleet(Policy("none", quick(), workers=0), everybody_redials, Trouble(), 1)
    outcome = fleet.run([Arrival(1.0, 10.0)], 5000.0)
    assert outcome.asked == outcome.refused == 1 + REDIALS


def test_a_pool_that_kills_ten_seconds_after_the_signal_hands_over_or_cuts():
    # Two long calls on a fleet that was made large for a burst: the shrinking takes their workers away.
    burst = [Arrival(1.0 + number / 100, 30.0) for number in range(60)]
    long_ones = [Arrival(20.0 + number, 600.0) for number in range(8)]
    rule = Rule(target=0.5, least=1, most=30, down_window_seconds=20.0, every_seconds=10.0)
    hasty = run(Policy("hasty", quick(10.0), rule), sorted(burst + long_ones, key=lambda each: each.at))
    patient = run(Policy("patient", quick(3600.0), rule), sorted(burst + long_ones, key=lambda each: each.at))
    assert hasty.handed_over + hasty.cut > 0
    assert patient.handed_over + patient.cut == 0


def test_a_lost_zone_rescues_what_has_room_and_cuts_the_rest():
    arrivals = [Arrival(1.0 + number / 100, 900.0) for number in range(3 * PLACES)]
    full = run(Policy("full", quick(), workers=3), arrivals, Trouble(zone_lost_at=100.0))
    assert full.rescued + full.cut == PLACES
    roomy = run(Policy("roomy", quick(), workers=6), arrivals, Trouble(zone_lost_at=100.0))
    assert roomy.cut == 0
    assert roomy.rescued > 0


def test_spare_nodes_cost_while_they_are_kept_and_shorten_the_start():
    policy = Policy("spare", GKE, Rule(0.5, 1, 50), spare_nodes=10, spare_hours=(0, 0.1))
    burst = [Arrival(10.0 + number / 10, 200.0) for number in range(40)]
    with_spare, without = run(policy, burst), run(Policy("bare", GKE, Rule(0.5, 1, 50)), burst)
    assert with_spare.refused < without.refused
    assert with_spare.spare_seconds == 10 * 360
    assert rupees(policy, with_spare, PARAMETERS) > 0


# ---- the verdict


def test_on_the_day_with_the_spike_spare_nodes_refuse_less_than_one_in_a_thousand_and_cut_nobody():
    parameters = PARAMETERS
    scenario = next(each for each in SCENARIOS if each.spike)
    day = scenario.day(parameters)
    arrivals = [each for each in day.arrivals(1) if 10 * 3600 < each.at < 13 * 3600]
    named = {policy.name: policy for policy in policies(parameters)}
    runs = [
        Run(named[name], scenario, [Fleet(named[name], parameters, Trouble(), 1).run(arrivals, 13.5 * 3600)])
        for name in ("constant, for the busiest hour", "GKE, KEDA at 0.5, spare nodes 8 to 22 h")
    ]
    assert best(runs, parameters) is runs[1].policy
    assert runs[0].refused_share > 0.2
    written = page(content(runs, parameters))
    assert runs[1].policy.name in written
    assert "100,000 calls" in written


def test_nothing_is_best_where_everything_refuses():
    refuses = Run(
        Policy("none", quick(), workers=0),
        Scenario("spike", spike=True),
        [run(Policy("none", quick(), workers=0), [Arrival(1, 1)])],
    )
    assert best([refuses], PARAMETERS) is None


def test_the_plan_says_what_breaks_first_and_needs_more_of_everything_for_more_calls():
    plan = first_to_break(PARAMETERS)
    assert plan[0].breaks_at <= plan[-1].breaks_at
    for part in plan:
        assert part.needed(part.breaks_at) == 1
        assert [part.needed(calls) for calls in STEPS] == sorted(part.needed(calls) for calls in STEPS)


# ---- the real run's other half, and the command


def test_the_simulation_of_the_real_run_serves_the_callers_it_has_places_for():
    arrivals = callers(1)
    assert arrivals == callers(1)
    at_once = simulated(arrivals, 0.1)
    late = simulated(arrivals, SECONDS)
    assert max(each.refused for each in at_once) < min(each.refused for each in late)
    assert all(max(places for _, _, places in each.samples) <= RULE.most for each in at_once)


def test_capacity_that_is_no_capacity_is_refused_by_name(tmp_path, capsys):
    wrong = tmp_path / "capacity.json"
    wrong.write_text("{}")
    assert main(["--capacity", str(wrong)]) == 2
    assert "capacity.json" in capsys.readouterr().err
    wrong.write_text(json.dumps({"calls_a_core": 0}))
    assert main(["--capacity", str(wrong)]) == 2
    right = tmp_path / "right.json"
    right.write_text(json.dumps({"calls_a_core": 9}))
    assert Parameters.of(right).calls_per_worker == 18


def test_every_parameter_says_where_it_comes_from():
    for name, figure in PARAMETERS.listed():
        assert figure.source.partition(":")[0] in ("measured", "read", "assumed"), name
        assert figure.unit, name


def test_the_docs_page_has_what_the_command_wrote():
    text = DOCS.read_text(encoding="utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0]
    for policy in policies(PARAMETERS):
        assert policy.name in written
    for name, figure in PARAMETERS.listed():
        assert figure.source in written, name
    assert with_page(text, written.strip("\n")) == text
    with pytest.raises(ValueError, match="lacks"):
        with_page("no markers", "x")
