# SPDX-License-Identifier: Apache-2.0
"""What is believed of inertial samples, and when they are from."""

import numpy as np
import pytest

from renxing.errors import StaleError
from renxing.estimation.samples import FASTEST_TURN, HARDEST_KNOCK, Inertial
from renxing.signals import ImuSample

DT = 0.002


def sample(turn: float, force: float) -> ImuSample:
    return ImuSample(
        stamp=0.0,
        rotation_sensor_to_odom=np.eye(3),
        angular_velocity=np.array([turn, 0.0, 0.0]),
        specific_force=np.array([0.0, 0.0, force]),
    )


def test_samples_are_taken_for_what_they_were_when_they_were_taken() -> None:
    """On a ramp: half a step back for the middle, and `age` ahead."""
    inertial = Inertial(0.5e-3, 0.02)  # a quarter of a step
    inertial.reset(sample(1.0, 10.0))
    inertial.step(sample(3.0, 14.0), DT)
    assert inertial.newest[:, [0, 2]].tolist() == [[3.0, 0.0], [0.0, 14.0]]
    assert inertial.middle[:, [0, 2]] == pytest.approx(
        np.array([[2.5, 0.0], [0.0, 13.0]])
    )
    assert inertial.turn.tolist() == [3.5, 0.0, 0.0]
    assert inertial.jump == 16.0


def test_forces_are_not_extrapolated() -> None:
    inertial = Inertial(DT, 0.02)
    inertial.reset(sample(1.0, 10.0))
    inertial.step(sample(3.0, 14.0), DT)
    assert inertial.middle[0, 0] == pytest.approx(4.0)
    assert inertial.middle[1, 2] == 14.0


@pytest.mark.parametrize(
    "bad",
    [
        sample(np.nan, 9.81),
        sample(0.0, np.inf),
        sample(-2.0 * FASTEST_TURN, 9.81),
        sample(0.0, 2.0 * HARDEST_KNOCK),
    ],
)
def test_what_cannot_be_true_is_bridged_by_the_last_without_its_attitude(
    bad: ImuSample,
) -> None:
    inertial = Inertial(0.001, 2.0 * DT)
    with pytest.raises(StaleError, match="cannot start"):
        inertial.reset(bad)
    inertial.reset(sample(1.0, 10.0))
    for _ in range(2):
        inertial.step(bad, DT)
        assert inertial.turn[0] == inertial.middle[0, 0] == 1.0
        assert inertial.middle[1, 2] == 10.0
        assert inertial.jump == 0.0
        assert np.isnan(inertial.up).all()
    with pytest.raises(StaleError, match=r"no inertial sample for 0\.006 s"):
        inertial.step(bad, DT)
    inertial.step(sample(1.0, 10.0), DT)
    assert inertial.up.tolist() == [0.0, 0.0, 1.0]
