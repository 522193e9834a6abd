# SPDX-License-Identifier: Apache-2.0
"""The robot's skin: what feeling costs the core, and what comes out of it how true.

Costs are times of one sample of rx1's 504 taxels, 200 of which come a second: in the
core's loop contacts -> pressure -> counts, in the skin's node counts -> calibrated
pressure -> touches. Beside them, in the same run, stand a cycle of the physics, the
image that a plain sum over the taxels would take, and the same labels from SciPy.
Presses are pushes at random places of the chest and the palms.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from renxing.cli.bench import Row
from renxing.robot import Robot, load_robot
from renxing.robot.description import SkinPatch
from renxing.robot.skin import taxel_centres
from renxing.sensing import (
    SkinCalibration,
    SkinCalibrationConfig,
    SkinContacts,
    SkinContactsConfig,
)
from renxing.signals import JointCommand
from renxing.sim import Twin, load_world
from renxing.sim.pushes import Push
from renxing.sim.skin import SkinConfig
from renxing.sim.skin_press import press, touched_radius
from renxing.spatial import SE3, Array

HARD = (-30.0, -15.0, -8.0, -40.0, -20.0)  # [N] on the chest, one push each
PLACES = ((0.08, 0.14), (-0.08, 0.14), (0.0, 0.22), (0.08, 0.30), (-0.08, 0.30))
TAXELS_OFF = 0.5  # pitches: what the place of a touch may be off


def run(seconds: float | None) -> list[Row]:
    """Measure costs, then truth."""
    repeats = max(300, round(100.0 * (seconds or 20.0)))
    return [*_costs(repeats), *_truth(max(100, repeats // 10))]


def _row(name: str, samples: list[float], note: str = "") -> Row:
    times = 1e6 * np.array(samples)
    return Row(
        name=name,
        unit="us",
        median=float(np.median(times)),
        p99=float(np.quantile(times, 0.99)),
        minimum=float(times.min()),
        note=note,
    )


def _timed(count: int, work: Callable[[], Any]) -> list[float]:
    work()
    found = []
    for _ in range(count):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return found


def _stand(twin: Twin) -> JointCommand:
    robot = twin.robot
    zero = np.zeros(len(robot.joints))
    return JointCommand(
        position=robot.posture("stand"),
        velocity=zero,
        effort=zero,
        proportional=robot.kp,
        derivative=robot.kd,
    )


def _push(force: float, y: float, z: float) -> Push:
    return Push(
        body="torso_link",
        force=np.array([force, 0.0, 0.0]),
        torque=np.zeros(3),
        point=np.array([0.0, y, z]),
        duration=1e6,
    )


def _costs(repeats: int) -> list[Row]:
    robot = load_robot("rx1")
    rows = []
    for count in (0, 1, 5):
        twin = Twin(robot, load_world("flat"))
        twin.step(_stand(twin), 20)
        skin, device = twin.skin, twin.skin.device
        calibration = _calibration(twin)
        contacts = SkinContacts(SkinContactsConfig(), skin.layout)
        twin.apply_wrenches(
            [
                _push(force, *place)
                for force, place in zip(HARD[:count], PLACES[:count], strict=True)
            ]
        )
        twin.feel()
        sample = calibration.step(0.0, device.counts, device.warmth)
        found = len(contacts.step(sample))
        what = f"{count} contacts"
        pressure = skin.pressure[skin.layout.slices[-1]].reshape(12, 10)
        rows += [
            _row(f"feel and count, {what}", _timed(repeats, twin.feel), "in the core"),
            _row(
                f"calibrate, {what}",
                _timed(
                    repeats,
                    lambda c=calibration, d=device: c.step(0.0, d.counts, d.warmth),
                ),
                "in the node",
            ),
            _row(
                f"find touches, {what}",
                _timed(repeats, lambda c=contacts, s=sample: c.step(s)),
                f"in the node; found {found}",
            ),
            _row(
                f"SciPy's label and sums, {what}",
                _timed(repeats, lambda p=pressure: _labels(p)),
                "reference, one patch of 15; does not split touches",
            ),
        ]
    rows.append(_things(robot, repeats))
    twin = Twin(robot, load_world("flat"))
    command = _stand(twin)
    rows.append(
        _row(
            "physics, a cycle of 2 ms",
            _timed(repeats, lambda: twin.step(command, 2)),
            "for comparison; 5 cycles to 2 samples",
        )
    )
    return rows


def _things(robot: Robot, repeats: int) -> Row:
    """Time contacts of the physics: a ball at the chest, a box on each forearm."""
    twin = Twin(robot, load_world("workshop"))
    # A box's side on the forearm, its long axis along it.
    turn = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    for name, frame, rotation, half in (
        ("green_ball", "chest_skin", np.eye(3), 0.038),
        ("red_box", "left_forearm_skin", turn, 0.029),
        ("blue_can", "right_forearm_skin", turn, 0.032),
    ):
        site = twin.data.site(frame)
        own = site.xmat.reshape(3, 3)
        place = site.xpos + half * own[:, 2]
        twin.objects.place(name, SE3(own @ rotation, place))
    twin.step(_stand(twin), 1)
    spent = _timed(repeats, twin.feel)
    names = [
        patch.name
        for patch, part in zip(
            twin.skin.layout.patches, twin.skin.layout.slices, strict=True
        )
        if twin.skin.pressure[part].any()
    ]
    note = f"in the core; {twin.data.ncon} contacts in all, felt by {', '.join(names)}"
    return _row("feel and count, things of the physics", spent, note)


def _calibration(twin: Twin) -> SkinCalibration:
    """Return a calibration that has had its tare."""
    skin, device = twin.skin, twin.skin.device
    made = SkinCalibration(
        SkinCalibrationConfig(), skin.layout, device.stored_gain, device.stored_offset
    )
    while not made.ready:
        twin.feel()
        made.step(0.0, device.counts, device.warmth)
    return made


def _labels(pressure: Array) -> tuple[Any, Any]:
    off = SkinContactsConfig().off
    labels, count = ndimage.label(pressure >= off, np.ones((3, 3)))
    index = np.arange(1, count + 1)
    return (
        ndimage.sum_labels(pressure, labels, index),
        ndimage.center_of_mass(pressure, labels, index) if count else [],
    )


def _truth(presses: int) -> list[Row]:
    """Press single places, the taxels' errors and broken ones included."""
    twin = Twin(load_robot("rx1"), load_world("flat"))
    random = np.random.default_rng(7)
    rows = []
    calibration = _calibration(twin)
    contacts = SkinContacts(SkinContactsConfig(), twin.skin.layout)
    for place, patch in enumerate(twin.skin.layout.patches):
        if patch.name not in ("chest", "left_palm", "left_index_tip"):
            continue
        forces, places, lost = _press_all(
            twin, calibration, contacts, place, patch, random, presses
        )
        limit = "half a pitch"
        beyond = float(np.mean(places > TAXELS_OFF * patch.pitch))
        rows += [
            Row(
                name=f"force error, {patch.name}",
                unit="%",
                median=float(np.median(forces)),
                p99=float(np.quantile(forces, 0.99)),
                note=f"{presses} presses; {lost} not felt as one touch",
            ),
            Row(
                name=f"place error, {patch.name}",
                unit="mm",
                median=1e3 * float(np.median(places)),
                p99=1e3 * float(np.quantile(places, 0.99)),
                note=f"pitch {1e3 * patch.pitch:g} mm; {beyond:.1%} over {limit}",
            ),
        ]
    return rows


