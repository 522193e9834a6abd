# SPDX-License-Identifier: Apache-2.0
"""What a perfect depth camera on the robot would see, rendered by MuJoCo.

In: MuJoCo's positions.  Out: `Look`: colour, depth and what is the robot itself.
OpenGL is the caller's: a room opens no devices.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
import numpy.typing as npt

from renxing.errors import ModelError
from renxing.robot.description import Camera
from renxing.robot.pinhole import Pinhole, pinhole_of
from renxing.spatial import SE3, Array, Mask

Colour = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.float32]

NEAR = 0.03  # [m] less than any camera measures; hides the housing that it sits in
FAR = 40.0  # [m]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What a camera sees.

    Attributes:
        colour: Red, green, blue, shape (H, W, 3).
        depth: Along the optical axis [m], shape (H, W); 0 where there is nothing.
        pose: Of the optical frame in odom.
    """

    colour: Colour
    depth: Depth
    pose: SE3


class DepthCamera:
    """Renders one scene through any number of cameras.

    Attributes:
        data: MuJoCo's state; set its positions with `place`.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        """Load the scene into the OpenGL context that is current.

        Args:
            model: From `compile_model`; its visual settings are changed.
        """
        self._model = model
        # Neither changes depth, and each doubles the time of software rendering.
        model.vis.quality.offsamples = 0
        model.vis.quality.shadowsize = 0
        self.data = mujoco.MjData(model)
        self._option = mujoco.MjvOption()
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 100)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._context = mujoco.MjrContext(
            model, mujoco.mjtFontScale.mjFONTSCALE_100.value
        )
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        # Reversed: the buffer's precision is then the same at all distances.
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._view = mujoco.MjvCamera()

    def free(self) -> None:
        """Give back what is in OpenGL."""
        self._context.free()

    def place(self, qpos: Array, people: Array | None = None) -> None:
        """Move everything.

        Args:
            qpos: MuJoCo's positions, shape (nq,).
            people: Poses of those who walk, as `sim.people` has them, shape (n, 7);
                they stay where they are if left out.
        """
        self.data.qpos[:] = qpos
        if people is not None:
            self.data.mocap_pos[:] = people[:, :3]
            self.data.mocap_quat[:] = people[:, 3:]
        mujoco.mj_kinematics(self._model, self.data)
        mujoco.mj_camlight(self._model, self.data)

    def look(self, camera: Camera, binning: int = 1) -> Look:
        """Render what a camera sees.

        Args:
            camera: Of the robot's file; its range is left to the noise.
            binning: Pixels of the camera along each side of one that is rendered.

        Raises:
            ModelError: If the model has no such camera, or no room for its image.
        """
        pinhole = pinhole_of(camera, binning)
        rect = self._aim(camera, pinhole)
        mujoco.mjr_render(rect, self._scene, self._context)
        colour: Colour = np.empty((pinhole.height, pinhole.width, 3), np.uint8)
        buffer: Depth = np.empty((pinhole.height, pinhole.width), np.float32)
        mujoco.mjr_readPixels(colour, buffer, rect, self._context)
        site = self.data.site(camera.frame)
        # OpenGL counts rows from below.
        return Look(
            colour=np.ascontiguousarray(colour[::-1]),
            depth=_metres(buffer[::-1]),
            pose=SE3(site.xmat.reshape(3, 3).copy(), site.xpos.copy()),
        )

    def own_body(self, camera: Camera, base: str, binning: int = 1) -> Mask:
        """Return which pixels show the robot itself, shape (H, W).

        Args:
            camera: As for `look`.
            base: Root link of the robot.
            binning: As for `look`.
        """
        pinhole = pinhole_of(camera, binning)
        rect = self._aim(camera, pinhole)
        flags = (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR)
        for flag in flags:
            self._scene.flags[flag] = 1
        mujoco.mjr_render(rect, self._scene, self._context)
        for flag in flags:
            self._scene.flags[flag] = 0
        colour: Colour = np.empty((pinhole.height, pinhole.width, 3), np.uint8)
        mujoco.mjr_readPixels(colour, None, rect, self._context)
        segment = colour[::-1].astype(np.int64) @ (1, 1 << 8, 1 << 16)
        root = self._model.body(base).rootid
        robots = np.zeros(self._scene.ngeom + 1, dtype=bool)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.segid >= 0 and geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                body = self._model.geom_bodyid[geom.objid]
                robots[geom.segid + 1] = self._model.body_rootid[body] == root
        mask: Mask = robots[segment]
        return mask

    def _aim(self, camera: Camera, pinhole: Pinhole) -> mujoco.MjrRect:
        """Put the scene's camera where the robot's is."""
        settings = self._model.vis.global_
        if pinhole.width > settings.offwidth or pinhole.height > settings.offheight:
            raise ModelError(
                f"camera '{camera.name}': {pinhole.width} x {pinhole.height} pixels; "
                f"room for {settings.offwidth} x {settings.offheight}"
            )
        name = mujoco.mjtObj.mjOBJ_SITE
        if mujoco.mj_name2id(self._model, name, camera.frame) < 0:
            raise ModelError(f"camera '{camera.name}': no frame '{camera.frame}'")
        mujoco.mjv_updateScene(
            self._model,
            self.data,
            self._option,
            None,
            self._view,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        site = self.data.site(camera.frame)
        rotation = site.xmat.reshape(3, 3)
        for light in self._scene.lights[: self._scene.nlight]:
            if light.headlight:
                # MuJoCo has put it where the view is that is not used.
                light.pos, light.dir = site.xpos, rotation[:, 2]
            else:
                # The world's lamps stand over its origin, and robots walk far.
                light.pos[:2] += site.xpos[:2]
        half_height = 0.5 * NEAR * pinhole.height / pinhole.focal
        for eye in self._scene.camera:
            eye.pos, eye.forward, eye.up = site.xpos, rotation[:, 2], -rotation[:, 1]
            eye.frustum_center = 0.0
            eye.frustum_width = 0.5 * NEAR * pinhole.width / pinhole.focal
            eye.frustum_bottom, eye.frustum_top = -half_height, half_height
            eye.frustum_near, eye.frustum_far = NEAR, FAR
        return mujoco.MjrRect(0, 0, pinhole.width, pinhole.height)


def _metres(buffer: Depth) -> Depth:
    """Return distances of a reversed depth buffer; 0 for what is beyond it."""
    # The inverse of glFrustum's third row, where near has become 1 and far 0.
    share = NEAR / (FAR - NEAR)
    depth: Depth = (FAR * share / (buffer + share)).astype(np.float32)
    depth[buffer <= 0.0] = 0.0
    return depth
