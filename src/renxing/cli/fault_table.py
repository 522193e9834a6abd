# SPDX-License-Identifier: Apache-2.0
"""`renxing fault table`: what the simulated robot does when something breaks."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from renxing.cli.bench import machine
from renxing.cli.terminal import table
from renxing.errors import ConfigError

if TYPE_CHECKING:
    from renxing.runtime.fault_cases import FaultCase
    from renxing.runtime.fault_trial import Outcome

HEAD = ("fault", "declared", "rung", "median s", "max s", "stands", "trials", "missed")


def run(arguments: argparse.Namespace) -> int:
    """Try all cases and show the table: 1 if something declared was missed.

    Raises:
        ConfigError: If a case or a number means nothing.
    """
    # These load the physics; the other actions of `fault` should not.
    from renxing.evaluation.workers import Workers, core_count
    from renxing.runtime.fault_cases import CASES
    from renxing.runtime.fault_table import case_named, try_fault
    from renxing.runtime.fault_trial import Task

    if arguments.seeds < 1:
        raise ConfigError(f"fault table --seeds {arguments.seeds}: at least 1")
    cases = [case_named(name) for name in arguments.words] or list(CASES)
    tasks = [
        Task(case=case.name, robot=arguments.robot, seed=seed)
        for case in cases
        for seed in range(arguments.seeds)
    ]
    outcomes: list[Outcome] = []
    begin = time.monotonic()
    with Workers(arguments.jobs or core_count(), try_fault) as workers:
        for outcome in workers.run(tasks):
            outcomes.append(outcome)
            _show_progress(len(outcomes), len(tasks), time.monotonic() - begin)
    outcomes.sort(key=lambda outcome: outcome.seed)
    print(table(HEAD, [_row(case, outcomes) for case in cases]))
    missed = [outcome for outcome in outcomes if outcome.missed]
    for outcome in missed:
        print(f"missed: {outcome.case}, seed {outcome.seed}: {outcome.missed}")
    if arguments.json:
        document = {
            "machine": machine(),
            "robot": arguments.robot,
            "outcomes": [asdict(outcome) for outcome in outcomes],
        }
        try:
            arguments.json.write_text(json.dumps(document, indent=2) + "\n")
        except OSError as error:
            raise ConfigError(f"file {arguments.json}: {error.strerror}") from error
    return 1 if missed else 0


def _show_progress(done: int, count: int, seconds: float) -> None:
    if not sys.stderr.isatty():
        return
    left = seconds / done * (count - done)
    end = "\n" if done == count else "\r"
    print(f"{done} of {count}, {left:.0f} s left  ", end=end, file=sys.stderr)


def _row(case: "FaultCase", outcomes: "Sequence[Outcome]") -> tuple[str, ...]:
    mine = [outcome for outcome in outcomes if outcome.case == case.name]
    times = sorted(o.reaction for o in mine if o.reaction is not None)
    rungs = sorted({outcome.rung for outcome in mine})
    return (
        case.name,
        case.reaction,
        "/".join(rungs),
        f"{times[len(times) // 2]:.3f}" if times else "-",
        f"{times[-1]:.3f}" if times else "-",
        f"{sum(outcome.stands for outcome in mine)} of {len(mine)}",
        str(len(mine)),
        str(sum(bool(outcome.missed) for outcome in mine)),
    )
