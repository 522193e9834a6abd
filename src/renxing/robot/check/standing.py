# SPDX-License-Identifier: Apache-2.0
"""Check that a robot can stand in its posture `stand`: soles level, mass above them."""

import math

import msgspec
import numpy as np
import pinocchio

from renxing.errors import RenxingError
from renxing.robot.build import build_robot
from renxing.robot.check.finding import Report
from renxing.robot.check.urdf import UrdfJoint
from renxing.robot.description import Interval, Joint, RobotDescription
from renxing.robot.model import Robot
from renxing.robot.urdf import Urdf
from renxing.spatial import SE3, Array

HEIGHT = 0.002  # [m] least difference between the soles that a floor's give hides
TILT = math.radians(0.5)  # [rad] the same for their angle
UPRIGHT = math.radians(60)  # [rad] beyond it a sole's z does not point up at all
MARGIN = 0.02  # [m] of the centre of mass to the edge of the support polygon


def check_standing(
    report: Report,
    description: RobotDescription,
    urdf: Urdf,
    joints: dict[str, UrdfJoint],
) -> None:
    """Check the posture `stand` on level ground."""
    kept = _without_errors(description, urdf, joints)
    try:
        robot = build_robot(kept, report.lines, urdf)
        stand = robot.posture("stand")
        soles = [robot.frame(foot.sole) for foot in kept.feet]
    except RenxingError as error:
        if report.errors == 0:
            report.yaml("error", str(error))
        else:
            report.yaml("warning", "posture 'stand': not checked, for the errors above")
        return
    if sorted(foot.name for foot in kept.feet) != ["left", "right"]:
        return
    data = robot.model.createData()
    pinocchio.framesForwardKinematics(robot.model, data, robot.configuration(stand))
    if not _soles_are_soles(report, robot, [data.oMf[sole] for sole in soles]):
        return
    before = report.errors
    base = robot.standing_base(stand)
    q = robot.configuration(stand, base)
    pinocchio.framesForwardKinematics(robot.model, data, q)
    placed = [data.oMf[sole] for sole in soles]
    apart, tilt = _check_level(report, robot, placed)
    centre = pinocchio.centerOfMass(robot.model, data, q)
    inside = _check_balance(report, robot, placed, centre[:2])
    if report.errors == before:
        report.yaml(
            "ok",
            f"posture 'stand': base {base.translation[2]:.3f} m above the ground, "
            f"soles level within {apart * 1e3:.2f} mm and {math.degrees(tilt):.2f} "
            f"deg, centre of mass {centre[2]:.3f} m high and {inside * 1e3:.0f} mm "
            "inside their edge",
            "postures",
            "stand",
        )


def _without_errors(
    description: RobotDescription, urdf: Urdf, joints: dict[str, UrdfJoint]
) -> RobotDescription:
    """Leave out what has been found wrong already and would stop `build_robot`."""
    usable: dict[str, Joint] = {}
    for joint in description.joints:
        found = joints.get(joint.name)
        if found is None or not found.actuated or found.kind != "revolute":
            continue
        drive = joint.drive
        if drive not in description.drives:
            drive = next(iter(description.drives), "")
        usable[joint.name] = msgspec.structs.replace(joint, drive=drive, limits=None)
    known = {name for name, _link in urdf.links()}
    frames = []
    for frame in description.frames:
        if frame.parent in known and frame.name not in known:
            frames.append(frame)
            known.add(frame.name)
    postures = {
        posture: {name: value for name, value in values.items() if name in usable}
        for posture, values in description.postures.items()
    }
    return msgspec.structs.replace(
        description,
        joints=tuple(usable.values()),
        frames=tuple(frames),
        postures=postures,
    )


