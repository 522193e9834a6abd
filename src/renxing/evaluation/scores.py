# SPDX-License-Identifier: Apache-2.0
"""Which trials a scorecard takes, and what it makes of their outcomes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from renxing.evaluation.scenario import Case, Scenario, Target
from renxing.evaluation.trial import Outcome, Trial
from renxing.evaluation.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user asks for.

    Attributes:
        robot: Name or file.
        seed: The first one.
        seeds: How many; None for what each scenario says.
        quick: Whether the short set is enough.
        aim: Whether aims are tried too.
        nominal: Whether robots are as described, apart from noise.
        ideal: Whether the controller is told the true state.
    """

    robot: str
    seed: int = 0
    seeds: int | None = None
    quick: bool = False
    aim: bool = False
    nominal: bool = False
    ideal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All trials of a scenario at one level.

    Attributes:
        scenario: Which one.
        level: In the unit of what the scenario's level sets.
        must: What is required at this level, if anything.
        aim: What is hoped for at this level, if anything.
        trials: By direction, then by seed.
    """

    scenario: Scenario
    level: float
    must: Target | None
    aim: Target | None
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score:
    """What came of a batch.

    Attributes:
        batch: Which one.
        outcomes: In the order of its trials.
    """

    batch: Batch
    outcomes: tuple[Outcome, ...]

    @property
    def successes(self) -> int:
        """How many trials succeeded."""
        return sum(outcome.success for outcome in self.outcomes)

    @property
    def rate(self) -> float:
        """Share of trials that succeeded [-]."""
        return self.successes / len(self.outcomes)

    @property
    def missed(self) -> bool:
        """Whether something required was not reached."""
        must = self.batch.must
        return must is not None and self.rate < must.rate

    @property
    def aim_reached(self) -> bool | None:
        """Whether the aim was reached; None if it was not tried."""
        aim = self.batch.aim
        if aim is None:
            return None
        return _rate_at(self, aim) >= aim.rate

    def shown(self) -> Outcome:
        """Return the outcome that says most: the first failure, else the first."""
        traced = [outcome for outcome in self.outcomes if outcome.trace is not None]
        return next((o for o in traced if not o.success), traced[0])

    def spread(self, name: str) -> tuple[float, float, float] | None:
        """Return least, median and greatest of a measure; None if nobody has it."""
        values = [o.measures[name] for o in self.outcomes if name in o.measures]
        if not values:
            return None
        return min(values), float(np.median(values)), max(values)


def _rate_at(score: Score, target: Target) -> float:
    """Return the share of trials that would succeed at a target's level."""
    if score.batch.scenario.level != "still_within":
        return score.rate
    # The level only judges: no second run is needed.
    good = [
        outcome.measures.get("still_after", np.inf) <= target.level
        for outcome in score.outcomes
    ]
    return sum(good) / len(good)


def make_batches(
    scenarios: Sequence[Scenario], robot: str, request: Request
) -> list[Batch]:
    """Return what has to be run.

    Args:
        scenarios: Each with a case for the robot.
        robot: Its name.
        request: What is asked for.
    """
    return [
        batch
        for scenario in scenarios
        for batch in _of_scenario(scenario, scenario.robots[robot], request)
    ]


def _of_scenario(scenario: Scenario, case: Case, request: Request) -> Iterator[Batch]:
    must, aim = case.must, case.aim
    once = scenario.level == "still_within" or (
        must is not None and aim is not None and must.level == aim.level
    )
    if must is not None:
        level = must.level
        trials = make_trials(scenario, level, request)
        yield Batch(
            scenario=scenario,
            level=level,
            must=must,
            aim=aim if once else None,
            trials=trials,
        )
    if aim is not None and (must is None or (request.aim and not once)):
        trials = make_trials(scenario, aim.level, request)
        yield Batch(
            scenario=scenario, level=aim.level, must=None, aim=aim, trials=trials
        )


def make_trials(
    scenario: Scenario,
    level: float,
    request: Request,
    directions: Sequence[float] | None = None,
) -> tuple[Trial, ...]:
    """Return the trials of a scenario at a level.

    Args:
        scenario: Which one.
        level: In the unit of what its level sets.
        request: What is asked for.
        directions: Of pushes [deg]; those of the scenario if left out.
    """
    amount = scenario.quick if request.quick else scenario.full
    ways: Sequence[float | None] = (None,)
    if scenario.push is not None:
        push = scenario.push
        ways = directions or (push.quick if request.quick else push.directions)
    seeds = range(request.seed, request.seed + (request.seeds or amount.seeds))
    return tuple(
        Trial(
            scenario=scenario,
            robot=request.robot,
            level=level,
            seed=seed,
            direction=way,
            duration=amount.duration,
            nominal=request.nominal,
            ideal=request.ideal,
            keep_trace=seed == seeds[0] and way == ways[0],
        )
        for way in ways
        for seed in seeds
    )


def run_batches(
    batches: Sequence[Batch],
    workers: Workers[Trial, Outcome],
    on_outcome: Callable[[Outcome], None],
) -> list[Score]:
    """Run batches.

    Args:
        batches: What is run.
        workers: Who runs it.
        on_outcome: Called after each trial.
    """
    trials = [trial for batch in batches for trial in batch.trials]
    # Longest first, so that no worker is left alone with a long one at the end.
    trials.sort(key=lambda trial: -trial.seconds)
    found: dict[tuple[str, float, int, float | None], Outcome] = {}
    for outcome in workers.run(trials):
        found[_key(outcome.trial)] = outcome
        on_outcome(outcome)
    return [
        Score(batch=batch, outcomes=tuple(found[_key(trial)] for trial in batch.trials))
        for batch in batches
    ]


def _key(trial: Trial) -> tuple[str, float, int, float | None]:
    return trial.scenario.name, trial.level, trial.seed, trial.direction
