# SPDX-License-Identifier: Apache-2.0
"""Check a URDF by itself: its tree, its joints, its inertias.

It reads the XML and not a model built from it, because no simulator builds one from a
broken file, and because only the XML knows the lines.
"""

import math
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass

import numpy as np

from renxing.robot.check.finding import Report, Severity
from renxing.robot.urdf import Urdf

GYRATION = (1e-3, 1.0)  # [m] least and greatest believable sqrt(I / m) of a link
TRIANGLE = 1e-9  # [-] rounding allowed in I1 + I2 >= I3, relative to I3

KINDS = {"revolute", "continuous", "prismatic", "fixed", "floating", "planar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UrdfJoint:
    """A joint as the URDF has it; NaN where a number is missing or none.

    Attributes:
        name: Its name.
        kind: Its type.
        parent: Link that it hangs on.
        child: Link that it carries.
        lower: Least position [rad].
        upper: Greatest position [rad].
        effort: Greatest torque [N·m].
        speed: Greatest speed [rad/s].
        leader: The joint that it mimics, if any.
        multiplier: Ratio of mimicry [-].
        offset: Position at the leader's zero [rad].
    """

    name: str
    kind: str
    parent: str
    child: str
    lower: float
    upper: float
    effort: float
    speed: float
    leader: str | None
    multiplier: float
    offset: float

    @property
    def actuated(self) -> bool:
        """Whether a drive should move it."""
        return self.kind != "fixed" and self.leader is None


def check_urdf(report: Report, urdf: Urdf) -> dict[str, UrdfJoint]:
    """Check a URDF and return its joints by name."""
    for tag in ("link", "joint"):
        names = Counter(element.get("name", "") for element in urdf.root.findall(tag))
        for name, count in names.items():
            if not name:
                report.urdf("error", urdf, tag, name, f"{count} without a name")
            elif count > 1:
                report.urdf("error", urdf, tag, name, f"is there {count} times")
    joints = {
        name: _read_joint(report, urdf, name, element)
        for name, element in urdf.joints()
    }
    for joint in joints.values():
        _check_joint(report, urdf, joint, joints)
    _check_tree(report, urdf, joints)
    _check_inertias(report, urdf, joints)
    return joints


def root_links(urdf: Urdf) -> list[str]:
    """Return the links that no joint carries; a sound URDF has one."""
    children = {
        child.get("link") for _name, j in urdf.joints() for child in j.findall("child")
    }
    return [name for name, _link in urdf.links() if name not in children]


def total_mass(urdf: Urdf) -> float:
    """Return the mass of all links [kg]; NaN if one is not a number."""
    masses = [link.find("inertial/mass") for _name, link in urdf.links()]
    return sum(_number(mass, "value") for mass in masses if mass is not None)


def _number(element: ET.Element | None, key: str, default: float = math.nan) -> float:
    text = None if element is None else element.get(key)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _read_joint(
    report: Report, urdf: Urdf, name: str, element: ET.Element
) -> UrdfJoint:
    ends = {}
    for end in ("parent", "child"):
        found = element.find(end)
        ends[end] = "" if found is None else found.get("link", "")
        if not ends[end]:
            report.urdf("error", urdf, "joint", name, f"no <{end} link=...>")
    limit, mimic = element.find("limit"), element.find("mimic")
    return UrdfJoint(
        name=name,
        kind=element.get("type", ""),
        **ends,
        lower=_number(limit, "lower"),
        upper=_number(limit, "upper"),
        effort=_number(limit, "effort"),
        speed=_number(limit, "velocity"),
        leader=None if mimic is None else mimic.get("joint", ""),
        multiplier=_number(mimic, "multiplier", 1.0),
        offset=_number(mimic, "offset", 0.0),
    )


def _check_joint(
    report: Report, urdf: Urdf, joint: UrdfJoint, joints: dict[str, UrdfJoint]
) -> None:
    def error(what: str) -> None:
        report.urdf("error", urdf, "joint", joint.name, what)

    if joint.kind not in KINDS:
        error(f"type '{joint.kind}': allowed are {', '.join(sorted(KINDS))}")
        return
    if joint.kind == "fixed":
        return
    if joint.kind != "revolute":
        if joint.leader is not None or joint.kind in {"floating", "planar"}:
            error(f"type '{joint.kind}': only revolute and fixed joints are supported")
        return  # an actuated one is complained about where the YAML file names it
    if not joint.lower < joint.upper:
        error(
            f"limits [{joint.lower:g}, {joint.upper:g}] rad: lower must be below upper"
        )
    if not joint.effort > 0.0:
        error(f"effort limit {joint.effort:g} N·m: must be positive")
    if not joint.speed > 0.0:
        error(f"velocity limit {joint.speed:g} rad/s: must be positive")
    if joint.leader is not None:
        _check_mimic(report, urdf, joint, joints)


def _check_mimic(
    report: Report, urdf: Urdf, joint: UrdfJoint, joints: dict[str, UrdfJoint]
) -> None:
    what = f"mimics '{joint.leader}'"
    leader = joints.get(joint.leader or "")
    if leader is None:
        report.urdf("error", urdf, "joint", joint.name, f"{what}: no such joint")
    elif leader.leader is not None:
        report.urdf(
            "error",
            urdf,
            "joint",
            joint.name,
            f"{what}, which mimics '{leader.leader}': a leader must be actuated",
        )
    elif leader.kind != "revolute":
        report.urdf(
            "error", urdf, "joint", joint.name, f"{what}, which is {leader.kind}"
        )
    else:
        ends = [
            joint.multiplier * end + joint.offset
            for end in (leader.lower, leader.upper)
        ]
        if min(ends) < joint.lower - 1e-6 or max(ends) > joint.upper + 1e-6:
            report.urdf(
                "warning",
                urdf,
                "joint",
                joint.name,
                f"{what}, which takes it to [{min(ends):g}, {max(ends):g}] rad, "
                f"outside its limits [{joint.lower:g}, {joint.upper:g}]",
            )


def _check_tree(report: Report, urdf: Urdf, joints: dict[str, UrdfJoint]) -> None:
    links = {name for name, _link in urdf.links()}
    carriers: dict[str, str] = {}
    for joint in joints.values():
        for end, link in (("parent", joint.parent), ("child", joint.child)):
            if link and link not in links:
                what = f"{end} '{link}': no such link"
                report.urdf("error", urdf, "joint", joint.name, what)
        if joint.child in carriers:
            what = f"carries '{joint.child}', which '{carriers[joint.child]}' carries"
            report.urdf("error", urdf, "joint", joint.name, what)
        carriers[joint.child] = joint.name
    roots = root_links(urdf)
    for root in roots[1:]:
        what = f"hangs on nothing, like '{roots[0]}': a robot has one root"
        report.urdf("error", urdf, "link", root, what)
    if not roots:
        report.urdf("error", urdf, "robot", urdf.root.get("name", ""), "no root link")


def _check_inertias(report: Report, urdf: Urdf, joints: dict[str, UrdfJoint]) -> None:
    masses = {}
    for name, link in urdf.links():
        inertial = link.find("inertial")
        if inertial is None:
            masses[name] = 0.0
            continue
        masses[name] = _number(inertial.find("mass"), "value")
        for severity, what in _odd_inertia(masses[name], inertial.find("inertia")):
            report.urdf(severity, urdf, "link", name, what)
    # A joint may carry a massless link if something heavy is fixed to that.
    carried = dict(masses)
    for joint in _leaves_first(joints):
        if joint.kind == "fixed" and joint.child in carried and joint.parent in carried:
            carried[joint.parent] += carried[joint.child]
    for joint in joints.values():
        if joint.kind != "fixed" and carried.get(joint.child) == 0.0:
            what = f"moved by '{joint.name}', but neither it nor what is fixed to it "
            report.urdf("error", urdf, "link", joint.child, f"{what}has a mass")


def _leaves_first(joints: dict[str, UrdfJoint]) -> list[UrdfJoint]:
    carrier = {joint.child: joint for joint in joints.values()}

    def depth(joint: UrdfJoint) -> int:
        steps, above = 0, carrier.get(joint.parent)
        while above is not None and steps <= len(joints):  # a loop ends too
            steps, above = steps + 1, carrier.get(above.parent)
        return steps

    return sorted(joints.values(), key=depth, reverse=True)


def _odd_inertia(mass: float, element: ET.Element | None) -> list[tuple[Severity, str]]:
    """Return (severity, what) of all that is wrong with the inertia of a link."""
    if not mass >= 0.0:
        return [("error", f"mass {mass:g} kg: a number, at least 0, wanted")]
    names = ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
    xx, xy, xz, yy, yz, zz = (_number(element, name) for name in names)
    tensor = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    if not np.isfinite(tensor).all():
        return [("error", "inertia: six finite numbers ixx ... izz wanted")]
    moments = np.linalg.eigvalsh(tensor)
    words = f"principal moments {', '.join(f'{m:.3g}' for m in moments)} kg·m²"
    if mass == 0.0:
        return [("error", f"no mass, but {words}")] if moments.any() else []
    if not moments.any():
        return [("error", f"{mass:g} kg without any inertia: no solid body has that")]
    if moments[0] <= 0.0:
        return [("error", f"{words}: all three must be positive")]
    if moments[0] + moments[1] < moments[2] * (1.0 - TRIANGLE):
        return [("error", f"{words}: the two smaller must sum to the greatest or more")]
    # About a principal axis; a rod is thin about one of the three.
    gyration = np.sqrt(moments[[1, 2]] / mass)
    if gyration[0] < GYRATION[0] or gyration[1] > GYRATION[1]:
        return [
            (
                "error",
                f"{words} for {mass:g} kg: radii of gyration {gyration[0] * 1e3:.3g} "
                f"to {gyration[1] * 1e3:.3g} mm; believable are {GYRATION[0] * 1e3:g} "
                f"to {GYRATION[1] * 1e3:g} mm (are the units kg·m²?)",
            )
        ]
    return []
