# SPDX-License-Identifier: Apache-2.0
"""`renxing eval navigation`: does the robot get there among people, untouched?"""

import argparse
import json
import time

from renxing.cli.bench import machine
from renxing.cli.terminal import table
from renxing.environment import require_extra
from renxing.errors import ConfigError

QUICK_SEEDS = 2
# Of each trial; units are in `NavigationOutcome`.
SHOWN = {
    "time": "time [s]",
    "way": "way [m]",
    "person": "nearest person [m]",
    "clearance": "nearest thing [m]",
    "stood": "stood before something [s]",
    "plans": "plans",
}


def run_navigation(arguments: argparse.Namespace) -> int:
    """Run the scorecard: 1 if something required was missed, else 0.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    for name in ("limit", "scenario", "nominal", "ideal", "video", "aim", "html"):
        if getattr(arguments, name):
            raise ConfigError(f"--{name}: scorecard 'navigation' knows nothing of it")
    require_extra("cameras")
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation.navigation import (
        NavigationTrial,
        load_navigation,
        run_navigation,
    )
    from renxing.evaluation.workers import Workers, core_count

    suite = load_navigation()
    count = arguments.seeds or (QUICK_SEEDS if arguments.quick else suite.seeds)
    trials = [
        NavigationTrial(suite=suite, robot=arguments.robot, seed=seed)
        for seed in range(arguments.seed, arguments.seed + count)
    ]
    begun = time.monotonic()
    with Workers(arguments.jobs or core_count(), run_navigation) as workers:
        outcomes = sorted(workers.run(trials), key=lambda done: done.trial.seed)
    seconds = time.monotonic() - begun
    rows = [
        (
            str(one.trial.seed),
            *(f"{one.measures[name]:.3g}" for name in SHOWN),
            "; ".join(one.failures) or "ok",
        )
        for one in outcomes
    ]
    print(f"{suite.title}: {arguments.robot}, {count} seeds, {seconds:.0f} s")
    print(table(("seed", *SHOWN.values(), "result"), rows), end="\n\n")
    good = sum(not one.failures for one in outcomes) / count
    print(f"without failure: {good:.0%}, required {suite.required:.0%}")
    if arguments.json:
        tree = {
            "scorecard": suite.name,
            "robot": arguments.robot,
            "machine": machine(),
            "trials": [
                {
                    "seed": one.trial.seed,
                    "failures": list(one.failures),
                    "measures": one.measures,
                }
                for one in outcomes
            ],
        }
        arguments.json.write_text(json.dumps(tree, indent=2), encoding="utf-8")
    return int(good < suite.required)
