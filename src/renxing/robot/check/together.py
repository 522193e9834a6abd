# SPDX-License-Identifier: Apache-2.0
"""Check a robot's YAML file against its URDF: joints, links, limits, mass."""

import math

from renxing.robot.check.description import choice
from renxing.robot.check.finding import Report
from renxing.robot.check.urdf import UrdfJoint, root_links, total_mass
from renxing.robot.description import RobotDescription
from renxing.robot.urdf import Urdf
from renxing.yaml_file import Key

# What each joint of <ros2_control> must take: the five parts of a JointCommand.
COMMANDS = {"position", "velocity", "effort", "proportional", "derivative"}


def check_together(
    report: Report,
    description: RobotDescription,
    urdf: Urdf,
    joints: dict[str, UrdfJoint],
) -> None:
    """Check what only the two files together can tell."""
    before = report.errors
    _check_joints(report, description, urdf, joints)
    _check_limits(report, description, joints)
    _check_places(report, description, urdf)
    _check_mass(report, description, urdf)
    _check_control(report, description, urdf)
    if report.errors == before:
        moving = sum(joint.actuated for joint in joints.values())
        followers = sum(joint.leader is not None for joint in joints.values())
        report.yaml(
            "ok",
            f"{moving} actuated joints and {followers} that follow them, "
            f"{len(description.drives)} drives, {len(description.groups)} groups, "
            f"{len(description.postures)} postures within the limits",
            "joints",
        )
        report.yaml(
            "ok",
            f"mass {total_mass(urdf):.2f} kg, inertias of "
            f"{sum(link.find('inertial') is not None for _n, link in urdf.links())} "
            "links believable",
            "mass",
        )


def _check_joints(
    report: Report,
    description: RobotDescription,
    urdf: Urdf,
    joints: dict[str, UrdfJoint],
) -> None:
    named = {joint.name for joint in description.joints}
    for index, name in enumerate(joint.name for joint in description.joints):
        joint = joints.get(name)
        what = None
        if joint is None:
            what = "not in the URDF"
        elif joint.leader is not None:
            what = f"follows '{joint.leader}' in the URDF, it has no drive of its own"
        elif joint.kind != "revolute":
            what = f"type '{joint.kind}' in the URDF, only revolute ones are supported"
        if what:
            report.yaml("error", f"joint '{name}': {what}", "joints", index, "name")
    for name, joint in joints.items():
        if joint.actuated and name not in named:
            file = report.lines.path.name
            what = f"{joint.kind}, but not in the joints of {file}"
            report.urdf("error", urdf, "joint", name, what)


def _check_limits(
    report: Report, description: RobotDescription, joints: dict[str, UrdfJoint]
) -> None:
    for index, joint in enumerate(description.joints):
        urdf_joint = joints.get(joint.name)
        if urdf_joint is None or urdf_joint.kind != "revolute":
            continue
        lower, upper = urdf_joint.lower, urdf_joint.upper
        keys: Key = ("joints", index)
        if joint.limits is not None:
            if joint.limits[0] < lower or joint.limits[1] > upper:
                what = (
                    f"joint '{joint.name}': limits {list(joint.limits)} rad are wider "
                    f"than the URDF's [{lower:g}, {upper:g}]"
                )
                report.yaml("error", what, *keys, "limits")
            lower, upper = max(lower, joint.limits[0]), min(upper, joint.limits[1])
        drive = description.drives.get(joint.drive)
        if drive is not None and urdf_joint.speed > drive.no_load_speed:
            what = (
                f"joint '{joint.name}': the URDF's {urdf_joint.speed:g} rad/s are more "
                f"than the {drive.no_load_speed:g} rad/s at which drive "
                f"'{joint.drive}' has no torque left"
            )
            report.yaml("warning", what, *keys, "drive")
        _check_positions(report, description, index, lower, upper)


def _check_positions(
    report: Report,
    description: RobotDescription,
    index: int,
    lower: float,
    upper: float,
) -> None:
    """Check zero, every posture and gesture of one joint against its limits."""
    name = description.joints[index].name
    range_words = f"[{lower:g}, {upper:g}] rad"
    if not lower <= 0.0 <= upper and math.isfinite(lower + upper):
        what = f"joint '{name}': zero is outside its limits {range_words}"
        report.yaml("warning", what, "joints", index)
    for gesture, motion in description.gestures.items():
        for part in ("begin", "cycle"):
            for place, frame in enumerate(getattr(motion, part)):
                value = frame.joints.get(name, 0.5 * (lower + upper))
                if math.isfinite(lower + upper) and not lower <= value <= upper:
                    what = f"gesture '{gesture}': joint '{name}': {value:g} outside "
                    keys = ("gestures", gesture, part, place, "joints", name)
                    report.yaml("error", what + range_words, *keys)
    for posture, values in description.postures.items():
        value = values.get(name, 0.0)
        if lower <= value <= upper or not math.isfinite(lower + upper):
            continue
        what = f"posture '{posture}': joint '{name}': {value:g} outside {range_words}"
        if name not in values:
            what += "; a joint left out is at 0"
        elif lower <= -value <= upper:
            what += "; is the sign wrong, here or in the limits?"
        report.yaml("error", what, "postures", posture, name)


