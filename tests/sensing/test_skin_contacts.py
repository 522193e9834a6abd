# SPDX-License-Identifier: Apache-2.0
"""Touches are found where the skin was pressed, with the force that pressed it.

Images are those of the simulated skin, noise and broken taxels included.
"""

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.robot.description import SkinPatch
from renxing.robot.skin import SkinLayout
from renxing.sensing import (
    SkinCalibration,
    SkinCalibrationConfig,
    SkinContacts,
    SkinContactsConfig,
)
from renxing.signals import SkinSample
from renxing.sim.skin_device import SkinDevice, SkinDeviceConfig
from renxing.sim.skin_press import press, touched_radius

LAYOUT = SkinLayout(
    [
        SkinPatch(name="tip", frame="a", rows=4, columns=4, pitch=0.003),
        SkinPatch(name="palm", frame="b", rows=8, columns=8, pitch=0.008),
        SkinPatch(name="chest", frame="c", rows=12, columns=10, pitch=0.02),
    ]
)
TIP, PALM, CHEST = range(3)
WHOLE = SkinDeviceConfig(dead=0.0, stuck=0.0)


class Skin:
    """From a press to touches, as simulation and node do it."""

    def __init__(self, config: SkinDeviceConfig = WHOLE, seed: int = 0) -> None:
        self.device = SkinDevice(config, LAYOUT, seed, ideal=False)
        self.pressure = np.zeros(LAYOUT.size)
        self.calibration = SkinCalibration(
            SkinCalibrationConfig(),
            LAYOUT,
            self.device.stored_gain,
            self.device.stored_offset,
        )
        self.contacts = SkinContacts(SkinContactsConfig(), LAYOUT)
        while not self.calibration.ready:
            self.sample()

    def press(self, place: int, x: float, y: float, force: float) -> None:
        patch = LAYOUT.patches[place]
        part = self.pressure[LAYOUT.slices[place]].reshape(patch.rows, patch.columns)
        disc = touched_radius(force, 0.01, 0.7e6)
        press(x, y, force, disc, 0.5 * patch.pitch, patch.pitch, part)

    def sample(self) -> SkinSample:
        self.device.sample(self.pressure, 0.0)
        return self.calibration.step(0.0, self.device.counts, self.device.warmth)

    def touches(self):
        return self.contacts.step(self.sample())


def test_force_and_place_of_a_touch_anywhere() -> None:
    random = np.random.default_rng(5)
    for place, force in ((TIP, 1.0), (PALM, 5.0), (CHEST, 20.0)):
        patch = LAYOUT.patches[place]
        for _ in range(20):
            skin = Skin(seed=int(random.integers(1000)))
            # Not on the outer ring, beyond which nothing is felt.
            half = 0.5 * patch.pitch * np.array([patch.columns - 3, patch.rows - 3])
            x, y = random.uniform(-half, half)
            skin.press(place, x, y, force)
            (touch,) = skin.touches()
            assert touch.patch == place
            assert touch.position[:2] == pytest.approx([x, y], abs=0.5 * patch.pitch)
            # Gains are known to 2 %, and slight taxels are left out.
            assert touch.force == pytest.approx(force, rel=0.08)
            assert touch.peak <= skin.pressure.max() * 1.1


def test_the_image_s_sum_is_the_force_within_the_noise() -> None:
    skin = Skin()
    skin.press(CHEST, 0.01, 0.03, 20.0)
    part, area = LAYOUT.slices[CHEST], LAYOUT.patches[CHEST].pitch ** 2
    sums = [area * skin.sample().pressure[part].sum() for _ in range(50)]
    noise = area * np.sqrt(120) * WHOLE.noise / WHOLE.nominal_gain
    assert np.std(sums) == pytest.approx(noise, rel=0.4)
    # And the makers' gains, each off by 2 %.
    assert np.mean(sums) == pytest.approx(20.0, abs=0.02 * 20.0 + noise)


