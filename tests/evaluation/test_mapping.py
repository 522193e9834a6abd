# SPDX-License-Identifier: Apache-2.0
"""The scorecard of maps: its truth, its drift, its verdicts."""

import json
from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.evaluation.card import Card
from renxing.evaluation.mapping import MappingOutcome, MappingTrial, Wake
from renxing.evaluation.mapping_report import judge, write_json
from renxing.evaluation.mapping_suite import load_mapping
from renxing.evaluation.surfaces import clearance, distance
from renxing.evaluation.wandering import Drift, DriftingOdometry, closed_way
from renxing.localization import Occupancy
from renxing.sim import load_world
from renxing.sim.shapes import Shape, World
from renxing.spatial import SE3, rotation_from_rpy, transform

EXACT = Drift(
    length=0.0, heading=0.0, climb=0.0, noise=0.0, turn_noise=0.0, tilt_noise=0.0
)


def poses() -> list[SE3]:
    """Return a round of 2 m radius, tilted a little to and fro."""
    return [
        SE3(
            rotation_from_rpy((0.02 * np.sin(9 * a), 0.01, a + 1.57)),
            np.array([2.0 * np.cos(a), 2.0 * np.sin(a), 0.9]),
        )
        for a in np.linspace(0.0, 6.0, 200)
    ]


def world(kind: str, size: tuple[float, float, float]) -> World:
    place = transform((1.0, 2.0, 3.0), (0.3, -0.2, 0.5))
    shape = Shape(
        name="it",
        kind=kind,
        size=size,
        transform_shape_to_parent=place,
        color=(1, 1, 1),
        friction=1.0,
    )
    return World(name="one", friction=1.0, ground=-100.0, fixed=(shape,))


@pytest.mark.parametrize(
    ("kind", "size", "inside", "outside", "far"),
    [
        ("box", (2.0, 1.0, 0.6), (0.9, 0.0, 0.0), (1.3, 0.9, 0.0), 0.5),
        ("cylinder", (0.5, 2.0, 0.0), (0.4, 0.0, 0.0), (0.8, 0.0, 1.4), 0.5),
        ("sphere", (0.5, 0.0, 0.0), (0.4, 0.0, 0.0), (0.6, 0.8, 0.0), 0.5),
    ],
)
def test_distances_to_turned_shapes(kind, size, inside, outside, far) -> None:
    one = world(kind, size)
    place = one.fixed[0].transform_shape_to_parent
    points = np.array([place.act(np.array(inside)), place.act(np.array(outside))])
    assert distance(one, points) == pytest.approx([0.1, far])
    assert clearance(one, points) == pytest.approx([-0.1, far])


def test_odometry_without_errors_is_the_truth_and_drift_grows_with_the_way() -> None:
    exact = DriftingOdometry(EXACT, 0)
    for pose in poses():
        assert np.allclose(exact.step(pose).homogeneous, pose.homogeneous)
    elsewhere = DriftingOdometry(EXACT, 0, unknown=True)
    found = [elsewhere.step(pose) for pose in poses()]
    assert found[0].translation == pytest.approx([0.0, 0.0, 0.9])
    change = poses()[0].actInv(poses()[-1])
    assert np.allclose(
        found[0].actInv(found[-1]).homogeneous, change.homogeneous, atol=1e-9
    )
    suite, _ = load_mapping("rx1")
    ends = []
    for seed in range(20):
        odometry = DriftingOdometry(suite.drift, seed)
        last = [odometry.step(pose) for pose in poses()][-1]
        ends.append(np.linalg.norm((last.translation - poses()[-1].translation)[:2]))
    # 12 m of way: errors as great as those of the estimator, and noise.
    assert 0.05 < np.median(ends) < 0.4


def test_the_way_of_the_suite_leads_around_everything() -> None:
    suite, _ = load_mapping("rx1")
    hall = load_world(suite.world)
    places = closed_way(suite.way, suite.step)
    assert 50.0 < suite.step * len(places) < 60.0
    body = np.array([[p.x, p.y, z] for p in places for z in (0.3, 0.8, 1.3)])
    assert clearance(hall, body).min() > 0.2
    gaps = np.hypot(*np.diff([(p.x, p.y) for p in places], axis=0).T)
    assert gaps.max() < 1.1 * suite.step


def outcome(measures: dict[str, float], found: int, of: int) -> MappingOutcome:
    suite, _ = load_mapping("rx1")
    wakes = tuple(
        Wake(
            place=(0.0, 0.0, 0.0),
            found=place < found,
            wrong=False,
            turn=0.1,
            error=0.1 if place < found else np.nan,
            reason="",
        )
        for place in range(of)
    )
    nothing = Occupancy(
        origin=np.zeros(2), resolution=0.05, cells=np.zeros((1, 1), np.int8)
    )
    trial = MappingTrial(suite=suite, robot="rx1", seed=0)
    return MappingOutcome(
        trial=trial, measures=measures, wakes=wakes, ways={}, occupancy=nothing
    )


GOOD = {
    "final_position": 0.03,
    "final_rotation": 0.4,
    "followed_position": 0.04,
    "followed_rotation": 0.3,
    "wrong": 0.0,
}


@pytest.mark.parametrize(
    ("change", "found", "missed"),
    [
        ({}, 10, False),
        ({}, 9, False),
        ({}, 8, True),
        ({"final_position": 0.12}, 10, True),
        ({"followed_rotation": 2.5}, 10, True),
        ({"wrong": 0.1}, 10, True),
    ],
)
def test_verdicts(change, found, missed, tmp_path: Path) -> None:
    suite, goals = load_mapping("rx1")
    good, other = outcome(GOOD, 10, 10), outcome(GOOD | change, 2 * found - 10, 10)
    verdicts = judge((good, other), goals)
    assert any(v.missed for v in verdicts) is missed
    card = Card(
        name=suite.name,
        title=suite.title,
        robot="rx1",
        machine={},
        seconds=1.0,
        outcomes=(good, other),
        verdicts=verdicts,
    )
    write_json(card, tmp_path / "card.json")
    document = json.loads((tmp_path / "card.json").read_text())
    assert document["missed"] is missed and len(document["trials"]) == 2


def test_never_found_in_the_loaded_map_is_missed() -> None:
    _, goals = load_mapping("rx1")
    absent = {k: v for k, v in GOOD.items() if not k.startswith("followed")}
    assert any(v.missed for v in judge((outcome(absent, 10, 10),), goals))
    with pytest.raises(ConfigError, match="which has rx1"):
        load_mapping("g1")