def _check_places(report: Report, description: RobotDescription, urdf: Urdf) -> None:
    """Check that every link and frame that the YAML file names is there."""
    links = [name for name, _link in urdf.links()]
    frames = set(links) | {frame.name for frame in description.frames}
    sensors = description.sensors
    roots = root_links(urdf)
    if description.base not in links:
        report.yaml("error", f"base '{description.base}': no such link", "base")
    elif description.base not in roots[:1]:
        what = f"base '{description.base}': the root link is '{', '.join(roots)}'"
        report.yaml("error", what, "base")
    if description.torso not in links:
        report.yaml("error", f"torso '{description.torso}': no such link", "torso")
    known = set(links)
    for index, frame in enumerate(description.frames):
        keys: Key = ("frames", index)
        if frame.parent not in known:
            what = f"frame '{frame.name}': no parent '{frame.parent}' above it"
            report.yaml("error", what, *keys, "parent")
        if frame.name in links:
            what = f"frame '{frame.name}': the URDF has a link of that name"
            report.yaml("error", what, *keys, "name")
        known.add(frame.name)
    rows: list[tuple[str, str, bool, Key]] = []
    for index, foot in enumerate(description.feet):
        what = f"foot '{foot.name}'"
        rows.append((what, foot.link, True, ("feet", index, "link")))
        rows.append((what, foot.sole, False, ("feet", index, "sole")))
    for index, hand in enumerate(description.hands):
        what = f"hand '{hand.name}'"
        rows.append((what, hand.link, True, ("hands", index, "link")))
        rows.append((what, hand.gripper, False, ("hands", index, "gripper")))
    for kind in ("imu", "force_torque", "cameras", "skin"):
        for index, sensor in enumerate(getattr(sensors, kind)):
            keys = ("sensors", kind, index, "frame")
            rows.append((f"{kind} '{sensor.name}'", sensor.frame, False, keys))
    for what, name, is_link, keys in rows:
        if name not in (links if is_link else frames):
            kind = "link" if is_link else "frame or link"
            report.yaml("error", f"{what}: no {kind} '{name}'", *keys)


def _check_mass(report: Report, description: RobotDescription, urdf: Urdf) -> None:
    mass = total_mass(urdf)
    least, greatest = description.mass
    if math.isfinite(mass) and not least <= mass <= greatest:
        what = f"mass: the URDF's links sum to {mass:.2f} kg, outside "
        report.yaml("error", f"{what}[{least:g}, {greatest:g}] kg", "mass")


def _check_control(report: Report, description: RobotDescription, urdf: Urdf) -> None:
    """Check <ros2_control>, where there is one: it repeats names and can drift."""
    controls = urdf.root.findall("ros2_control")
    if not controls:
        return
    file = report.lines.path.name
    sensors = description.sensors
    wanted = {
        "joint": [joint.name for joint in description.joints],
        "sensor": [imu.name for imu in sensors.imu]
        + [cell.name for cell in sensors.force_torque],
    }
    for tag, names in wanted.items():
        found = {
            element.get("name", ""): element
            for control in controls
            for element in control.findall(tag)
        }
        block = controls[0].get("name", "")
        for name in sorted(set(names) - set(found)):
            what = f"lacks {tag} '{name}' of {file}"
            report.urdf("error", urdf, "ros2_control", block, what)
        for name in sorted(set(found) - set(names)):
            what = f"{tag} '{name}': not in {file}; {choice(names)}"
            report.urdf("error", urdf, "ros2_control", block, what)
        for name, element in found.items():
            interfaces = element.findall("command_interface")
            commands = {interface.get("name", "") for interface in interfaces}
            if tag == "joint" and commands != COMMANDS:
                what = (
                    f"joint '{name}': commands "
                    f"{', '.join(sorted(commands)) or 'none'}; "
                    f"wanted are {', '.join(sorted(COMMANDS))}"
                )
                report.urdf("error", urdf, "ros2_control", block, what)
