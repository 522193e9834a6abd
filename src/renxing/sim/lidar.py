# SPDX-License-Identifier: Apache-2.0
"""What a laser scanner on the robot would measure, cast by MuJoCo.

In: MuJoCo's state.  Out: points in the scanner's frame. All beams of a turn are of one
moment: a real scanner's are spread over it.
"""

import mujoco
import numpy as np
import numpy.typing as npt

from renxing.errors import ModelError
from renxing.robot.description import Lidar

Cloud = npt.NDArray[np.float32]

# What can be seen, as cameras draw it: the world's shapes, and the robot's outside.
HIDDEN = 5  # group of what no beam hits
SEEN = np.array([1, 1, 0, 0, 0, 0], np.uint8)


class LidarCaster:
    """Casts the beams of one scanner."""

    def __init__(self, model: mujoco.MjModel, lidar: Lidar, seed: int) -> None:
        """Lay out the beams.

        Args:
            model: From `compile_model`.
            lidar: Of the robot's file.
            seed: Of the noise.

        Raises:
            ModelError: If the model has no such frame.
        """
        name = mujoco.mjtObj.mjOBJ_SITE
        site = mujoco.mj_name2id(model, name, lidar.frame)
        if site < 0:
            raise ModelError(f"lidar '{lidar.name}': no frame '{lidar.frame}'")
        self._model, self._site, self._lidar = model, site, lidar
        # It sits in the housing of what carries it, of which links may be welded.
        weld = model.body_weldid[model.geom_bodyid]
        self._housing = weld == model.body_weldid[model.site_bodyid[site]]
        self._random = np.random.default_rng(seed)
        elevation = np.linspace(*lidar.elevation[::-1], lidar.rings)[:, None]
        azimuth = np.linspace(np.pi, -np.pi, lidar.columns, endpoint=False)
        flat = np.cos(elevation)
        self._beams = np.stack(
            [
                flat * np.cos(azimuth),
                flat * np.sin(azimuth),
                np.sin(elevation) * np.ones(lidar.columns),
            ],
            axis=-1,
        )
        count = lidar.rings * lidar.columns
        self._hit = np.empty(count, np.int32)
        self._distance = np.empty(count)

    def scan(self, data: mujoco.MjData) -> Cloud:
        """Return a turn's points in the scanner's frame [m].

        Args:
            data: MuJoCo's state, whose kinematics are computed.

        Returns:
            Shape (rings, columns, 3), highest ring first, from behind on clockwise;
            NaN where nothing came back.
        """
        lidar = self._lidar
        rotation = data.site_xmat[self._site].reshape(3, 3)
        directions = self._beams.reshape(-1, 3) @ rotation.T
        groups = self._model.geom_group[self._housing]
        self._model.geom_group[self._housing] = HIDDEN
        mujoco.mj_multiRay(
            self._model,
            data,
            data.site_xpos[self._site],
            directions.ravel(),
            SEEN,
            1,
            -1,
            self._hit,
            self._distance,
            None,
            len(directions),
            lidar.range[1],
        )
        self._model.geom_group[self._housing] = groups
        distance = self._distance.reshape(self._beams.shape[:2])
        measured = distance + self._random.normal(0.0, lidar.noise, distance.shape)
        seen = (distance >= lidar.range[0]) & (distance <= lidar.range[1])
        measured[~seen] = np.nan
        points: Cloud = (measured[..., None] * self._beams).astype(np.float32)
        return points
