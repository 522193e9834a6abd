# SPDX-License-Identifier: Apache-2.0
"""`renxing eval mapping`: how true are maps, and does the robot find itself in them?"""

import argparse
import time

from renxing.cli.bench import machine
from renxing.cli.terminal import table
from renxing.environment import require_extra
from renxing.errors import ConfigError

QUICK_STARTS = 3


def run_mapping(arguments: argparse.Namespace) -> int:
    """Run the scorecard: 1 if something required was missed, else 0.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    for name in ("limit", "scenario", "nominal", "ideal", "video", "aim"):
        if getattr(arguments, name):
            raise ConfigError(f"--{name}: scorecard 'mapping' knows nothing of it")
    require_extra("cameras")
    require_extra("mapping")
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation.mapping import MappingTrial, load_mapping, run_mapping
    from renxing.evaluation.mapping_report import (
        HEAD,
        MEASURES,
        MappingCard,
        judge,
        write_json,
        write_page,
    )
    from renxing.evaluation.workers import Workers, core_count
    from renxing.robot.files import read_description, robot_file

    if arguments.html:
        require_extra("evaluation")
    robot = read_description(robot_file(arguments.robot))[0].name
    suite, goals = load_mapping(robot)
    count = arguments.seeds or (1 if arguments.quick else 3)
    trials = [
        MappingTrial(
            suite=suite,
            robot=arguments.robot,
            seed=seed,
            starts=QUICK_STARTS if arguments.quick else None,
        )
        for seed in range(arguments.seed, arguments.seed + count)
    ]
    begun = time.monotonic()
    with Workers(arguments.jobs or core_count(), run_mapping) as workers:
        outcomes = sorted(workers.run(trials), key=lambda done: done.trial.seed)
    card = MappingCard(
        suite=suite,
        robot=robot,
        machine=machine(),
        seconds=time.monotonic() - begun,
        outcomes=tuple(outcomes),
        verdicts=judge(outcomes, goals),
    )
    print(f"{suite.title}: {robot}, {count} seeds, {card.seconds:.0f} s")
    rows = []
    for name, text in MEASURES.items():
        values = [o.measures[name] for o in outcomes if name in o.measures]
        if values:
            rows.append((text, *(f"{value:.3g}" for value in values)))
    head = ("measure", *(f"seed {outcome.trial.seed}" for outcome in outcomes))
    print(table(head, rows), end="\n\n")
    print(table(HEAD, [verdict.cells() for verdict in card.verdicts]))
    if arguments.json:
        write_json(card, arguments.json)
    if arguments.html:
        write_page(card, arguments.html)
    return int(card.missed)
