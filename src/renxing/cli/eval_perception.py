# SPDX-License-Identifier: Apache-2.0
"""`renxing eval perception`: how true are depth, heights and what can be walked on?"""

import argparse
import time

from renxing.cli.bench import machine
from renxing.cli.eval_card import prepare, show


def run_perception(arguments: argparse.Namespace) -> int:
    """Run the scorecard: 1 if something required was missed, else 0.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    robot, seeds = prepare(arguments, "perception", "cameras")
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation.card import Card
    from renxing.evaluation.perception import run_perception
    from renxing.evaluation.perception_report import (
        judge,
        summary,
        write_json,
        write_page,
    )
    from renxing.evaluation.perception_suite import load_perception, trials_of
    from renxing.evaluation.workers import Workers, core_count

    suite, goals = load_perception(robot)
    trials = trials_of(suite, arguments.robot, seeds, quick=arguments.quick)
    begun = time.monotonic()
    with Workers(arguments.jobs or core_count(), run_perception) as workers:
        done = {str(outcome.trial): outcome for outcome in workers.run(trials)}
    # In the order in which they were asked for, however they came.
    outcomes = tuple(done[str(trial)] for trial in trials)
    card = Card(
        name=suite.name,
        title=suite.title,
        robot=robot,
        machine=machine(),
        seconds=time.monotonic() - begun,
        outcomes=outcomes,
        verdicts=judge(outcomes, goals),
    )
    show(card, seeds, *summary(outcomes))
    if arguments.json:
        write_json(card, arguments.json)
    if arguments.html:
        write_page(card, arguments.html)
    return int(card.missed)
