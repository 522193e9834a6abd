# SPDX-License-Identifier: Apache-2.0
"""A scorecard as JSON: every number, seed and version."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renxing.evaluation.document import write_tree
from renxing.evaluation.limit import Limit
from renxing.evaluation.scenario import UNITS, Target
from renxing.evaluation.scores import Request, Score
from renxing.evaluation.trial import Outcome


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scorecard:
    """Everything that one command has found.

    Attributes:
        name: Of the suite.
        title: For people.
        robot: Name of the robot.
        request: What was asked for.
        machine: Where and with what it ran.
        seconds: How long it took [s].
        scores: Of each scenario and level.
        limits: Where limits were asked for.
    """

    name: str
    title: str
    robot: str
    request: Request
    machine: dict[str, Any]
    seconds: float
    scores: tuple[Score, ...] = ()
    limits: tuple[Limit, ...] = ()

    @property
    def missed(self) -> bool:
        """Whether something required was not reached."""
        return any(score.missed for score in self.scores)


def write_json(card: Scorecard, file: Path) -> None:
    """Write everything but the traces.

    Raises:
        ConfigError: If the file cannot be written.
    """
    document = {
        "scorecard": card.name,
        "title": card.title,
        "robot": card.robot,
        "request": dataclasses.asdict(card.request),
        "machine": card.machine,
        "seconds": card.seconds,
        "missed": card.missed,
        "scores": [_score(score) for score in card.scores],
        "limits": [_limit(limit) for limit in card.limits],
    }
    write_tree(file, document)


def _score(score: Score) -> dict[str, Any]:
    batch = score.batch
    return {
        "scenario": batch.scenario.name,
        "title": batch.scenario.title,
        "level_sets": batch.scenario.level,
        "level": batch.level,
        "unit": UNITS[batch.scenario.level],
        "must": _target(batch.must),
        "aim": _target(batch.aim),
        "trials": len(score.outcomes),
        "successes": score.successes,
        "rate": score.rate,
        "missed": score.missed,
        "aim_reached": score.aim_reached,
        "rows": [_row(outcome) for outcome in score.outcomes],
    }


def _row(outcome: Outcome) -> dict[str, Any]:
    trial = outcome.trial
    return {
        "seed": trial.seed,
        "direction": trial.direction,
        "success": outcome.success,
        "failures": outcome.failures,
        "measures": outcome.measures,
        "variation": outcome.variation,
        "timing": {
            phase: {"median_us": median, "p99_us": p99}
            for phase, (median, p99) in outcome.timing.items()
        },
    }


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "scenario": limit.scenario.name,
        "unit": UNITS[limit.scenario.level],
        "direction": limit.direction,
        "mastered": limit.mastered,
        "failed": limit.failed,
        "reason": limit.reason,
    }


def _target(target: Target | None) -> dict[str, float] | None:
    return None if target is None else {"level": target.level, "rate": target.rate}
