# SPDX-License-Identifier: Apache-2.0
"""The loose objects of the world: where they are, and an operator's hands on them."""

import mujoco
import numpy as np

from renxing.errors import ModelError
from renxing.sim.shapes import World
from renxing.spatial import (
    SE3,
    quat_xyzw_from_rotation,
    rotation_from_quat_xyzw,
    wxyz_from_xyzw,
    xyzw_from_wxyz,
)


class WorldObjects:
    """All objects of a world that can move."""

    def __init__(
        self, world: World, model: mujoco.MjModel, data: mujoco.MjData
    ) -> None:
        """Know them by name.

        Args:
            world: Which has them.
            model: In which they are.
            data: Its state.
        """
        self._world = world.name
        self._names = [thing.name for thing in world.objects]
        self._model = model
        self._data = data

    def pose(self, name: str) -> SE3:
        """Return the true pose of an object in odom.

        Raises:
            ModelError: If the world has no such object.
        """
        address = self._joint(name).qposadr[0]
        pose = self._data.qpos[address : address + 7]
        rotation = rotation_from_quat_xyzw(xyzw_from_wxyz(pose[3:]))
        return SE3(rotation, np.array(pose[:3]))

    def place(self, name: str, transform_object_to_odom: SE3) -> None:
        """Put an object somewhere, at rest.

        Raises:
            ModelError: If the world has no such object.
        """
        joint = self._joint(name)
        address, dof = joint.qposadr[0], joint.dofadr[0]
        pose, data = transform_object_to_odom, self._data
        data.qpos[address : address + 3] = pose.translation
        data.qpos[address + 3 : address + 7] = wxyz_from_xyzw(
            quat_xyzw_from_rotation(pose.rotation)
        )
        data.qvel[dof : dof + 6] = 0.0
        mujoco.mj_forward(self._model, data)

    def _joint(self, name: str) -> mujoco._structs._MjModelJointViews:
        if name not in self._names:
            raise ModelError(
                f"world '{self._world}': no object '{name}'; it has "
                f"{', '.join(self._names) or 'none'}"
            )
        return self._model.joint(name)
