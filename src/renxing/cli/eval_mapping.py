# SPDX-License-Identifier: Apache-2.0
"""`renxing eval mapping`: how true are maps, and does the robot find itself in them?"""

import argparse
import time

from renxing.cli.bench import machine
from renxing.cli.eval_card import prepare, show

QUICK_STARTS = 3


def run_mapping(arguments: argparse.Namespace) -> int:
    """Run the scorecard: 1 if something required was missed, else 0.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    robot, seeds = prepare(arguments, "mapping", "cameras", "mapping")
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation.card import Card
    from renxing.evaluation.mapping import MappingTrial, run_mapping
    from renxing.evaluation.mapping_report import (
        MEASURES,
        judge,
        write_json,
        write_page,
    )
    from renxing.evaluation.mapping_suite import load_mapping
    from renxing.evaluation.workers import Workers, core_count

    suite, goals = load_mapping(robot)
    starts = QUICK_STARTS if arguments.quick else None
    trials = [
        MappingTrial(suite=suite, robot=arguments.robot, seed=seed, starts=starts)
        for seed in seeds
    ]
    begun = time.monotonic()
    with Workers(arguments.jobs or core_count(), run_mapping) as workers:
        outcomes = sorted(workers.run(trials), key=lambda done: done.trial.seed)
    card = Card(
        name=suite.name,
        title=suite.title,
        robot=robot,
        machine=machine(),
        seconds=time.monotonic() - begun,
        outcomes=tuple(outcomes),
        verdicts=judge(outcomes, goals),
    )
    rows = []
    for name, text in MEASURES.items():
        values = [o.measures[name] for o in outcomes if name in o.measures]
        if values:
            rows.append((text, *(f"{value:.3g}" for value in values)))
    show(card, seeds, ("measure", *(f"seed {seed}" for seed in seeds)), rows)
    if arguments.json:
        write_json(card, arguments.json)
    if arguments.html:
        write_page(card, arguments.html)
    return int(card.missed)
