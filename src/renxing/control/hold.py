# SPDX-License-Identifier: Apache-2.0
"""Hold a posture in joint space, and move smoothly from one to the next.

In: the name of a posture, time.  Out: JointCommand.  Method: quintic minimum-jerk
interpolation (Flash & Hogan 1985) and the static torques of the interpolated posture
with both soles on level ground as feed-forward, so that stiffness only has to catch
what the model does not know.
"""

from dataclasses import dataclass, field

import numpy as np
import pinocchio

from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.signals import JointCommand
from renxing.spatial import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldConfig:
    """The posture holder.

    Attributes:
        posture: To start with.
        speed: Mean joint speed of a change of posture when no time is given [rad/s].
        period: Between two computations of the feed-forward torques [s].
    """

    posture: str = "stand"
    speed: float = field(default=0.5, metadata={"min": 0.01, "max": 5.0})
    period: float = field(default=0.02, metadata={"min": 0.001, "max": 0.1})


class Hold:
    """Holds a posture until told another one, or to stop where it is.

    Attributes:
        posture: The posture that it holds or moves to.
        stopped: Whether an emergency stop has frozen it.
    """

    def __init__(self, config: HoldConfig, robot: Robot) -> None:
        """Start at the configured posture.

        Raises:
            ModelError: If the robot has no such posture.
        """
        self._config = config
        self._robot = robot
        self._data = robot.model.createData()
        self._zero = np.zeros(len(robot.joints))
        self.reset(config.posture)

    def reset(self, posture: str, positions: Array | None = None) -> None:
        """Hold a posture at once, without a way to it.

        Args:
            posture: Named in the robot's file.
            positions: Holds these instead of the posture's own [rad], shape (n,).

        Raises:
            ModelError: If the robot has no such posture.
        """
        named = self._robot.posture(posture)
        self._start = self._goal = named if positions is None else positions
        self._began, self._duration = 0.0, 0.0
        self._next_torques = -np.inf
        self._torques, self._torques_of = self._zero, self._zero
        self.posture, self.stopped = posture, False

    def move_to(self, posture: str, stamp: float, duration: float = 0.0) -> float:
        """Move to a posture; from where the last motion has got to.

        Args:
            posture: Named in the robot's file.
            stamp: Now [s].
            duration: How long it takes [s]; 0 chooses by the configured speed.

        Returns:
            The duration [s].

        Raises:
            ModelError: If the robot has no such posture.
            ConfigError: If stopped, or if a joint would have to exceed its speed.
        """
        if self.stopped:
            raise ConfigError("stopped: reset the emergency stop before moving")
        goal = self._robot.posture(posture)
        start = self._wanted(stamp)[0]
        way = np.abs(goal - start)
        # The peak speed of the quintic is 15/8 of its mean speed.
        shortest = float((15 / 8 * way / self._robot.speed).max())
        if duration == 0.0:
            duration = max(float(way.max()) / self._config.speed, shortest)
        if not np.isfinite(duration) or duration < shortest:
            raise ConfigError(
                f"posture '{posture}' in {duration:g} s: its joints need "
                f"{shortest:.2f} s"
            )
        self._start, self._goal = start, goal
        self._began, self._duration = stamp, duration
        self.posture = posture
        return duration

    def stop(self, stamp: float) -> None:
        """Freeze where the motion has got to, until `reset` or `release`."""
        self._start = self._goal = self._wanted(stamp)[0]
        self._duration = 0.0
        self.stopped = True

    def release(self) -> None:
        """End an emergency stop; the robot stays where it is."""
        self.stopped = False

    def step(self, stamp: float) -> JointCommand:
        """Return the command for now.

        Args:
            stamp: Now [s], on the clock that `move_to` got.
        """
        position, velocity = self._wanted(stamp)
        # At rest the torques stay what they are; they cost as much as some cycles.
        if stamp >= self._next_torques and position is not self._torques_of:
            self._torques = self._static_torques(position)
            self._torques_of = position
            self._next_torques = stamp + self._config.period
        return JointCommand(
            position=position,
            velocity=velocity,
            effort=self._torques,
            proportional=self._robot.kp,
            derivative=self._robot.kd,
        )

    def _wanted(self, stamp: float) -> tuple[Array, Array]:
        if stamp >= self._began + self._duration:
            return self._goal, self._zero
        s = (stamp - self._began) / self._duration
        blend = s**3 * (10.0 - 15.0 * s + 6.0 * s * s)
        rate = 30.0 * s * s * (1.0 - s) ** 2 / self._duration
        way = self._goal - self._start
        return self._start + blend * way, rate * way

    def _static_torques(self, positions: Array) -> Array:
        """Return `g(q) - J' w` for the least sole wrenches that carry the base."""
        robot, model, data = self._robot, self._robot.model, self._data
        q = robot.configuration(positions, robot.standing_base(positions, data))
        gravity = pinocchio.computeGeneralizedGravity(model, data, q)
        pinocchio.computeJointJacobians(model, data, q)
        pinocchio.updateFramePlacements(model, data)
        jacobian = np.vstack(
            [
                pinocchio.getFrameJacobian(
                    model,
                    data,
                    robot.frame(foot.sole),
                    pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED,
                )
                for foot in robot.description.feet
            ]
        )
        # Six base equations for twelve wrench numbers: the smallest ones that do.
        wrenches = np.linalg.lstsq(jacobian[:, :6].T, gravity[:6], rcond=None)[0]
        return np.asarray((gravity - jacobian.T @ wrenches)[robot.v_index])
