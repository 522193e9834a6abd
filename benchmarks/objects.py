# SPDX-License-Identifier: Apache-2.0
"""What the robot says of things: how much of it is right, and what an image costs.

Rooms are the workshop with its things elsewhere, seen from 0.5 to 1.2 m off the edge of
what they stand on. Right is what has the right kind, colour and support. Costs are CPU
time of this process for one 320 x 240 image.
"""

import time

import numpy as np

from renxing.cli.bench import Row
from renxing.evaluation.objects import look_around
from renxing.evaluation.wandering import Place, Wanderer
from renxing.perception import ObjectFinder, ObjectFinderConfig, load_catalogue
from renxing.robot import load_robot
from renxing.sim import load_world

ROOMS = 10
FIRST = 200  # seed of the first room: others than the finder was made with
VIEW = Place(x=2.3, y=0.3, yaw=0.0)  # before the crate


def run(seconds: float | None) -> list[Row]:
    """Score rooms, then measure the cost of an image."""
    rooms = max(2, round(ROOMS * (seconds or 30.0) / 30.0))
    robot = load_robot("rx1")
    seeds = range(FIRST, FIRST + rooms)
    scores = [look_around(robot, "workshop", seed) for seed in seeds]
    truths = sum(one.truths for one in scores)
    known = sum(one.remembered for one in scores)
    found = sum(one.found for one in scores)
    right = sum(one.right for one in scores)
    errors = np.concatenate([one.errors for one in scores])
    what = f"{rooms} rooms, {truths} things"
    rows = [
        _row(f"{what}: recall of kind, colour and support", right / truths),
        _row(f"{what}: precision of the same", right / max(known, 1)),
        _row(f"{what}: found at all", found / truths),
    ]
    for name in ("labelled", "coloured", "supported"):
        share = sum(getattr(one, name) for one in scores) / max(found, 1)
        rows.append(_row(f"of those found: {name} right", share))
    off = [float(one) for one in np.quantile(1e3 * errors, (0.5, 0.99))]
    rows.append(
        Row(name="place of things, error", unit="mm", median=off[0], p99=off[1])
    )
    return [*rows, _costs(max(20, 3 * rooms))]


def _row(name: str, share: float) -> Row:
    return Row(name=name, unit="%", median=100.0 * share, p99=100.0 * share)


def _costs(repeats: int) -> Row:
    wanderer = Wanderer(load_robot("rx1"), load_world("workshop"))
    try:
        for _ in range(5):
            pose = wanderer.stand(VIEW, 0.07)
            wanderer.look(pose)
        picture = wanderer.pictures()[1]
    finally:
        wanderer.close()
    finder = ObjectFinder(ObjectFinderConfig(), load_catalogue())
    eye = pose * picture.to_base
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        finder.find(picture.colour, picture.depth, picture.pinhole, eye, 0.0)
        spent.append(time.process_time() - begun)
    cost = np.quantile(1e3 * np.array(spent), (0.5, 0.99))
    name = "one image of the chest camera"
    return Row(name=name, unit="ms", median=float(cost[0]), p99=float(cost[1]))