def test_nothing_is_no_touch() -> None:
    skin = Skin(SkinDeviceConfig(dead=0.02, stuck=0.02), seed=3)
    assert not any(skin.touches() for _ in range(400))


def test_two_touches_on_one_patch_are_two() -> None:
    skin = Skin()
    skin.press(PALM, -0.016, -0.008, 3.0)
    skin.press(PALM, 0.016, 0.008, 2.0)
    first, second = skin.touches()
    assert first.position[:2] == pytest.approx([-0.016, -0.008], abs=0.004)
    assert second.position[:2] == pytest.approx([0.016, 0.008], abs=0.004)
    assert first.force == pytest.approx(3.0, rel=0.1)
    assert second.force == pytest.approx(2.0, rel=0.1)


def test_two_touches_whose_edges_meet_are_two_and_a_ridge_is_one() -> None:
    skin = Skin()
    skin.press(CHEST, -0.03, 0.0, 20.0)
    skin.press(CHEST, 0.03, 0.0, 20.0)
    between = skin.pressure[LAYOUT.slices[CHEST]].reshape(12, 10)[5:7, 4:6]
    assert between.min() > SkinContactsConfig().off
    assert len(skin.touches()) == 2
    for x in np.linspace(-0.03, 0.03, 7):
        skin.press(CHEST, x, 0.0, 20.0)
    assert len(skin.touches()) == 1


def test_a_touch_ends_lower_than_it_begins() -> None:
    config = SkinContactsConfig()
    between = 0.5 * (config.on + config.off)
    contacts = SkinContacts(config, LAYOUT)

    def step(peak: float) -> int:
        pressure = np.zeros(LAYOUT.size)
        pressure[30:32] = peak
        every = np.ones(LAYOUT.size, np.bool_)
        sample = SkinSample(
            stamp=0.0,
            pressure=pressure,
            valid=every,
            usable=every,
            temperature=np.zeros(3),
        )
        return len(contacts.step(sample))

    assert [step(p) for p in (between, 1.1 * config.on, between)] == [0, 1, 1]
    assert [step(p) for p in (0.9 * config.off, between)] == [0, 0]


def test_a_broken_taxel_is_not_counted() -> None:
    seed = next(
        seed
        for seed in range(100)
        if SkinDevice(SkinDeviceConfig(dead=0.01, stuck=0.0), LAYOUT, seed, ideal=False)
        .dead[LAYOUT.slices[PALM]]
        .any()
    )
    skin = Skin(SkinDeviceConfig(dead=0.01, stuck=0.0), seed)
    dead = int(np.flatnonzero(skin.device.dead[LAYOUT.slices[PALM]])[0])
    patch = LAYOUT.patches[PALM]
    row, column = divmod(dead, patch.columns)
    x, y = (column - 3.5) * patch.pitch, (row - 3.5) * patch.pitch
    skin.press(PALM, x, y, 5.0)
    image = skin.pressure[LAYOUT.slices[PALM]]
    sample = skin.sample()
    assert not sample.valid[LAYOUT.slices[PALM]][dead]
    found = sum(touch.force for touch in skin.contacts.step(sample))
    rest = (image.sum() - image[skin.device.dead[LAYOUT.slices[PALM]]].sum()) * 6.4e-5
    assert found == pytest.approx(rest, rel=0.1)
    assert found < 0.8 * 5.0


def test_a_saturated_taxel_is_a_touch() -> None:
    skin = Skin()
    skin.press(TIP, 0.0015, 0.0015, 15.0)
    sample = skin.sample()
    assert not sample.valid[LAYOUT.slices[TIP]].all()
    (touch,) = skin.contacts.step(sample)
    assert touch.force > 3.0


def test_a_touch_that_would_end_before_it_begins_is_refused() -> None:
    with pytest.raises(ConfigError, match="above on"):
        SkinContactsConfig(on=100.0, off=200.0)
