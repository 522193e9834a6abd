# SPDX-License-Identifier: Apache-2.0
"""How much a robot can take: the greatest level that every seed masters.

Bisection assumes that whoever fails at a level fails at all harder ones; `limit` in the
scenario bounds where it looks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from renxing.errors import ConfigError
from renxing.evaluation.scenario import Scenario
from renxing.evaluation.scores import Request, make_trials
from renxing.evaluation.trial import Outcome, Trial
from renxing.evaluation.workers import Workers

TOLERANCE = 0.05  # [-] of the level, between what is mastered and what is not
GROWTH = 1.5  # [-] from one level to the next while all is mastered
START = 0.5  # [-] of what is required


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much a robot can take.

    Attributes:
        scenario: Of what.
        direction: Of the push [deg]; None without one.
        mastered: Greatest level tried that all seeds mastered; 0 if none.
        failed: Least level tried that some seed failed at; None if none up to the
            scenario's limit.
        reason: Why it failed there.
    """

    scenario: Scenario
    direction: float | None
    mastered: float
    failed: float | None
    reason: str


def find_limits(
    scenarios: Sequence[Scenario],
    robot: str,
    request: Request,
    workers: Workers[Trial, Outcome],
    on_level: Callable[[Scenario, float | None, float], None],
) -> Iterator[Limit]:
    """Yield the limits of scenarios, direction by direction.

    Args:
        scenarios: Each with a case for the robot.
        robot: Its name.
        request: What is asked for; its seeds must all master a level.
        workers: Who runs it.
        on_level: Called before each level that is tried.

    Raises:
        ConfigError: If no scenario has a limit up to which to look.
    """
    bounded = [scenario for scenario in scenarios if scenario.limit is not None]
    if not bounded:
        raise ConfigError("--limit: none of these scenarios has a `limit`")
    for scenario in bounded:
        case = scenario.robots[robot]
        target = case.must or case.aim
        start = START * target.level if target else 0.1 * (scenario.limit or 1.0)
        ways: Sequence[float | None] = (None,)
        if scenario.push is not None:
            push = scenario.push
            ways = push.quick if request.quick else push.directions
        for way in ways:

            def first_failure(
                level: float,
                scenario: Scenario = scenario,
                way: float | None = way,
            ) -> str:
                on_level(scenario, way, level)
                ways = None if way is None else (way,)
                trials = make_trials(scenario, level, request, ways)
                for outcome in workers.run(trials):
                    if not outcome.success:
                        reason = "; ".join(outcome.failures)
                        return f"seed {outcome.trial.seed}: {reason}"
                return ""

            mastered, failed, reason = bisect(
                first_failure, start, scenario.limit or start
            )
            yield Limit(
                scenario=scenario,
                direction=way,
                mastered=mastered,
                failed=failed,
                reason=reason,
            )


def bisect(
    failure: Callable[[float], str], start: float, ceiling: float
) -> tuple[float, float | None, str]:
    """Find where failure begins.

    Args:
        failure: Says why a level fails; empty if it does not.
        start: First level tried.
        ceiling: Greatest one.

    Returns:
        The greatest level without failure (0 if none), the least one with failure
        (None if none) and the reason there.
    """
    good, bad, why = 0.0, None, ""
    level = min(start, ceiling)
    while bad is None or bad - good > TOLERANCE * bad:
        reason = failure(level)
        if reason:
            bad, why = level, reason
            if good == 0.0 and bad < TOLERANCE * ceiling:
                break
        else:
            good = level
            if good >= ceiling:
                break
        level = min(GROWTH * good, ceiling) if bad is None else 0.5 * (good + bad)
    return good, bad, why
