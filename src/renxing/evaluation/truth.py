# SPDX-License-Identifier: Apache-2.0
"""What really happens to a twin: for scoring, and as a perfect estimator."""

import mujoco
import numpy as np

from renxing.robot import Robot
from renxing.signals import BodyState
from renxing.sim import Twin
from renxing.spatial import Array

LOADED = 0.05  # of the robot's weight [-] above which a foot counts as standing


class Truth:
    """Reads the truth out of a twin.

    Attributes:
        weight: Of the robot as it really is [N].
    """

    def __init__(self, robot: Robot, twin: Twin) -> None:
        """Look up where in MuJoCo's arrays things stand.

        Args:
            robot: As its controller knows it.
            twin: Of it, or of a variation of it.
        """
        model = twin.model
        self._twin = twin
        self._base = model.body(robot.description.base).id
        self._soles = [model.site(foot.sole).id for foot in robot.description.feet]
        self._velocity = np.array([model.joint(j).dofadr[0] for j in robot.joints])
        self._drives = np.array([model.actuator(name).id for name in robot.joints])
        self._limit = robot.torque
        self.weight = 9.81 * float(model.body_subtreemass[self._base])
        self._geom_foot = self._feet_of_geoms(robot)

    def _feet_of_geoms(self, robot: Robot) -> dict[int, int]:
        model = self._twin.model
        soles = [foot.sole for foot in robot.description.feet]
        names = [model.geom(i).name.partition("/")[0] for i in range(model.ngeom)]
        return {i: soles.index(name) for i, name in enumerate(names) if name in soles}

    def com(self) -> Array:
        """Return the centre of mass in odom [m], shape (3,)."""
        return np.array(self._twin.data.subtree_com[self._base])

    def soles(self) -> Array:
        """Return the origins of the soles in odom [m], shape (feet, 3)."""
        return np.array(self._twin.data.site_xpos[self._soles])

    def torque_ratio(self) -> Array:
        """Return |torque| over its limit [-], shape (n,)."""
        return np.asarray(np.abs(self._twin.data.ctrl[self._drives]) / self._limit)

    def sole_wrenches(self) -> Array:
        """Return the wrench of the ground on each foot in its sole frame, (feet, 6)."""
        model, data = self._twin.model, self._twin.data
        wrenches = np.zeros((len(self._soles), 6))
        part = np.zeros(6)
        for index in range(data.ncon):
            contact = data.contact[index]
            for side, geom in enumerate(contact.geom):
                foot = self._geom_foot.get(int(geom))
                if foot is None:
                    continue
                mujoco.mj_contactForce(model, data, index, part)
                # The contact frame's rows are its axes; x points to the second geom.
                axes = np.array(contact.frame).reshape(3, 3)
                sign = 1.0 if side == 1 else -1.0
                force = sign * (axes.T @ part[:3])
                torque = sign * (axes.T @ part[3:])
                site = self._soles[foot]
                to_sole = data.site_xmat[site].reshape(3, 3).T
                lever = contact.pos - data.site_xpos[site]
                wrenches[foot, :3] += to_sole @ force
                wrenches[foot, 3:] += to_sole @ (torque + np.cross(lever, force))
        return wrenches

    def body_state(self) -> BodyState:
        """Return what a perfect estimator would say."""
        twin = self._twin
        wrenches = self.sole_wrenches()
        return BodyState(
            stamp=twin.time,
            base=twin.base_state(),
            position=twin.true_positions(),
            velocity=np.array(twin.data.qvel[self._velocity]),
            sole_wrench=wrenches,
            contact=wrenches[:, 2] > LOADED * self.weight,
        )
