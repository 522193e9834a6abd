# SPDX-License-Identifier: Apache-2.0
"""Check a robot's YAML file by itself: names that refer to each other, gains."""

from collections import Counter
from collections.abc import Iterable

from renxing.robot.check.finding import Report
from renxing.robot.description import RobotDescription
from renxing.yaml_file import Key

PERIOD = 0.001  # [s] of the drives' law


def check_description(report: Report, description: RobotDescription) -> None:
    """Check what the YAML file says without looking at the URDF."""
    stem = report.lines.path.stem
    if description.name != stem:
        what = f"name '{description.name}': the file's name is '{stem}'"
        report.yaml("warning", what, "name")
    _check_unique(report, description)
    _check_limbs(report, description)
    _check_groups(report, description)
    _check_postures(report, description)
    _check_gestures(report, description)
    _check_drives(report, description)


def choice(names: Iterable[str]) -> str:
    """Say which names would have been right."""
    return f"there are {', '.join(names) or 'none'}"


def _check_unique(report: Report, description: RobotDescription) -> None:
    sensors = description.sensors

    def places(
        parts: tuple[object, ...], key: str, *keys: str
    ) -> list[tuple[str, Key]]:
        return [
            (getattr(part, key), (*keys, index, key))
            for index, part in enumerate(parts)
        ]

    inner = {
        key: places(sensors.imu, key, "sensors", "imu")
        + places(sensors.force_torque, key, "sensors", "force_torque")
        for key in ("name", "topic")
    }
    for what, names in {
        "frame": places(description.frames, "name", "frames"),
        "joint": places(description.joints, "name", "joints"),
        "foot": places(description.feet, "name", "feet"),
        "hand": places(description.hands, "name", "hands"),
        # IMUs and cells share <ros2_control> and the namespace of topics.
        "sensor": inner["name"],
        "topic": inner["topic"],
        "camera": places(sensors.cameras, "name", "sensors", "cameras"),
        "lidar": places(sensors.lidars, "name", "sensors", "lidars"),
        "skin": places(sensors.skin, "name", "sensors", "skin"),
    }.items():
        first: dict[str, Key] = {}
        for name, keys in names:
            if name in first:
                line = report.lines.of(*first[name])
                report.yaml("error", f"{what} '{name}': also on line {line}", *keys)
            first.setdefault(name, keys)


def _check_limbs(report: Report, description: RobotDescription) -> None:
    if sorted({foot.name for foot in description.feet}) != ["left", "right"]:
        got = ", ".join(foot.name for foot in description.feet) or "none"
        report.yaml("error", f"feet: {got}; wanted are 'left' and 'right'", "feet")
    cells = [cell.name for cell in description.sensors.force_torque]
    for kind in ("feet", "hands"):
        for index, limb in enumerate(getattr(description, kind)):
            cell = limb.force_torque
            if cell is not None and cell not in cells:
                what = f"{kind} '{limb.name}': no force_torque sensor '{cell}'; "
                keys = (kind, index, "force_torque")
                report.yaml("error", what + choice(cells), *keys)


def _check_groups(report: Report, description: RobotDescription) -> None:
    names = [joint.name for joint in description.joints]
    lists: list[tuple[str, tuple[str, ...], Key]] = [
        (f"group '{group}'", members, ("groups", group))
        for group, members in description.groups.items()
    ]
    lists += [
        (f"hand '{hand.name}'", hand.joints, ("hands", index, "joints"))
        for index, hand in enumerate(description.hands)
    ]
    for what, members, keys in lists:
        for index, name in enumerate(members):
            if name not in names:
                report.yaml("error", f"{what}: no joint '{name}'", *keys, index)
    grouped = Counter(name for group in description.groups.values() for name in group)
    for index, name in enumerate(names):
        if name not in grouped:
            what = f"joint '{name}': in no group; {choice(description.groups)}"
            report.yaml("error", what, "joints", index)
        elif grouped[name] > 1:
            what = f"joint '{name}': in {grouped[name]} groups"
            report.yaml("warning", what, "joints", index)


def _check_postures(report: Report, description: RobotDescription) -> None:
    if "stand" not in description.postures:
        what = f"postures: no 'stand', the safe one; {choice(description.postures)}"
        report.yaml("error", what, "postures")
    names = [joint.name for joint in description.joints]
    for posture, values in description.postures.items():
        for name in values:
            if name not in names:
                what = f"posture '{posture}': no joint '{name}'"
                report.yaml("error", what, "postures", posture, name)


def _check_gestures(report: Report, description: RobotDescription) -> None:
    names = [joint.name for joint in description.joints]
    for gesture, motion in description.gestures.items():
        for part in ("begin", "cycle"):
            for index, frame in enumerate(getattr(motion, part)):
                for name in frame.joints:
                    if name not in names:
                        what = f"gesture '{gesture}': no joint '{name}'"
                        keys = ("gestures", gesture, part, index, "joints", name)
                        report.yaml("error", what, *keys)


def _check_drives(report: Report, description: RobotDescription) -> None:
    used = set()
    for index, joint in enumerate(description.joints):
        used.add(joint.drive)
        drive = description.drives.get(joint.drive)
        if drive is None:
            what = f"joint '{joint.name}': no drive '{joint.drive}'; "
            keys = ("joints", index, "drive")
            report.yaml("error", what + choice(description.drives), *keys)
            continue
        # A sampled spring and damper on an inertia I is stable for
        # kp dt² + 2 kd dt < 4 I; half of that leaves room for delay.
        share = (joint.kp * PERIOD + 2 * joint.kd) * PERIOD / (4 * drive.armature)
        if share > 0.5:
            what = (
                f"joint '{joint.name}': kp {joint.kp:g}, kd {joint.kd:g} are "
                f"{share:.0%} of what the armature {drive.armature:.3g} kg·m² of drive "
                f"'{joint.drive}' bears at {1 / PERIOD:g} Hz; at most 50 % is safe"
            )
            report.yaml("warning", what, "joints", index, "kd")
    for name in description.drives:
        if name not in used:
            report.yaml("warning", f"drive '{name}': no joint uses it", "drives", name)
