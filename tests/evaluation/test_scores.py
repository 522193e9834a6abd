# SPDX-License-Identifier: Apache-2.0
"""Which trials are run, what counts as missed, and where bisection ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renxing.errors import ConfigError
from renxing.evaluation.limit import TOLERANCE, bisect
from renxing.evaluation.scenario import choose, load_suite, suite_names
from renxing.evaluation.scores import Request, Score, make_batches
from renxing.evaluation.trial import Outcome, Trial
from renxing.yaml_file import FileError

SUITES = {name: load_suite(name) for name in suite_names()}


def batches(suite: str, name: str, robot: str = "rx1", **request):
    scenarios = choose(SUITES[suite], [name], robot)
    return make_batches(scenarios, robot, Request(robot=robot, **request))


def score(batch, successes: int, **measures: float) -> Score:
    def outcome(trial: Trial, good: bool) -> Outcome:
        return Outcome(
            trial=trial,
            failures=() if good else ("fell at 1.00 s",),
            measures=measures,
            variation={},
            timing={},
            trace=None,
        )

    outcomes = [outcome(t, i < successes) for i, t in enumerate(batch.trials)]
    return Score(batch=batch, outcomes=tuple(outcomes))


def test_the_four_scorecards_are_there_for_both_robots() -> None:
    assert set(SUITES) == {"locomotion", "balance", "terrain", "carry"}
    for suite in SUITES.values():
        for scenario in suite.scenarios:
            assert set(scenario.robots) == {"rx1", "g1"}
            assert scenario.full.seeds >= 10


def test_every_direction_meets_every_seed() -> None:
    (batch,) = batches("balance", "push_standing")
    pairs = {(trial.direction, trial.seed) for trial in batch.trials}
    assert len(batch.trials) == len(pairs) == 120
    assert {trial.level for trial in batch.trials} == {25.0}
    assert sum(trial.keep_trace for trial in batch.trials) == 1
    (quick,) = batches("balance", "push_standing", quick=True)
    assert [trial.direction for trial in quick.trials] == [0, 90, 180, 270]


def test_seeds_are_those_asked_for() -> None:
    (batch,) = batches("locomotion", "forward", seed=40, seeds=3)
    assert [trial.seed for trial in batch.trials] == [40, 41, 42]


def test_aims_are_tried_when_asked_for() -> None:
    plain = batches("locomotion", "forward")
    aims = batches("locomotion", "forward", aim=True)
    assert [batch.level for batch in plain] == [1.0]
    assert [batch.level for batch in aims] == [1.0, 1.5]
    assert aims[1].must is None and aims[1].aim is not None
    # The same trials tell both: at one level, or where the level only judges.
    for name in ("random", "stop"):
        (batch,) = batches("locomotion", name, aim=True)
        assert batch.must is not None and batch.aim is not None


def test_what_is_not_required_is_measured_and_never_missed() -> None:
    (batch,) = batches("carry", "one_hand", "g1")
    assert batch.must is None and batch.level == 1.5
    assert not score(batch, 0).missed
    assert score(batch, 0).aim_reached is False


@pytest.mark.parametrize(("good", "missed"), [(20, False), (19, False), (18, True)])
def test_the_rate_decides(good: int, missed: bool) -> None:
    (batch,) = batches("locomotion", "random", seeds=20)
    assert score(batch, good).missed is missed
    assert score(batch, good).aim_reached is (good == 20)


def test_the_aim_of_stopping_is_judged_by_the_time() -> None:
    (batch,) = batches("locomotion", "stop", seeds=4, aim=True)
    assert score(batch, 4, still_after=0.9).aim_reached is True
    assert score(batch, 4, still_after=1.2).aim_reached is False


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="which has forward, backward"):
        choose(SUITES["locomotion"], ["foward"], "rx1")
    with pytest.raises(ConfigError, match="robot 'r2': no numbers"):
        choose(SUITES["locomotion"], [], "r2")
    with pytest.raises(ConfigError, match="there are balance, carry"):
        load_suite("dancing")


def test_a_scenario_that_contradicts_itself_is_refused(tmp_path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(
        "name: odd\ntitle: Odd\nscenarios:\n"
        "  - {name: push, title: Push, level: impulse, duration: 1.0, robots: {}}\n"
    )
    with pytest.raises(FileError, match="wanted exactly where the level sets"):
        load_suite(file)


@given(edge=st.floats(0.5, 99.0), start=st.floats(1.0, 120.0), ceiling=st.just(100.0))
def test_bisection_finds_the_edge(edge: float, start: float, ceiling: float) -> None:
    tried: list[float] = []

    def failure(level: float) -> str:
        tried.append(level)
        return "too much" if level > edge else ""

    good, bad, why = bisect(failure, start, ceiling)
    assert bad is not None and good <= edge < bad and why == "too much"
    assert bad - good <= TOLERANCE * bad or bad < TOLERANCE * ceiling
    assert max(tried) <= ceiling and len(tried) == len(set(tried)) <= 20


def test_bisection_ends_at_the_ceiling() -> None:
    assert bisect(lambda level: "", 30.0, 100.0) == (100.0, None, "")
