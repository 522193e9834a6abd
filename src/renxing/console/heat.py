# SPDX-License-Identifier: Apache-2.0
"""How warm the joints are, painted on the links that they move."""

from dataclasses import dataclass

import numpy as np

from renxing.console.scene import Link
from renxing.robot import Robot
from renxing.signals import JointState
from renxing.spatial import Array

COOL = 25.0  # [°C] where the scale begins
WARM = 0.8  # [-] of the way to the limit: above it a link is painted in any case
LEVELS = 32  # that are told apart; a change within one is not sent
SCALE = np.array(
    [(86, 134, 178), (126, 178, 150), (250, 200, 60), (240, 110, 30), (210, 30, 40)],
    dtype=float,
)


@dataclass(frozen=True, slots=True)
class Hottest:
    """The joint that is nearest to its limit.

    Attributes:
        joint: Its name.
        temperature: Of its winding [°C].
        limit: At which the drive gives up [°C].
        share: Of the way from a cool winding to the limit [-].
    """

    joint: str
    temperature: float
    limit: float
    share: float


def temperature_limits(robot: Robot) -> Array:
    """Return where each joint's drive gives up [°C], shape (n,)."""
    description = robot.description
    drives = description.drives
    limits = [drives[joint.drive].temperature_limit for joint in description.joints]
    return np.array(limits, float)


def heat_shares(robot: Robot, temperature: Array) -> Array:
    """Return how far each joint is from cool (0) to its limit (1), shape (n,).

    Args:
        robot: Whose joints.
        temperature: Of the windings [°C], shape (n,).
    """
    limits = temperature_limits(robot)
    return np.asarray(np.clip((temperature - COOL) / (limits - COOL), 0.0, 1.0))


def hottest(robot: Robot, state: JointState) -> Hottest:
    """Return the joint that is nearest to its limit."""
    shares = heat_shares(robot, state.temperature)
    index = int(np.argmax(shares))
    return Hottest(
        robot.joints[index].removesuffix("_joint").replace("_", " "),
        float(state.temperature[index]),
        float(temperature_limits(robot)[index]),
        float(shares[index]),
    )


def heat_colour(share: float) -> tuple[int, int, int]:
    """Return the colour of a joint on its way to its limit."""
    at = np.linspace(0.0, 1.0, len(SCALE))
    red, green, blue = (int(np.interp(share, at, band)) for band in SCALE.T)
    return red, green, blue


class HeatView:
    """Paints links: all of them if that is wanted, else only those that are hot."""

    def __init__(self, robot: Robot, links: list[Link]) -> None:
        """Leave them as they are.

        Args:
            robot: Whose joints.
            links: What is drawn of it.
        """
        place = {
            robot.model.getJointId(name): index
            for index, name in enumerate(robot.joints)
        }
        # Links that no drive moves, such as the trunk, have no temperature.
        self._links = [
            (place[link.joint], link) for link in links if link.joint in place
        ]
        self._robot = robot
        self._wanted = False
        self._painted: list[int] = [-1] * len(self._links)

    def want(self, wanted: bool) -> None:
        """Paint all links, as the operator likes."""
        self._wanted = wanted

    def show(self, state: JointState) -> None:
        """Paint what has changed."""
        shares = heat_shares(self._robot, state.temperature)
        for place, (index, link) in enumerate(self._links):
            painted = self._wanted or shares[index] > WARM
            level = round(LEVELS * float(shares[index])) if painted else -1
            if level == self._painted[place]:
                continue
            self._painted[place] = level
            colour = heat_colour(level / LEVELS) if painted else link.colour
            link.mesh.color = colour
