# SPDX-License-Identifier: Apache-2.0
"""Scores and limits as table cells, for the terminal and the page alike."""

from renxing.evaluation.limit import Limit
from renxing.evaluation.scenario import UNITS, Scenario
from renxing.evaluation.scores import Score

SCORE_HEAD = ("scenario", "level", "succeeded", "rate", "required", "worst", "verdict")
LIMIT_HEAD = ("scenario", "direction", "mastered", "failed at", "why")


def score_cells(score: Score) -> tuple[str, ...]:
    """Return one row of `SCORE_HEAD`."""
    batch = score.batch
    required = "-" if batch.must is None else f"{100 * batch.must.rate:.0f} %"
    if batch.must is None:
        verdict = "aim reached" if score.aim_reached else "aim not reached"
    else:
        verdict = "MISSED" if score.missed else "reached"
        if batch.aim is not None and not score.missed:
            verdict += ", aim too" if score.aim_reached else ", aim not"
    return (
        batch.scenario.name,
        shown_level(score),
        f"{score.successes}/{len(score.outcomes)}",
        f"{100 * score.rate:.0f} %",
        required,
        worst(score),
        verdict,
    )


def limit_cells(limit: Limit) -> tuple[str, ...]:
    """Return one row of `LIMIT_HEAD`."""
    scenario = limit.scenario
    failed = "-" if limit.failed is None else _level(scenario, limit.failed)
    direction = "-" if limit.direction is None else f"{limit.direction:g}°"
    return (
        scenario.name,
        direction,
        _level(scenario, limit.mastered),
        failed,
        limit.reason or "-",
    )


def shown_level(score: Score) -> str:
    """Return the level of a score with its unit; empty where there is none."""
    return _level(score.batch.scenario, score.batch.level)


def worst(score: Score) -> str:
    """Return the first failure, or what tells most about how near to one it was."""
    for outcome in score.outcomes:
        if outcome.failures:
            where = f"seed {outcome.trial.seed}"
            if outcome.trial.direction is not None:
                where += f", {outcome.trial.direction:g}°"
            return f"{where}: {outcome.failures[0]}"
    wanted = score.batch.scenario.success
    if wanted.speed is not None:
        name, text = "speed_share", "{0:.0%} of the speed"
    elif wanted.drift is not None:
        name, text = "drift", "drift {2:.2%}"
    elif score.spread("still_after") is not None:
        name, text = "still_after", "still after {2:.2f} s"
    else:
        name, text = "torque_peak", "torque {2:.0%} of the limit"
    spread = score.spread(name)
    return "" if spread is None else text.format(*spread)


def _level(scenario: Scenario, level: float) -> str:
    if scenario.level == "nothing":
        return ""
    if scenario.level == "speed":
        turning = any(c.direction[2] and not c.direction[0] for c in scenario.commands)
        return f"{level:.3g} {'rad/s' if turning else 'm/s'}"
    return f"{level:.3g} {UNITS[scenario.level]}"
