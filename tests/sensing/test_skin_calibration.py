# SPDX-License-Identifier: Apache-2.0
"""Raw counts become pressure, and taxels that cannot be believed are told apart."""

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.robot.description import SkinPatch
from renxing.robot.skin import SkinLayout
from renxing.sensing import Fault, SkinCalibration, SkinCalibrationConfig

LAYOUT = SkinLayout(
    [
        SkinPatch(name="tip", frame="a", rows=4, columns=4, pitch=0.003),
        SkinPatch(name="palm", frame="b", rows=8, columns=8, pitch=0.008),
    ]
)
N = LAYOUT.size
WARMTH = np.array([400, 416])
CONFIG = SkinCalibrationConfig()


class Taxels:
    """Taxels with a little noise, as a converter gives them."""

    def __init__(self, offset: float = 150.0) -> None:
        self.random = np.random.default_rng(3)
        self.offset = np.full(N, offset)
        self.gain = 0.016 * np.exp(0.1 * self.random.standard_normal(N))
        self.pressure = np.zeros(N)
        self.broken: dict[int, int] = {}

    def counts(self) -> np.ndarray:
        noise = 2.0 * self.random.standard_normal(N)
        values = self.offset + self.gain * self.pressure + noise
        counts = np.clip(np.rint(values), 0, 4095).astype(np.int64)
        for place, count in self.broken.items():
            counts[place] = count
        return counts

    def calibration(self) -> SkinCalibration:
        stored = np.full(N, 150.0)
        return SkinCalibration(CONFIG, LAYOUT, self.gain, stored)


def run(calibration: SkinCalibration, taxels: Taxels, steps: int):
    for step in range(steps):
        sample = calibration.step(0.005 * step, taxels.counts(), WARMTH)
    return sample


def test_pressure_comes_back_within_the_noise() -> None:
    taxels = Taxels(offset=156.0)  # away from the stored one, as after some warming
    calibration = taxels.calibration()
    assert not run(calibration, taxels, CONFIG.tare_samples - 1).usable.any()
    assert not calibration.ready
    run(calibration, taxels, 1)
    assert calibration.ready
    taxels.pressure = np.linspace(0.0, 200e3, N)
    sample = run(calibration, taxels, 1)
    assert sample.valid.all()
    noise = 2.0 / 0.016
    assert sample.pressure == pytest.approx(taxels.pressure, abs=6.0 * noise)
    assert sample.temperature == pytest.approx([25.0, 26.0])


def test_what_is_touched_at_the_tare_keeps_its_stored_offset() -> None:
    taxels = Taxels()
    taxels.pressure[20:24] = 10e3
    calibration = taxels.calibration()
    run(calibration, taxels, CONFIG.tare_samples)
    assert np.flatnonzero(calibration.touched).tolist() == [20, 21, 22, 23]
    sample = run(calibration, taxels, 1)
    assert sample.pressure[20:24] == pytest.approx(10e3, abs=800.0)
    taxels.pressure[:] = 0.0
    calibration.tare()
    run(calibration, taxels, CONFIG.tare_samples)
    assert not calibration.touched.any()


def test_restless_taxels_are_not_taken_for_nothing() -> None:
    taxels = Taxels()
    calibration = taxels.calibration()
    for step in range(CONFIG.tare_samples):
        # Tapped: the mean is near nothing, the samples are not.
        taxels.pressure[5] = 60e3 if step % 100 == 50 else 0.0
        calibration.step(0.0, taxels.counts(), WARMTH)
    assert np.flatnonzero(calibration.touched).tolist() == [5]
    assert calibration.offset[5] == 150.0


def test_broken_taxels_are_flagged() -> None:
    taxels = Taxels()
    taxels.broken = {1: 0, 2: 700, 3: 4095}
    calibration = taxels.calibration()
    sample = run(calibration, taxels, CONFIG.tare_samples + 1)
    assert calibration.fault[1] == Fault.DEAD
    assert calibration.fault[2] == Fault.STUCK
    assert calibration.fault[3] == Fault.STUCK  # at its end without a touch
    assert np.flatnonzero(~sample.valid).tolist() == [1, 2, 3]
    assert np.flatnonzero(~sample.usable).tolist() == [1, 2, 3]


def test_a_taxel_dies_and_one_saturates_while_it_runs() -> None:
    taxels = Taxels()
    calibration = taxels.calibration()
    run(calibration, taxels, CONFIG.tare_samples)
    taxels.broken = {7: 0}
    taxels.pressure[9] = 400e3
    sample = run(calibration, taxels, 1)
    assert np.flatnonzero(~sample.valid).tolist() == [7, 9]
    assert np.flatnonzero(~sample.usable).tolist() == [7]
    # The least that it can be.
    assert sample.pressure[9] == pytest.approx(3945 / taxels.gain[9], rel=0.01)
    # However long it lasts, a hard press is no broken taxel.
    sample = run(calibration, taxels, 2 * CONFIG.stuck_after)
    assert calibration.fault[9] == Fault.SATURATED
    taxels.pressure[9] = 0.0
    assert run(calibration, taxels, 1).valid[9]


@pytest.mark.parametrize(
    ("gain", "offset", "words"),
    [
        (np.ones(N - 1), np.zeros(N), f"{N} finite"),
        (np.ones(N), np.full(N, np.nan), "offset"),
        (np.zeros(N), np.zeros(N), "gain of taxel 0"),
    ],
)
def test_a_calibration_of_other_taxels_is_refused(gain, offset, words) -> None:
    with pytest.raises(ConfigError, match=words):
        SkinCalibration(CONFIG, LAYOUT, gain, offset)
