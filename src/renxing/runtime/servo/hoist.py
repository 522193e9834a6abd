# SPDX-License-Identifier: Apache-2.0
"""What a simulated robot hangs on until somebody holds it up, as a real one does."""

from renxing.robot import Robot
from renxing.spatial import Array


class Hoist:
    """Lets go, for good, when all joints that carry a foot are stiff.

    Attributes:
        holding: Whether the robot still hangs on it.
    """

    def __init__(self, robot: Robot) -> None:
        """Hang the robot up."""
        self.holding = True
        self._carrying = _carrying(robot)

    def hang(self) -> None:
        """Hang it up again."""
        self.holding = True

    def lets_go(self, rows: Array) -> bool:
        """Tell whether the robot stands on its own from now on.

        Args:
            rows: The five parameters that its joints obey, shape (5, n).
        """
        if self.holding:
            self.holding = not bool((rows[3, self._carrying] > 0.0).all())
        return not self.holding


def _carrying(robot: Robot) -> list[int]:
    """Return the joints between the base and the soles, in joint order."""
    model = robot.model
    feet = {
        model.frames[robot.frame(foot.sole)].parentJoint
        for foot in robot.description.feet
    }
    return [
        place
        for place, name in enumerate(robot.joints)
        if feet & set(model.subtrees[model.getJointId(name)])
    ]
