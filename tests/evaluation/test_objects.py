# SPDX-License-Identifier: Apache-2.0
"""What is remembered of a room is compared with what is in it."""

import numpy as np

from renxing.evaluation.objects import score, truths
from renxing.perception import Remembered
from renxing.sim.placement import PlacementConfig, scatter
from renxing.sim.world import read_world


def remembered(number: int, label: str, color: str, support: str, place) -> Remembered:
    return Remembered(
        id=f"{label}_{number}",
        label=label,
        color=color,
        support=support,
        centre=np.array([*place, 0.3]),
        size=(0.1, 0.1, 0.1),
        yaw=0.0,
        confidence=1.0,
        sightings=5,
        first_seen=0.0,
        last_seen=1.0,
    )


def test_right_is_what_is_right_in_all() -> None:
    wanted = truths(scatter(read_world("workshop")[0], 3, PlacementConfig()))
    ids = {one.name: f"{one.label}_{i}" for i, one in enumerate(wanted)}
    perfect = [
        remembered(i, one.label, one.color, ids.get(one.support, ""), one.place + 0.02)
        for i, one in enumerate(wanted)
    ]
    all_ = score(wanted, tuple(perfect))
    assert all_.right == all_.found == all_.truths == len(wanted) == all_.remembered
    assert all_.wrong == ()
    crate = next(i for i, one in enumerate(wanted) if one.name == "crate")
    spoilt = list(perfect)
    spoilt[crate] = remembered(crate, "crate", "pink", "", wanted[crate].place)
    extra = remembered(99, "ball", "red", "", (9.0, 9.0))
    some = score(wanted, (*spoilt, extra))
    assert (some.right, some.coloured) == (all_.right - 1, all_.coloured - 1)
    assert (some.labelled, some.remembered) == (all_.labelled, all_.remembered + 1)
    assert len(some.wrong) == 2
    assert score(wanted, ()).found == 0
