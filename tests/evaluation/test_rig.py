# SPDX-License-Identifier: Apache-2.0
"""The rig is lock-step: the same bits, commands and pushes when they are due."""

import numpy as np
import pytest

from renxing.evaluation.rig import COMMAND_PERIOD, run
from renxing.evaluation.truth import Truth
from renxing.robot import Robot
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.variation import no_variation, varied_twin


@pytest.fixture
def twin(rx1: Robot) -> Twin:
    return varied_twin(rx1, load_world("flat"), no_variation(1))


def test_same_seed_same_bits(rx1: Robot, holder, standing_course) -> None:
    def once(seed: int) -> tuple[bytes, np.ndarray]:
        twin = varied_twin(rx1, load_world("flat"), no_variation(seed))
        course = standing_course(0.4, push=np.array([30.0, 0, 0]), push_at=0.1)
        done = run(twin, holder(rx1, twin), course)
        return twin.fingerprint(), done.trace.com

    first, again, other = once(1), once(1), once(2)
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])
    assert first[0] != other[0]


def test_the_push_gives_its_impulse(twin: Twin, rx1: Robot, holder, standing_course):
    """Over its 0.1 s, the force on the torso adds up to what was asked for."""
    impulse = np.zeros(3)
    torso = twin.model.body(rx1.description.torso).id
    advance = twin.step

    def watched(command, steps):
        nonlocal impulse
        for _ in range(steps):
            advance(command, 1)
            # What acted in this very step.
            impulse += twin.data.xfrc_applied[torso, :3] * twin.time_step

    twin.step = watched
    course = standing_course(0.3, push=np.array([0.0, 60.0, 0.0]), push_at=0.1)
    run(twin, holder(rx1, twin), course)
    np.testing.assert_allclose(impulse, [0.0, 6.0, 0.0], atol=0.1)


def test_commands_come_in_time_and_cease(
    twin: Twin, rx1: Robot, holder, standing_course
) -> None:
    walker = holder(rx1, twin)
    velocities = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.0]])
    course = standing_course(
        0.5, times=np.array([0.1, 0.3]), velocities=velocities, silent_from=0.4
    )
    done = run(twin, walker, course)
    times = np.array([time for time, _ in walker.commands])
    np.testing.assert_allclose(np.diff(times), COMMAND_PERIOD, atol=1e-9)
    assert times[-1] < 0.4
    wanted = dict(walker.commands)
    assert wanted[times[0]] == (0.0, 0.0, 0.0)
    assert wanted[times[2]] == (1.0, 0.0, 0.0)
    assert wanted[times[-1]] == (0.0, 0.5, 0.0)
    np.testing.assert_array_equal(done.trace.command[-1], np.zeros(3))


def test_a_fall_is_seen_and_ends_the_run(
    twin: Twin, rx1: Robot, holder, standing_course
) -> None:
    course = standing_course(8.0, push=np.array([600.0, 0, 0]), push_at=0.1)
    done = run(twin, holder(rx1, twin), course)
    assert done.fell_at is not None and 0.3 < done.fell_at < 3.0
    assert done.trace.time[-1] == pytest.approx(done.fell_at + 0.6, abs=0.05)
    assert done.trace.rpy[0, 1] == pytest.approx(0.0, abs=0.01)


def test_standing_still_is_no_fall(
    twin: Twin, rx1: Robot, holder, standing_course
) -> None:
    done = run(twin, holder(rx1, twin), standing_course(0.5))
    assert done.fell_at is None and done.error == ""
    assert len(done.trace.time) == 25
    np.testing.assert_allclose(done.trace.load.sum(axis=1)[5:], 1.0, atol=0.1)
    assert len(done.trace.frames) in (15, 16)


def test_an_error_of_the_walker_ends_the_run_and_is_told(
    twin: Twin, rx1: Robot, holder, standing_course
) -> None:
    done = run(twin, holder(rx1, twin, fails_at=0.2), standing_course(1.0))
    assert done.error == "ValueError at 0.20 s: nothing comes to mind"
    assert done.trace.time[-1] < 0.2


def test_the_goal_ends_the_run(twin: Twin, rx1: Robot, holder, standing_course):
    done = run(twin, holder(rx1, twin), standing_course(1.0, goal=-0.5))
    assert len(done.trace.time) == 1


def test_truth_is_what_an_ideal_cell_feels(rx1: Robot) -> None:
    """Two ways to the same wrench: contacts summed up, and the cell in the ankle."""
    twin = Twin(rx1, load_world("flat"), TwinConfig(ideal=True))
    truth = Truth(rx1, twin)
    from renxing.control.hold import Hold, HoldConfig

    hold = Hold(HoldConfig(), rx1)
    for _ in range(300):
        twin.step(hold.step(twin.time), 2)
    contact = truth.sole_wrenches()
    np.testing.assert_allclose(contact[:, 2], twin.sole_forces(), rtol=1e-9)
    cells = [cell.name for cell in rx1.description.sensors.force_torque]
    for foot, part in enumerate(rx1.description.feet):
        felt = twin.wrenches()[cells.index(part.force_torque)]
        # The cell carries the sole plate too, under two kilograms.
        np.testing.assert_allclose(contact[foot, :3], felt.force, atol=20.0)
        np.testing.assert_allclose(contact[foot, 3:], felt.torque, atol=1.0)
    state = truth.body_state()
    assert state.contact.all()
