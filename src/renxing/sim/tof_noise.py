# SPDX-License-Identifier: Apache-2.0
"""What a time-of-flight camera makes of a perfect image: its errors, kind by kind.

In: true depth, colour.  Out: measured depth; 0 for no measurement.

Model: the camera's lamp beside its lens lights the scene with modulated light and
measures the phase of what comes back. The amplitude is albedo x cosine of incidence /
distance²; the noise of the distance is that of the phase, by the shot noise of
amplitude and ambient light over the amplitude (Lange & Seitz 2001, "Solid-state
time-of-flight range camera", eq. 4). Besides:

- too little light (dark, grazed, far) and too much (mirrors, facing and near) is no
  measurement;
- a pixel on an edge sees both sides and measures a distance between, if any;
- light that has bounced off one other surface comes later, so that concave corners
  seem further away: one bounce, between diffuse surfaces, on a coarse image (Fuchs
  2010, "Multipath interference compensation in time-of-flight camera images").

The albedo is taken from the rendered brightness, in which the scene's lamps shade.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.robot.description import Camera
from renxing.robot.pinhole import Pinhole, pinhole_of
from renxing.spatial import Array

Depth = npt.NDArray[np.float32]
Colour = npt.NDArray[np.uint8]

TYPICAL = 2.0, 0.5  # distance [m] and albedo [-] for which one number is given


@dataclass(frozen=True, slots=True, kw_only=True)
class TofConfig:
    """A time-of-flight camera; the size of its errors is that of common ones.

    Attributes:
        noise: Standard deviation of the distance at 1 m, on white that faces it [m].
        ambient: Light that is not the camera's own, in amplitudes of that surface [-].
        least: Amplitude below which there is no measurement, of that surface [-]; 0.005
            is 15 % at 5.5 m, which Microsoft gives for the Azure Kinect, binned.
        most: Amplitude above which a pixel is saturated, of that surface [-].
        shiny: Brightness from which a surface is a mirror, 0 to 1 [-].
        mirror: Cosine of incidence from which a mirror dazzles; else it sends the
            light away [-].
        edge: Jump of depth between neighbours from which on a pixel is mixed, of the
            depth [-].
        mixed: Share of mixed pixels that are not recognized as such [-].
        base_dropout: Share of good pixels that drop out all the same [-].
        bounce: Share of the light bounced once that counts [-]; 0: no multipath.
        patch: Side of the patches between which light bounces, in pixels of the
            rendered image.
    """

    noise: float = field(default=0.0015, metadata={"min": 0.0, "max": 0.1})
    ambient: float = field(default=0.2, metadata={"min": 0.0, "max": 100.0})
    least: float = field(default=0.005, metadata={"min": 0.0, "max": 1.0})
    most: float = field(default=20.0, metadata={"min": 0.1, "max": 1e4})
    shiny: float = field(default=0.97, metadata={"min": 0.0, "max": 1.0})
    mirror: float = field(default=0.98, metadata={"min": 0.0, "max": 1.0})
    edge: float = field(default=0.04, metadata={"min": 0.001, "max": 1.0})
    mixed: float = field(default=0.3, metadata={"min": 0.0, "max": 1.0})
    base_dropout: float = field(default=0.001, metadata={"min": 0.0, "max": 1.0})
    bounce: float = field(default=0.5, metadata={"min": 0.0, "max": 1.0})
    patch: int = field(default=16, metadata={"min": 4, "max": 128})


class TofNoise:
    """Spoils the images of one camera; same seed, same errors."""

    def __init__(
        self, config: TofConfig, camera: Camera, binning: int, seed: int
    ) -> None:
        """Begin.

        Args:
            config: The camera's lamp and pixels.
            camera: Its image and range.
            binning: Pixels of the camera along each side of one that is rendered.
            seed: Of all that is random.
        """
        self._config = config
        self._pinhole: Pinhole = pinhole_of(camera, binning)
        self._range = camera.range
        # A rendered pixel is the mean of the camera's own.
        self._noise = config.noise / binning
        self._random = np.random.default_rng(seed)

    @property
    def disparity_error(self) -> float:
        """Standard deviation of 1 / depth of a middling surface 2 m away [1/m]."""
        distance, albedo = TYPICAL
        amplitude = albedo / distance**2
        return _deviation(self._noise, amplitude, self._config.ambient) / distance**2

    def measure(self, depth: Depth, colour: Colour) -> Depth:
        """Return what the camera measures.

        Args:
            depth: True one along the optical axis [m], shape (H, W); 0 for nothing.
            colour: Of the same pixels, shape (H, W, 3).

        Returns:
            [m], shape (H, W); 0 where there is no measurement.
        """
        config, pinhole = self._config, self._pinhole
        noise = self._random.standard_normal(depth.shape, dtype=np.float32)
        chance = self._random.random((2, *depth.shape), dtype=np.float32)
        # Red, green, blue after Rec. 601.
        light = colour.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        albedo: Depth = (light / 255.0).astype(np.float32)
        rows, columns = (max(2, n // config.patch) for n in depth.shape)
        late: Array = np.zeros((rows, columns))
        if config.bounce > 0.0:
            _bounce(depth, albedo, pinhole.focal, config.bounce, late)
        measured: Depth = np.empty(depth.shape, np.float32)
        _measure(
            depth,
            albedo,
            noise,
            chance,
            late,
            pinhole.focal,
            self._noise,
            config.ambient,
            config.least,
            config.most,
            config.shiny,
            config.mirror,
            config.edge,
            config.mixed,
            config.base_dropout,
            self._range[0],
            self._range[1],
            measured,
        )
        return measured


def _deviation(noise: float, amplitude: float, ambient: float) -> float:
    """Return the standard deviation of a distance [m]."""
    return noise * math.sqrt((amplitude + ambient) / (1.0 + ambient)) / amplitude


@njit(cache=True, fastmath=True)
def _normal(
    depth: Depth, v: int, u: int, focal: float, reach: int, normal: Array
) -> bool:
    """Fill the normal of a surface towards the camera; false where there is none.

    It comes from the change of 1/z, which is linear in the image of a plane.
    """
    rows, columns = depth.shape
    if not (reach <= u < columns - reach and reach <= v < rows - reach):
        return False
    z, left, right = depth[v, u], depth[v, u - reach], depth[v, u + reach]
    above, below = depth[v - reach, u], depth[v + reach, u]
    if min(z, left, right, above, below) <= 0.0:
        return False
    bend = abs(1.0 / left + 1.0 / right - 2.0 / z)
    bend = max(bend, abs(1.0 / above + 1.0 / below - 2.0 / z))
    if bend > 0.02 / z:
        return False
    x = (u - 0.5 * (columns - 1)) / focal
    y = (v - 0.5 * (rows - 1)) / focal
    # A plane n . p = 1 has 1/z = n . ray, so n follows from the slopes of 1/z.
    nx = 0.5 * focal / reach * (1.0 / right - 1.0 / left)
    ny = 0.5 * focal / reach * (1.0 / below - 1.0 / above)
    nz = 1.0 / z - nx * x - ny * y
    length = math.sqrt(nx * nx + ny * ny + nz * nz)
    normal[0], normal[1], normal[2] = -nx / length, -ny / length, -nz / length
    return True


@njit(cache=True, fastmath=True)
def _bounce(
    depth: Depth, albedo: Depth, focal: float, share: float, late: Array
) -> None:
    """Fill by how much further each patch of the image seems to be [m].

    What reaches a patch straight from the lamp is cos / r² (of the lamp's intensity),
    by way of another patch albedo / pi cos / r² cos cos area / distance². The phases of
    both add up as arrows; while they differ little, that is the mean of the ways.
    """
    rows, columns = late.shape
    height, width = depth.shape
    step_v, step_u = height / rows, width / columns
    place = np.zeros((rows * columns, 3))
    normal = np.zeros((rows * columns, 3))
    facts = np.zeros((rows * columns, 4))  # there, distance, cosine, area
    light = np.zeros(rows * columns)
    for i in range(rows):
        for j in range(columns):
            v, u = int((i + 0.5) * step_v), int((j + 0.5) * step_u)
            k = i * columns + j
            if not _normal(depth, v, u, focal, 2, normal[k]):
                continue
            z = depth[v, u]
            place[k, 0] = z * (u - 0.5 * (width - 1)) / focal
            place[k, 1] = z * (v - 0.5 * (height - 1)) / focal
            place[k, 2] = z
            r = math.sqrt(place[k, 0] * place[k, 0] + place[k, 1] * place[k, 1] + z * z)
            cosine = -(
                normal[k, 0] * place[k, 0]
                + normal[k, 1] * place[k, 1]
                + normal[k, 2] * place[k, 2]
            )
            cosine = max(cosine / r, 0.05)
            facts[k, 0], facts[k, 1], facts[k, 2] = 1.0, r, cosine
            # What one pixel covers is z² / f² across the axis, and more if inclined.
            facts[k, 3] = step_v * step_u * (z / focal) ** 2 * (z / r) / cosine
            light[k] = albedo[v, u] / math.pi * cosine / (r * r)
    for k in range(rows * columns):
        late[k // columns, k % columns] = 0.0
        if facts[k, 0] == 0.0:
            continue
        direct = facts[k, 2] / facts[k, 1] ** 2
        total, way = 0.0, 0.0
        for m in range(rows * columns):
            if m == k or facts[m, 0] == 0.0:
                continue
            dx = place[m, 0] - place[k, 0]
            dy = place[m, 1] - place[k, 1]
            dz = place[m, 2] - place[k, 2]
            square = dx * dx + dy * dy + dz * dz
            far = math.sqrt(square)
            here = (normal[k, 0] * dx + normal[k, 1] * dy + normal[k, 2] * dz) / far
            there = -(normal[m, 0] * dx + normal[m, 1] * dy + normal[m, 2] * dz) / far
            if here <= 0.01 or there <= 0.01:
                continue
            # A patch is no point: the nearest ones shine less than 1 / square.
            got = share * light[m] * here * there * facts[m, 3]
            got /= square + facts[m, 3]
            total += got / direct
            way += got / direct * 0.5 * (facts[m, 1] + far - facts[k, 1])
        late[k // columns, k % columns] = way / (1.0 + total)


@njit(cache=True, fastmath=True)
def _measure(
    depth: Depth,
    albedo: Depth,
    noise: Depth,
    chance: Depth,
    late: Array,
    focal: float,
    deviation: float,
    ambient: float,
    least: float,
    most: float,
    shiny: float,
    mirror: float,
    edge: float,
    mixed: float,
    base: float,
    nearest: float,
    farthest: float,
    measured: Depth,
) -> None:
    """Fill `measured`."""
    rows, columns = depth.shape
    normal = np.zeros(3)
    for v in range(rows):
        for u in range(columns):
            measured[v, u] = 0.0
            z = float(depth[v, u])
            if z <= 0.0 or chance[0, v, u] < base:
                continue
            x = (u - 0.5 * (columns - 1)) / focal
            y = (v - 0.5 * (rows - 1)) / focal
            ray = math.sqrt(x * x + y * y + 1.0)
            # Across an edge there is no normal: it faces the camera then.
            cosine = 1.0
            if _normal(depth, v, u, focal, 1, normal):
                cosine = -(normal[0] * x + normal[1] * y + normal[2]) / ray
                cosine = min(max(cosine, 1e-3), 1.0)
            light = albedo[v, u]
            if light >= shiny:
                # A mirror: dazzles where it faces the lamp, else sends nothing back.
                light = 1e3 if cosine >= mirror else 0.0
            r = z * ray
            amplitude = light * cosine / (r * r)
            if amplitude < least or amplitude > most:
                continue
            low, high = z, z
            for a, b in ((v, u - 1), (v, u + 1), (v - 1, u), (v + 1, u)):
                if 0 <= a < rows and 0 <= b < columns and depth[a, b] > 0.0:
                    low = min(low, depth[a, b])
                    high = max(high, depth[a, b])
            # Of both pixels on an edge, half see over it.
            if z - low > edge * z or high - z > edge * z:
                if chance[1, v, u] > 0.5:
                    if chance[0, v, u] >= mixed:
                        continue
                    other = low if z - low > high - z else high
                    r += (chance[1, v, u] - 0.5) * (other - z) * ray
            error = math.sqrt((amplitude + ambient) / (1.0 + ambient)) / amplitude
            r += deviation * error * noise[v, u] + _between(late, v, u, rows, columns)
            z = r / ray
            if nearest <= z <= farthest:
                measured[v, u] = z


@njit(cache=True, fastmath=True)
def _between(late: Array, v: int, u: int, rows: int, columns: int) -> float:
    """Return a value of a coarse image at a pixel of the fine one, bilinear."""
    high, wide = late.shape
    a = min(max((v + 0.5) * high / rows - 0.5, 0.0), high - 1.0)
    b = min(max((u + 0.5) * wide / columns - 0.5, 0.0), wide - 1.0)
    i, j = min(int(a), high - 2), min(int(b), wide - 2)
    a, b = a - i, b - j
    upper = (1.0 - b) * late[i, j] + b * late[i, j + 1]
    lower = (1.0 - b) * late[i + 1, j] + b * late[i + 1, j + 1]
    return float((1.0 - a) * upper + a * lower)