def _press_all(
    twin: Twin,
    calibration: SkinCalibration,
    contacts: SkinContacts,
    place: int,
    patch: SkinPatch,
    random: np.random.Generator,
    presses: int,
) -> tuple[Array, Array, int]:
    """Return errors of force [%] and place [m], and presses that were not one touch."""
    skin = twin.skin
    x, y = taxel_centres(patch)
    forces, places, lost = [], [], 0
    config = SkinConfig()
    for _ in range(presses):
        at = random.uniform((x[1], y[1]), (x[-2], y[-2]))
        force = float(random.uniform(0.05, 0.4) * config.device.full_scale)
        force *= 4.0 * patch.pitch**2
        skin.pressure[:] = 0.0
        image = skin.pressure[skin.layout.slices[place]].reshape(
            patch.rows, patch.columns
        )
        disc = touched_radius(force, 0.01, config.modulus)
        cover = config.cover * patch.pitch
        press(at[0], at[1], force, disc, cover, patch.pitch, image)
        skin.sample(0.0)
        sample = calibration.step(0.0, skin.device.counts, skin.device.warmth)
        contacts.reset()
        touches = contacts.step(sample)
        if len(touches) != 1:
            lost += 1
            continue
        forces.append(100.0 * abs(touches[0].force - force) / force)
        places.append(float(np.linalg.norm(touches[0].position[:2] - at)))
    return np.array(forces), np.array(places), lost
