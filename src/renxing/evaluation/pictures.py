# SPDX-License-Identifier: Apache-2.0
"""Pictures and videos of a trial, rendered by MuJoCo without a screen.

Poses come from the trace, so nothing is simulated again.
"""

from pathlib import Path
from types import TracebackType

import mujoco
import numpy as np
import numpy.typing as npt

from renxing.environment import require_extra
from renxing.errors import DeviceError
from renxing.evaluation.ground import make_world
from renxing.evaluation.recorder import FRAME_RATE, Trace
from renxing.evaluation.trial import Trial
from renxing.robot import load_robot
from renxing.sim.compile import compile_model
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig
from renxing.spatial import Array

Picture = npt.NDArray[np.uint8]

GRID = 0.5  # [m] between the lines on the ground
GRID_LINES = 12  # to each side of the robot
EXTRA = "evaluation"


class Camera:
    """Renders one robot in its world, seen from the side, moving along with it."""

    def __init__(self, trial: Trial, width: int, height: int, *, fine: bool) -> None:
        """Compile the scene.

        Args:
            trial: Whose world and robot.
            width: Of a picture [px].
            height: Of a picture [px].
            fine: Whether edges and shadows are smoothed, which takes three times as
                long.

        Raises:
            DeviceError: If there is no OpenGL.
        """
        robot = load_robot(trial.robot)
        scenario = trial.scenario
        world = make_world(scenario.world, scenario.level, trial.level, trial.seed)
        self._ground = world.ground
        self._model = model = compile_model(robot, world, PhysicsConfig())
        model.vis.quality.offsamples = 4 if fine else 0
        model.vis.quality.shadowsize = 2048 if fine else 1024
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
        self._view.azimuth, self._view.elevation = 125.0, -12.0
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

    def picture(self, qpos: Array, follow: float = 1.0) -> Picture:
        """Return a picture of a pose, shape (height, width, 3).

        Args:
            qpos: MuJoCo's positions, shape (nq,).
            follow: Share of the way to the robot that the camera moves [-].
        """
        data, view = self._data, self._view
        data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_camlight(self._model, data)
        goal = np.array([qpos[0], qpos[1], max(0.5, 0.5 * (qpos[2] + 0.8))])
        if self._look_at is None:
            self._look_at = goal
        self._look_at = self._look_at + follow * (goal - self._look_at)
        view.lookat[:] = self._look_at
        mujoco.mjv_updateScene(
            self._model,
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
        picture: Picture = np.empty((self._rect.height, self._rect.width, 3), np.uint8)
        mujoco.mjr_readPixels(picture, None, self._rect, self._context)
        # OpenGL counts rows from below.
        return picture[::-1]

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


def strip(trial: Trial, trace: Trace, count: int = 6) -> Picture:
    """Return pictures of a trial side by side, from its start to its end.

    Raises:
        DeviceError: If there is no OpenGL.
    """
    chosen = np.linspace(0, len(trace.frames) - 1, count).round().astype(int)
    with Camera(trial, 240, 320, fine=True) as camera:
        pictures = [camera.picture(trace.frames[index]) for index in chosen]
    joined: Picture = np.concatenate(pictures, axis=1)
    return joined


def write_video(file: Path, trial: Trial, trace: Trace) -> None:
    """Write an MP4 of a trial, 640 x 480 at 30 Hz.

    Raises:
        DeviceError: If there is no OpenGL, or the file cannot be written.
    """
    with Camera(trial, 640, 480, fine=False) as camera:
        try:
            _encode(file, camera, trace)
        except OSError as error:
            raise DeviceError(f"video {file}: cannot be written: {error}") from error


def _encode(file: Path, camera: Camera, trace: Trace) -> None:
    # Here, because it comes with an extra that only videos need.
    import av

    with av.open(str(file), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(FRAME_RATE))
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for qpos in trace.frames:
            picture = np.ascontiguousarray(camera.picture(qpos, follow=0.1))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
