# SPDX-License-Identifier: Apache-2.0
"""The pinhole model of a camera: pixels to rays and back.

Source: Hartley & Zisserman 2004, "Multiple view geometry in computer vision", ch. 6.

Optical frame after REP-103: z forward, x right, y down. Pixel (0, 0) is the middle of
the upper left one.
"""

import math
from dataclasses import dataclass

from renxing.robot.description import Camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinhole:
    """Size and intrinsics of an image without distortion.

    Attributes:
        width: Columns [px].
        height: Rows [px].
        focal: Focal length, the same along both axes [px].
        centre_x: Column of the optical axis [px].
        centre_y: Row of the optical axis [px].
    """

    width: int
    height: int
    focal: float
    centre_x: float
    centre_y: float


def pinhole_of(camera: Camera, binning: int = 1) -> Pinhole:
    """Return the intrinsics of a robot's camera.

    Args:
        camera: As the robot's file has it.
        binning: Pixels of the camera along each side of one of the image.
    """
    width, height = camera.width // binning, camera.height // binning
    return Pinhole(
        width=width,
        height=height,
        focal=0.5 * width / math.tan(0.5 * camera.field_of_view),
        centre_x=0.5 * (width - 1),
        centre_y=0.5 * (height - 1),
    )
