# SPDX-License-Identifier: Apache-2.0
"""Pictures and videos of a trial.

Poses come from the trace, so nothing is simulated again.
"""

from pathlib import Path

import numpy as np

from renxing.evaluation.camera import Camera, Film, Picture
from renxing.evaluation.ground import make_world
from renxing.evaluation.recorder import FRAME_RATE, Trace
from renxing.evaluation.trial import Trial
from renxing.robot import load_robot


def strip(trial: Trial, trace: Trace, count: int = 6) -> Picture:
    """Return pictures of a trial side by side, from its start to its end.

    Raises:
        DeviceError: If there is no OpenGL.
    """
    chosen = np.linspace(0, len(trace.frames) - 1, count).round().astype(int)
    with camera_of(trial, 240, 320, fine=True) as camera:
        pictures = [camera.picture(trace.frames[index]) for index in chosen]
    joined: Picture = np.concatenate(pictures, axis=1)
    return joined


def write_video(file: Path, trial: Trial, trace: Trace) -> None:
    """Write an MP4 of a trial, 640 x 480 at 30 Hz.

    Raises:
        DeviceError: If there is no OpenGL, or the file cannot be written.
    """
    with (
        camera_of(trial, 640, 480, fine=False) as camera,
        Film(file, 640, 480, round(FRAME_RATE)) as film,
    ):
        for qpos in trace.frames:
            film.add(camera.picture(qpos, follow=0.1))


def camera_of(trial: Trial, width: int, height: int, *, fine: bool) -> Camera:
    """Return a camera in a trial's world; its arguments are those of `Camera`.

    Raises:
        DeviceError: If there is no OpenGL.
    """
    scenario = trial.scenario
    world = make_world(scenario.world, scenario.level, trial.level, trial.seed)
    return Camera(load_robot(trial.robot), world, width, height, fine=fine)
