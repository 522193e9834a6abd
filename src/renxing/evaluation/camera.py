# SPDX-License-Identifier: Apache-2.0
"""A camera beside a robot, rendered by MuJoCo without a screen, and its film."""

from pathlib import Path
from types import TracebackType
from typing import Any

import mujoco
import numpy as np
import numpy.typing as npt

from renxing.environment import require_extra
from renxing.errors import DeviceError
from renxing.robot import Robot
from renxing.sim.compile import compile_model
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig
from renxing.sim.shapes import World
from renxing.spatial import Array

Picture = npt.NDArray[np.uint8]

GRID = 0.5  # [m] between the lines on the ground
GRID_LINES = 12  # to each side of the robot
EXTRA = "evaluation"
AZIMUTH = 125.0  # [deg] of the view, from the x axis of odom
AMBIENT = 0.3  # [-] light everywhere: lamps do not reach the horizon
SKY = (62, 74, 90)  # red, green, blue
TURN = 0.02  # [-] share of the way to the wanted side that the view turns a picture


class Camera:
    """Renders one robot in its world, moving along with it.

    Attributes:
        model: The scene.
    """

    def __init__(
        self, robot: Robot, world: World, width: int, height: int, *, fine: bool
    ) -> None:
        """Compile the scene.

        Args:
            robot: The robot.
            world: Where it is.
            width: Of a picture [px].
            height: Of a picture [px].
            fine: Whether edges and shadows are smoothed, which takes many times as
                long.

        Raises:
            DeviceError: If there is no OpenGL.
        """
        self._ground = world.ground
        self.model = model = compile_model(robot, world, PhysicsConfig())
        quality = model.vis.quality
        quality.offsamples = 4 if fine else 0
        quality.shadowsize = 2048 if fine else 1024
        if not fine:
            # Software rendering spends its time on corners, and on each lamp's shadows.
            quality.numslices, quality.numstacks, quality.numquads = 18, 9, 2
            model.light_castshadow[1:] = 0
        model.vis.headlight.ambient[:] = AMBIENT
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        self._data = mujoco.MjData(model)
        require_extra(EXTRA)
        self._gl = Offscreen(width, height)
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 200)
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._option = mujoco.MjvOption()
        self._view = mujoco.MjvCamera()
        self._view.azimuth, self._view.elevation = AZIMUTH, -12.0
        self._view.distance = 3.2
        self._look_at: Array | None = None

    def __enter__(self) -> "Camera":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        """Give OpenGL back."""
        self._context.free()
        self._gl.free()

    def turn(self, azimuth: float, share: float | None = None) -> None:
        """Turn the view towards a side.

        Args:
            azimuth: Wanted, from the x axis of odom [deg].
            share: Of the way that it turns now [-]; `TURN` if left out.
        """
        by = (azimuth - self._view.azimuth + 180.0) % 360.0 - 180.0
        self._view.azimuth += by * (TURN if share is None else share)

    def picture(
        self,
        qpos: Array,
        follow: float = 1.0,
        people: Array | None = None,
        words: tuple[str, str] = ("", ""),
    ) -> Picture:
        """Return a picture of a pose, shape (height, width, 3).

        Args:
            qpos: MuJoCo's positions, shape (nq,).
            follow: Share of the way to the robot that the camera moves [-].
            people: Poses of those who walk, as `sim.people` has them, shape (n, 7);
                they stay where they are if left out.
            words: Written over it, at its top and its bottom; ASCII.
        """
        data, view = self._data, self._view
        data.qpos[:] = qpos
        if people is not None:
            data.mocap_pos[:], data.mocap_quat[:] = people[:, :3], people[:, 3:]
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_camlight(self.model, data)
        goal = np.array([qpos[0], qpos[1], max(0.5, 0.5 * (qpos[2] + 0.8))])
        if self._look_at is None:
            self._look_at = goal
        self._look_at = self._look_at + follow * (goal - self._look_at)
        view.lookat[:] = self._look_at
        mujoco.mjv_updateScene(
            self.model,
            data,
            self._option,
            None,
            view,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        self._draw_grid(self._look_at)
        for light in self._scene.lights[: self._scene.nlight]:
            # The world's lamps stand over its origin, and robots walk far.
            if not light.headlight:
                light.pos[:2] += self._look_at[:2]
        mujoco.mjr_render(self._rect, self._scene, self._context)
        self._write(words)
        size = (self._rect.height, self._rect.width)
        picture: Picture = np.empty((*size, 3), np.uint8)
        depth = np.empty(size, np.float32)
        mujoco.mjr_readPixels(picture, depth, self._rect, self._context)
        # Where there is nothing MuJoCo leaves it black, but for what is written there.
        picture[(depth >= 1.0) & (picture.max(axis=2) == 0)] = SKY
        # OpenGL counts rows from below.
        return picture[::-1]

    def _write(self, words: tuple[str, str]) -> None:
        places = (mujoco.mjtGridPos.mjGRID_TOPLEFT, mujoco.mjtGridPos.mjGRID_BOTTOMLEFT)
        for text, place in zip(words, places, strict=True):
            if text:
                mujoco.mjr_overlay(
                    mujoco.mjtFont.mjFONT_NORMAL,
                    place,
                    self._rect,
                    text,
                    "",
                    self._context,
                )

    def _draw_grid(self, centre: Array) -> None:
        """Draw lines on the ground, or a walking robot seems to stand."""
        reach = GRID * GRID_LINES
        middle = GRID * np.round(centre[:2] / GRID)
        for axis in range(2):
            for line in range(-GRID_LINES, GRID_LINES + 1):
                place = np.array([*middle, self._ground])
                place[axis] += line * GRID
                half = np.array([reach, reach, 0.001])
                half[axis] = 0.004
                geom = self._scene.geoms[self._scene.ngeom]
                mujoco.mjv_initGeom(
                    geom,
                    mujoco.mjtGeom.mjGEOM_BOX,
                    half,
                    place,
                    np.eye(3).ravel(),
                    np.array([0.62, 0.66, 0.70, 1.0], dtype=np.float32),
                )
                self._scene.ngeom += 1


class Film:
    """An MP4, picture by picture."""

    def __init__(self, file: Path, width: int, height: int, rate: int) -> None:
        """Create the file.

        Args:
            file: To write.
            width: Of each picture [px].
            height: Of each picture [px].
            rate: Pictures a second [Hz].

        Raises:
            DeviceError: If it cannot be written.
        """
        # Here, because it comes with an extra that only videos need.
        import av

        self._file = file
        self._frame: Any = av.VideoFrame
        try:
            self._container = av.open(str(file), "w", format="mp4")
        except OSError as error:
            raise self._refused(error) from error
        self._stream: Any = self._container.add_stream("libx264", rate=rate)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"

    def __enter__(self) -> "Film":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        """Finish the file."""
        try:
            self._container.mux(self._stream.encode())
            self._container.close()
        except OSError as refused:
            if error is None:
                raise self._refused(refused) from refused

    def add(self, picture: Picture) -> None:
        """Add a picture, shape (height, width, 3).

        Raises:
            DeviceError: If the disk refuses it.
        """
        frame = self._frame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        try:
            self._container.mux(self._stream.encode(frame))
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> DeviceError:
        return DeviceError(f"video {self._file}: cannot be written: {error}")
