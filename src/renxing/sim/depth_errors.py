# SPDX-License-Identifier: Apache-2.0
"""Which errors a depth camera has: what the robot's file says of its kind."""

from dataclasses import dataclass, field

from renxing.robot.description import Camera
from renxing.sim.depth_noise import StereoConfig, StereoNoise
from renxing.sim.tof_noise import TofConfig, TofNoise


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthErrorsConfig:
    """Errors of all kinds of depth cameras.

    Attributes:
        stereo: Those of cameras with `depth: stereo`.
        tof: Those of cameras with `depth: tof`.
    """

    stereo: StereoConfig = field(default_factory=StereoConfig)
    tof: TofConfig = field(default_factory=TofConfig)


def noise_of(
    camera: Camera, config: DepthErrorsConfig, binning: int, seed: int
) -> StereoNoise | TofNoise:
    """Return what spoils the images of a camera.

    Args:
        camera: Of the robot's file.
        config: Of all kinds.
        binning: Pixels of the camera along each side of one that is rendered.
        seed: Of all that is random.
    """
    if camera.depth == "tof":
        return TofNoise(config.tof, camera, binning, seed)
    return StereoNoise(config.stereo, camera, binning, seed)
