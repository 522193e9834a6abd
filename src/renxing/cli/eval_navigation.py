# SPDX-License-Identifier: Apache-2.0
"""`renxing eval navigation`: does the robot get there among people, untouched?"""

import argparse
import time
from html import escape

from renxing.cli.bench import machine
from renxing.cli.eval_card import refuse
from renxing.cli.terminal import table
from renxing.environment import require_extra

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
    refuse(arguments, "navigation", "scenario")
    require_extra("cameras")
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation import document
    from renxing.evaluation.navigation import NavigationTrial, run_navigation
    from renxing.evaluation.navigation_suite import load_navigation, with_people
    from renxing.evaluation.routes import Route, draw
    from renxing.evaluation.workers import Workers, core_count
    from renxing.sim import load_world

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
        trials_told = [
            {
                "seed": one.trial.seed,
                "failures": list(one.failures),
                "measures": one.measures,
            }
            for one in outcomes
        ]
        card = {"scorecard": suite.name, "robot": arguments.robot}
        document.write_tree(
            arguments.json, {**card, "machine": machine(), "trials": trials_told}
        )
    if arguments.html:
        routes = [
            Route(
                title=f"seed {one.trial.seed}",
                world=with_people(suite, load_world(suite.world), one.trial.seed),
                track=one.track,
                well=not one.failures,
            )
            for one in outcomes
        ]
        missed = [bool(one.failures) for one in outcomes]
        parts = [
            f"<h1>{escape(suite.title)}: {escape(arguments.robot)}</h1>",
            document.table(("seed", *SHOWN.values(), "result"), rows, missed),
            document.image(draw(routes), "image/png", "the ways from above"),
        ]
        document.write_html(arguments.html, suite.title, parts)
    return int(good < suite.required)