def _soles_are_soles(report: Report, robot: Robot, soles: list[SE3]) -> bool:
    """Check soles with the base at the origin: below it, z up, left on the left."""
    good = True
    for index, (foot, sole) in enumerate(
        zip(robot.description.feet, soles, strict=True)
    ):
        keys = ("feet", index, "sole")
        tilt = math.acos(float(np.clip(sole.rotation[2, 2], -1.0, 1.0)))
        if tilt > UPRIGHT:
            what = (
                f"foot '{foot.name}': z of frame '{foot.sole}' points "
                f"{math.degrees(tilt):.0f} deg away from up in 'stand'"
            )
            report.yaml("error", what, *keys)
            good = False
        sideways = float(sole.translation[1])
        if sideways * (1 if foot.name == "left" else -1) <= 0.0:
            what = (
                f"foot '{foot.name}': frame '{foot.sole}' is at y = {sideways:.3f} m "
                "of the base; y points left"
            )
            report.yaml("error", what, *keys)
            good = False
    return good


def _check_level(report: Report, robot: Robot, soles: list[SE3]) -> tuple[float, float]:
    """Check placed soles; return difference in height [m] and worst tilt [rad]."""
    heights = {
        foot.name: float(sole.translation[2])
        for foot, sole in zip(robot.description.feet, soles, strict=True)
    }
    apart = max(heights.values()) - min(heights.values())
    tilt = max(
        math.acos(float(np.clip(sole.rotation[2, 2], -1.0, 1.0))) for sole in soles
    )
    if apart > HEIGHT:
        what = (
            f"posture 'stand': the {max(heights, key=heights.__getitem__)} sole is "
            f"{apart * 1e3:.1f} mm above the other; at most {HEIGHT * 1e3:g} mm"
        )
        report.yaml("error", what, "postures", "stand")
    if tilt > TILT:
        what = (
            f"posture 'stand': a sole is tilted {math.degrees(tilt):.2f} deg against "
            f"the mean of both; at most {math.degrees(TILT):g} deg"
        )
        report.yaml("error", what, "postures", "stand")
    return apart, tilt


def _check_balance(
    report: Report, robot: Robot, soles: list[SE3], centre: Array
) -> float:
    """Check the centre of mass, and return its distance from the nearest edge [m]."""
    corners = np.array(
        [
            sole.act(np.array([x, y, 0.0]))[:2]
            for foot, sole in zip(robot.description.feet, soles, strict=True)
            for x, y in _corners(foot.x, foot.y)
        ]
    )
    inside, normal = distance_inside(corners, centre)
    side = "x" if abs(normal[0]) > abs(normal[1]) else "y"
    words = (
        f"posture 'stand': centre of mass at x {centre[0] * 1e3:.0f}, y "
        f"{centre[1] * 1e3:.0f} mm from the middle of the soles is"
    )
    if inside < 0.0:
        what = f"{words} {-inside * 1e3:.0f} mm outside their edge in {side}: it falls"
        report.yaml("error", what, "postures", "stand")
    elif inside < MARGIN:
        what = f"{words} only {inside * 1e3:.0f} mm inside their edge in {side}; "
        what += f"{MARGIN * 1e3:g} mm or more stand safely"
        report.yaml("warning", what, "postures", "stand")
    return inside


def _corners(x: Interval, y: Interval) -> list[tuple[float, float]]:
    return [(a, b) for a in x for b in y]


def distance_inside(points: Array, point: Array) -> tuple[float, Array]:
    """Return how far a point is inside the convex hull of others in the plane.

    Args:
        points: The others [m], shape (n, 2), not all on a line.
        point: [m], shape (2,).

    Returns:
        Distance to the line of the nearest edge, negative outside [m], and the normal
        of that edge, outwards.
    """
    nearest, normal_there = math.inf, np.zeros(2)
    for index, start in enumerate(points):
        for end in points[index + 1 :]:
            along = end - start
            length = float(np.hypot(*along))
            if length < 1e-9:
                continue
            normal = np.array([along[1], -along[0]]) / length
            sides = (points - start) @ normal
            if sides.min() < -1e-9 and sides.max() > 1e-9:
                continue  # a diagonal, not an edge
            outwards = normal if sides.max() <= 1e-9 else -normal
            inside = float((start - point) @ outwards)
            if inside < nearest:
                nearest, normal_there = inside, outwards
    return nearest, normal_there
