# SPDX-License-Identifier: Apache-2.0
"""`renxing eval perception`: how true are depth, heights and what can be walked on?"""

import argparse
import time

from renxing.cli.bench import machine
from renxing.cli.terminal import table
from renxing.environment import require_extra
from renxing.errors import ConfigError


def run_perception(arguments: argparse.Namespace) -> int:
    """Run the scorecard: 1 if something required was missed, else 0.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    for name in ("limit", "scenario", "nominal", "ideal", "video", "aim"):
        if getattr(arguments, name):
            raise ConfigError(f"--{name}: scorecard 'perception' knows nothing of it")
    require_extra("cameras")
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation.mapping_report import HEAD
    from renxing.evaluation.perception import (
        load_perception,
        run_perception,
        trials_of,
    )
    from renxing.evaluation.perception_report import (
        PerceptionCard,
        judge,
        summary,
        write_json,
        write_page,
    )
    from renxing.evaluation.workers import Workers, core_count
    from renxing.robot.files import read_description, robot_file

    if arguments.html:
        require_extra("evaluation")
    robot = read_description(robot_file(arguments.robot))[0].name
    suite, goals = load_perception(robot)
    count = arguments.seeds or (1 if arguments.quick else 3)
    seeds = range(arguments.seed, arguments.seed + count)
    trials = trials_of(suite, arguments.robot, seeds, quick=arguments.quick)
    begun = time.monotonic()
    with Workers(arguments.jobs or core_count(), run_perception) as workers:
        done = {str(outcome.trial): outcome for outcome in workers.run(trials)}
    # In the order in which they were asked for, however they came.
    outcomes = tuple(done[str(trial)] for trial in trials)
    card = PerceptionCard(
        suite=suite,
        robot=robot,
        machine=machine(),
        seconds=time.monotonic() - begun,
        outcomes=outcomes,
        verdicts=judge(outcomes, goals),
    )
    print(f"{suite.title}: {robot}, {count} seeds, {card.seconds:.0f} s")
    print(table(*summary(outcomes)), end="\n\n")
    print(table(HEAD, [verdict.cells() for verdict in card.verdicts]))
    if arguments.json:
        write_json(card, arguments.json)
    if arguments.html:
        write_page(card, arguments.html)
    return int(card.missed)
