# SPDX-License-Identifier: Apache-2.0
"""What an active stereo camera makes of a perfect image: its errors, kind by kind.

In: true depth, colour.  Out: measured depth; 0 for no measurement.

Model: the sensor matches windows between two imagers, so its error is one of
disparity, f b / z, of a standard deviation that does not depend on the distance and is
alike within a window; depth errors grow with z² (Intel, "Tuning D435 and D415 cameras
for best performance"). Besides, as in any pair of imagers (Scharstein & Szeliski 2002,
"A taxonomy and evaluation of dense two-frame stereo correspondence algorithms"):

- what the second imager does not see, to the left of nearer things and at the left
  edge of the image, has no match;
- windows across an edge match its nearer side, which grows, or something between;
- windows without texture have no match: dark, overexposed and grazed surfaces.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.robot.description import Camera
from renxing.robot.pinhole import Pinhole, pinhole_of

Depth = npt.NDArray[np.float32]
Colour = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class StereoConfig:
    """An active stereo camera; the defaults are those of a common small one.

    Attributes:
        baseline: Distance of the imagers [m]; 50 mm is that of an Intel D435.
        subpixel_error: Standard deviation of a disparity, in pixels of the camera.
        steps: Steps that the camera divides a pixel of disparity into.
        window: Side of the matching window, in pixels of the rendered image.
        dark: Brightness below which dropouts begin, 0 to 1 [-].
        bright: Brightness above which an image is overexposed, 0 to 1 [-].
        graze: Cosine of the angle of incidence below which dropouts begin [-].
        base_dropout: Share of good pixels that drop out all the same [-].
        mixed: Share of the pixels at an edge that match something between [-].
    """

    baseline: float = field(default=0.05, metadata={"min": 0.005, "max": 0.5})
    subpixel_error: float = field(default=0.08, metadata={"min": 0.0, "max": 1.0})
    steps: int = field(default=32, metadata={"min": 1, "max": 256})
    window: int = field(default=3, metadata={"min": 1, "max": 15})
    dark: float = field(default=0.10, metadata={"min": 0.0, "max": 1.0})
    bright: float = field(default=0.97, metadata={"min": 0.0, "max": 1.0})
    graze: float = field(default=0.20, metadata={"min": 0.0, "max": 1.0})
    base_dropout: float = field(default=0.004, metadata={"min": 0.0, "max": 1.0})
    mixed: float = field(default=0.25, metadata={"min": 0.0, "max": 1.0})


class StereoNoise:
    """Spoils the images of one camera; same seed, same errors."""

    def __init__(
        self, config: StereoConfig, camera: Camera, binning: int, seed: int
    ) -> None:
        """Begin.

        Args:
            config: The camera's imagers.
            camera: Its image and range.
            binning: Pixels of the camera along each side of one that is rendered.
            seed: Of all that is random.
        """
        self._config = config
        self._pinhole: Pinhole = pinhole_of(camera, binning)
        self._range = camera.range
        self._binning = binning
        self._random = np.random.default_rng(seed)

    @property
    def disparity_error(self) -> float:
        """Standard deviation of 1 / depth [1/m], wherever the camera looks."""
        pixels = self._config.subpixel_error / self._binning
        return pixels / (self._pinhole.focal * self._config.baseline)

    def measure(self, depth: Depth, colour: Colour) -> Depth:
        """Return what the camera measures.

        Args:
            depth: True one along the optical axis [m], shape (H, W); 0 for nothing.
            colour: Of the same pixels, shape (H, W, 3).

        Returns:
            [m], shape (H, W); 0 where there is no measurement.
        """
        config, pinhole = self._config, self._pinhole
        shape = depth.shape
        random = self._random
        noise = random.standard_normal(shape, dtype=np.float32)
        # Two numbers for each window: what is lost, is lost in spots.
        spots = (-(-shape[0] // config.window), -(-shape[1] // config.window))
        chance = random.random((2, *spots), dtype=np.float32)
        measured: Depth = np.empty(shape, np.float32)
        _measure(
            depth,
            colour,
            noise,
            chance,
            pinhole.focal,
            pinhole.focal * config.baseline,
            config.subpixel_error / self._binning,
            1.0 / (config.steps * self._binning),
            config.window,
            config.dark,
            config.bright,
            config.graze,
            config.base_dropout,
            config.mixed,
            self._range[0],
            self._range[1],
            measured,
        )
        return measured


@njit(cache=True, fastmath=True)
def _measure(
    depth: Depth,
    colour: Colour,
    noise: Depth,
    chance: Depth,
    focal: float,
    focal_baseline: float,
    deviation: float,
    step: float,
    window: int,
    dark: float,
    bright: float,
    graze: float,
    base: float,
    mixed: float,
    nearest: float,
    farthest: float,
    measured: Depth,
) -> None:
    """Fill `measured`; disparities in pixels of the image."""
    rows, columns = depth.shape
    half = window // 2
    disparity = np.empty(columns)
    seen = np.empty(columns, np.bool_)
    for v in range(rows):
        least = np.inf
        for u in range(columns - 1, -1, -1):
            z = depth[v, u]
            disparity[u] = focal_baseline / z if z > 0.0 else 0.0
            # Where it lies in the other imager; nearer things further right may lie
            # in front of it.
            other = u - disparity[u]
            seen[u] = z > 0.0 and other >= 0.0 and other < least
            least = min(least, other)
        for u in range(columns):
            measured[v, u] = 0.0
            if not seen[u]:
                continue
            z = depth[v, u]
            value = disparity[u]
            # The nearest thing in the window of this pixel.
            nearer = z
            for dv in range(-half, half + 1):
                for du in range(-half, half + 1):
                    a, b = v + dv, u + du
                    if 0 <= a < rows and 0 <= b < columns and depth[a, b] > 0.0:
                        nearer = min(nearer, depth[a, b])
            spot_v, spot_u = v // window, u // window
            lost = base
            lost += _incidence_loss(depth, v, u, focal, columns, rows, graze)
            light = _brightness(colour, v, u)
            if light < dark:
                lost += 1.0 - light / dark
            elif light > bright:
                lost += (light - bright) / (1.0 - bright + 1e-6)
            if chance[0, spot_v, spot_u] < lost:
                continue
            if z - nearer > 0.03 * z + 0.02:
                front = focal_baseline / nearer
                share = chance[1, spot_v, spot_u]
                if share < mixed:
                    value += (front - value) * share / mixed
                elif share < 0.5 + 0.5 * mixed:
                    value = front
            # Errors of neighbours are alike: their windows overlap.
            total = 0.0
            count = 0
            for dv in range(-half, half + 1):
                for du in range(-half, half + 1):
                    a, b = v + dv, u + du
                    if 0 <= a < rows and 0 <= b < columns:
                        total += noise[a, b]
                        count += 1
            # Half of the variance is the window's, half the pixel's own.
            error = math.sqrt(0.5) * (total / math.sqrt(count) + noise[v, u])
            error /= math.sqrt(1.0 + 1.0 / math.sqrt(count))
            value += deviation * error
            value = step * math.floor(value / step + 0.5)
            if value <= 0.0:
                continue
            z = focal_baseline / value
            if nearest <= z <= farthest:
                measured[v, u] = z


@njit(cache=True, fastmath=True)
def _brightness(colour: Colour, v: int, u: int) -> float:
    """Return the brightness of a pixel, 0 to 1 (Rec. 601)."""
    red, green, blue = colour[v, u, 0], colour[v, u, 1], colour[v, u, 2]
    return float(0.299 * red + 0.587 * green + 0.114 * blue) / 255.0


@njit(cache=True, fastmath=True)
def _incidence_loss(
    depth: Depth, v: int, u: int, focal: float, columns: int, rows: int, graze: float
) -> float:
    """Return how likely a pixel is lost because its surface is grazed.

    The normal comes from the change of 1/z, which is linear in the image of a plane.
    """
    if not (0 < u < columns - 1 and 0 < v < rows - 1):
        return 0.0
    left, right = depth[v, u - 1], depth[v, u + 1]
    above, below = depth[v - 1, u], depth[v + 1, u]
    if min(min(left, right), min(above, below)) <= 0.0:
        return 0.0
    z = depth[v, u]
    # Not across an edge: there nothing is grazed.
    bend = abs(1.0 / left + 1.0 / right - 2.0 / z)
    bend = max(bend, abs(1.0 / above + 1.0 / below - 2.0 / z))
    if bend > 0.02 / z:
        return 0.0
    x = (u - 0.5 * (columns - 1)) / focal
    y = (v - 0.5 * (rows - 1)) / focal
    # A plane n . p = 1 has 1/z = n . ray, so n follows from the slopes of 1/z.
    nx = 0.5 * focal * (1.0 / right - 1.0 / left)
    ny = 0.5 * focal * (1.0 / below - 1.0 / above)
    nz = 1.0 / z - nx * x - ny * y
    ray = math.sqrt(x * x + y * y + 1.0)
    cosine = (1.0 / z) / (math.sqrt(nx * nx + ny * ny + nz * nz) * ray)
    if cosine >= graze:
        return 0.0
    return float(1.0 - cosine / graze)
