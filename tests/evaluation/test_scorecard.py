# SPDX-License-Identifier: Apache-2.0
"""The quick scorecard: the whole stack walks, turns, climbs and takes pushes.

Levels are those that `config/evaluation` requires; one seed, short ways. The long set
is `make eval`.
"""

import dataclasses

import numpy as np
import pytest

from renxing.evaluation.scenario import choose, load_suite
from renxing.evaluation.scores import Request, make_trials
from renxing.evaluation.trial import Trial, run_trial


@pytest.fixture
def make_trial(load):
    def make(
        robot: str,
        suite: str,
        name: str,
        seconds: float,
        direction: float | None = None,
        factor: float = 1.0,
    ) -> Trial:
        load(robot)  # skips where its package is not installed
        (scenario,) = choose(load_suite(suite), [name], robot)
        must = scenario.robots[robot].must
        assert must is not None
        request = Request(robot=robot, seeds=1)
        ways = None if direction is None else (direction,)
        first = make_trials(scenario, factor * must.level, request, ways)[0]
        return dataclasses.replace(first, duration=seconds)

    return make


@pytest.mark.parametrize(
    ("robot", "suite", "name", "seconds", "direction"),
    [
        ("rx1", "locomotion", "forward", 6.0, None),
        ("rx1", "locomotion", "turning", 5.0, None),
        ("rx1", "balance", "push_standing", 4.0, 90.0),
        ("rx1", "balance", "push_forward", 4.0, 0.0),
        ("rx1", "terrain", "step_down", 8.0, None),
        ("g1", "locomotion", "forward", 6.0, None),
    ],
)
def test_required_level(make_trial, robot, suite, name, seconds, direction) -> None:
    trial = make_trial(robot, suite, name, seconds, direction)
    outcome = run_trial(trial)
    assert outcome.failures == ()
    assert outcome.measures["duration"] > 0.9 * seconds or trial.scenario.success.across


def test_a_push_that_nobody_withstands_is_a_failure(make_trial) -> None:
    trial = make_trial("rx1", "balance", "push_standing", 4.0, 90.0, factor=10.0)
    outcome = run_trial(trial)
    assert len(outcome.failures) == 1 and "after the push" in outcome.failures[0]
    assert outcome.trace is not None


def test_the_same_trial_gives_the_same_bits(make_trial) -> None:
    trial = make_trial("rx1", "locomotion", "forward", 2.0)
    first, again = run_trial(trial), run_trial(trial)
    assert first.measures == again.measures
    assert first.trace is not None and again.trace is not None
    np.testing.assert_array_equal(first.trace.frames, again.trace.frames)
    other = run_trial(dataclasses.replace(trial, seed=1))
    assert other.measures != first.measures
