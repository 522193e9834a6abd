# SPDX-License-Identifier: Apache-2.0
"""Rooms with their things elsewhere: free, level, the same for the same seed."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from renxing.control.hold import Hold, HoldConfig
from renxing.errors import ModelError
from renxing.robot import Robot
from renxing.sim import Twin, load_world
from renxing.sim.placement import PAINTS, PlacementConfig, scatter, write_world
from renxing.sim.world import read_world

CONFIG = PlacementConfig()


def test_the_same_seed_gives_the_same_room() -> None:
    file = read_world("workshop")[0]
    one, same, other = (scatter(file, seed, CONFIG) for seed in (3, 3, 4))
    assert one == same
    assert one.file.objects != other.file.objects
    assert {thing.name for thing in one.file.objects} == set(one.supports)
    assert one.file.fixed == file.fixed


@pytest.mark.parametrize("seed", range(6))
def test_things_stand_where_it_is_said(rx1: Robot, tmp_path: Path, seed: int) -> None:
    placement = scatter(read_world("workshop")[0], seed, CONFIG)
    path = tmp_path / "scattered.yaml"
    write_world(placement.file, path)
    twin = Twin(rx1, load_world(path))
    assert twin.world.name == f"workshop_{seed}"
    start = {name: twin.objects.pose(name).translation for name in placement.supports}
    hold = Hold(HoldConfig(), rx1)
    for _ in range(200):
        twin.step(hold.step(twin.time), 2)
    for name, before in start.items():
        now = twin.objects.pose(name).translation
        assert np.abs(now - before).max() < 0.01, name
    carried = [name for name, on in placement.supports.items() if on == "crate"]
    assert 1 <= len(carried) <= 3
    for name in carried:
        away = np.abs(start[name][:2] - start["crate"][:2])
        assert np.hypot(*away) < 0.18 * np.sqrt(2.0)
        assert start[name][2] > 0.3
    assert start["crate"][2] == pytest.approx(0.15)
    assert len(set(placement.colors.values())) == len(placement.colors)
    for thing in placement.file.objects:
        if thing.name in placement.colors:
            assert thing.color == PAINTS[placement.colors[thing.name]]
    stand = np.array(placement.stand)
    away = np.hypot(*(stand[:2] - start["crate"][:2]))
    assert CONFIG.stand[0] <= away <= CONFIG.stand[1]
    ahead = start["crate"][:2] - stand[:2]
    off = np.arctan2(ahead[1], ahead[0]) - stand[2]
    assert np.cos(off) == pytest.approx(1.0)


def test_without_room_it_says_so() -> None:
    file = read_world("workshop")[0]
    tight = PlacementConfig(low=(1.4, -0.1), high=(1.6, 0.1))  # under the bench
    with pytest.raises(ModelError, match="no room for 'crate'"):
        scatter(file, 0, tight)
    with pytest.raises(ModelError, match="no object 'crate'"):
        scatter(replace(file, objects=file.objects[:2]), 0, CONFIG)
    with pytest.raises(ModelError, match="no table"):
        scatter(replace(file, fixed=()), 0, PlacementConfig(on_crate=(0, 0)))
