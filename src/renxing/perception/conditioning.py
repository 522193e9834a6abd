# SPDX-License-Identifier: Apache-2.0
"""Make a depth camera's images better: edges, time, holes.

In: depth image, how the camera moved.  Out: `CleanDepth`.  All of it works on 1/depth,
which is linear in the image of a plane and whose error does not depend on distance.

1. Edges: a pixel that neither side continues flies between two surfaces, and the rim of
   a nearer surface is one of the matching window's; both go.
2. Time: what was seen before is moved to where the camera is now (forward warping), and
   averaged with what is seen now where the two agree; where nothing is measured now it
   stands in for some images.
3. Holes: small ones between pixels of one surface are bridged, along rows or columns.
   Holes between two surfaces stay: one of them may be a drop.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, Array

Depth = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditioningConfig:
    """What is done to an image.

    Attributes:
        noise: Standard deviation of 1 / depth that is believed of the camera [1/m].
        edge_gate: A pixel flies if it is so many standard deviations off what its
            neighbours on both sides continue to [-].
        rim: Width of the rim of nearer surfaces that goes [px].
        memory: Images whose average a pixel is at most; 1 switches time off.
        agree_gate: Standard deviations that new and old may differ [-].
        hole: Width of the widest hole that is bridged [px]; 0 bridges none.
    """

    noise: float = field(default=0.005, metadata={"min": 1e-4, "max": 0.1})
    edge_gate: float = field(default=3.0, metadata={"min": 1.0, "max": 20.0})
    rim: int = field(default=1, metadata={"min": 0, "max": 5})
    memory: int = field(default=6, metadata={"min": 1, "max": 50})
    agree_gate: float = field(default=4.0, metadata={"min": 1.0, "max": 20.0})
    hole: int = field(default=4, metadata={"min": 0, "max": 20})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CleanDepth:
    """A conditioned depth image.

    Attributes:
        depth: Along the optical axis [m], shape (H, W); 0 where nothing is known.
        deviation: Standard deviation that is believed of it [m], shape (H, W).
    """

    depth: Depth
    deviation: Depth


class DepthConditioner:
    """Conditions the images of one camera, one after the other."""

    def __init__(self, config: ConditioningConfig, pinhole: Pinhole) -> None:
        """Begin without memory.

        Args:
            config: What is done.
            pinhole: Intrinsics of the images.
        """
        self._config = config
        self._pinhole = pinhole
        self.reset()

    def reset(self) -> None:
        """Forget all images."""
        shape = (self._pinhole.height, self._pinhole.width)
        self._inverse: Depth = np.zeros(shape, np.float32)
        self._weight: Depth = np.zeros(shape, np.float32)
        self._pose: SE3 | None = None

    def step(self, depth: Depth, transform_camera_to_odom: SE3) -> CleanDepth:
        """Condition an image.

        Args:
            depth: Along the optical axis [m], shape (H, W); 0 for no measurement.
            transform_camera_to_odom: Pose of the optical frame; any frame that stands
                still does for odom.
        """
        config, pinhole = self._config, self._pinhole
        camera = (pinhole.focal, pinhole.centre_x, pinhole.centre_y)
        edges = _without_edges(depth, config.noise, config.edge_gate, config.rim)
        prior, weight = np.zeros_like(edges), np.zeros_like(edges)
        if self._pose is not None and config.memory > 1:
            moved = transform_camera_to_odom.actInv(self._pose)
            _warp(
                self._inverse,
                self._weight,
                *camera,
                np.ascontiguousarray(moved.rotation),
                moved.translation,
                8.0 * config.noise,
                prior,
                weight,
            )
        _average(edges, prior, weight, config.noise, config.agree_gate, config.memory)
        self._inverse, self._weight, self._pose = (
            prior,
            weight,
            transform_camera_to_odom.copy(),
        )
        clean: Depth = np.empty_like(prior)
        deviation: Depth = np.empty_like(prior)
        _bridge(prior, weight, config.hole, config.noise, clean, deviation)
        return CleanDepth(depth=clean, deviation=deviation)


@njit(cache=True, fastmath=True)
def _explained(inverse: Depth, v: int, u: int, dv: int, du: int, gate: float) -> int:
    """Say whether the surface on one side goes on to a pixel: 1, -1, 0 for unknown."""
    rows, columns = inverse.shape
    a, b = v + 2 * dv, u + 2 * du
    if not (0 <= a < rows and 0 <= b < columns):
        return 0
    near, next_one = inverse[v + dv, u + du], inverse[a, b]
    if near <= 0.0 or next_one <= 0.0:
        return 0
    return 1 if abs(2.0 * near - next_one - inverse[v, u]) < gate else -1


@njit(cache=True, fastmath=True)
def _before(inverse: Depth, v: int, u: int, dv: int, du: int, gate: float) -> bool:
    """Say whether a pixel lies before the surface that is beside it."""
    rows, columns = inverse.shape
    a, b = v + dv, u + du
    # One pixel further, whatever the width of the rim.
    c = a + (1 if dv > 0 else -1 if dv < 0 else 0)
    d = b + (1 if du > 0 else -1 if du < 0 else 0)
    if not (0 <= c < rows and 0 <= d < columns):
        return False
    beside, further = inverse[a, b], inverse[c, d]
    if beside <= 0.0 or further <= 0.0:
        return False
    ahead = max(abs(dv), abs(du))
    return bool(inverse[v, u] - beside + ahead * (further - beside) > gate)


@njit(cache=True, fastmath=True)
def _without_edges(depth: Depth, noise: float, gate: float, rim: int) -> Depth:
    """Return 1 / depth; 0 where nothing was measured, -1 for flying pixels and rims."""
    rows, columns = depth.shape
    inverse = np.zeros((rows, columns), np.float32)
    for v in range(rows):
        for u in range(columns):
            if depth[v, u] > 0.0:
                inverse[v, u] = 1.0 / depth[v, u]
    kept = np.zeros((rows, columns), np.float32)
    # An extrapolation 2 a - b has five times the variance, its error six times.
    limit = gate * math.sqrt(6.0) * noise
    for v in range(rows):
        for u in range(columns):
            value = inverse[v, u]
            if value <= 0.0:
                continue
            kept[v, u] = -1.0
            left = _explained(inverse, v, u, 0, -1, limit)
            right = _explained(inverse, v, u, 0, 1, limit)
            above = _explained(inverse, v, u, -1, 0, limit)
            below = _explained(inverse, v, u, 1, 0, limit)
            across, along = max(left, right), max(above, below)
            # Good: some side goes on to it in both directions, as far as they are
            # known; speckle without any neighbours is not.
            if min(left, right) == -1 and across < 1:
                continue
            if min(above, below) == -1 and along < 1:
                continue
            if across == 0 and along == 0:
                continue
            on_rim = False
            # What every side goes on to lies before none of them.
            first = 2 if min(min(left, right), min(above, below)) > -1 else 1
            for k in range(first, rim + 1):
                on_rim |= _before(inverse, v, u, 0, k, limit)
                on_rim |= _before(inverse, v, u, 0, -k, limit)
                on_rim |= _before(inverse, v, u, k, 0, limit)
                on_rim |= _before(inverse, v, u, -k, 0, limit)
            if not on_rim:
                kept[v, u] = value
    return kept


@njit(cache=True, fastmath=True)
def _slope(inverse: Depth, v: int, u: int, dv: int, du: int, limit: float) -> float:
    """Return the change of 1/depth for a pixel in one direction; 0 across an edge."""
    rows, columns = inverse.shape
    a, b, c, d = v + dv, u + du, v - dv, u - du
    if not (0 <= a < rows and 0 <= b < columns and 0 <= c < rows and 0 <= d < columns):
        return 0.0
    after, before, here = inverse[a, b], inverse[c, d], inverse[v, u]
    if after <= 0.0 or before <= 0.0 or abs(after - 2.0 * here + before) > limit:
        return 0.0
    return float(0.5 * (after - before))


@njit(cache=True, fastmath=True)
def _at_border(inverse: Depth, v: int, u: int) -> bool:
    """Say whether a pixel has a neighbour of which nothing is known.

    Moved to where nothing is measured, as beside what hides the ground from one imager,
    it would make things grow.
    """
    rows, columns = inverse.shape
    return bool(
        (v > 0 and inverse[v - 1, u] <= 0.0)
        or (u > 0 and inverse[v, u - 1] <= 0.0)
        or (v < rows - 1 and inverse[v + 1, u] <= 0.0)
        or (u < columns - 1 and inverse[v, u + 1] <= 0.0)
    )


@njit(cache=True, fastmath=True)
def _warp(
    inverse: Depth,
    weight: Depth,
    focal: float,
    centre_x: float,
    centre_y: float,
    rotation: Array,
    translation: Array,
    limit: float,
    moved: Depth,
    moved_weight: Depth,
) -> None:
    """Move an image to where the camera is now; the nearest of several wins.

    `rotation` and `translation` map coordinates in the old camera to the new one.
    """
    rows, columns = inverse.shape
    for v in range(rows):
        y = (v - centre_y) / focal
        for u in range(columns):
            w = inverse[v, u]
            if w <= 0.0 or _at_border(inverse, v, u):
                continue
            x = (u - centre_x) / focal
            px = rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2]
            py = rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2]
            pz = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2]
            # All of it times 1/depth, so that it stays linear.
            pz += translation[2] * w
            if pz <= 1e-3:
                continue
            u_new = centre_x + focal * (px + translation[0] * w) / pz
            v_new = centre_y + focal * (py + translation[1] * w) / pz
            column, row = int(math.floor(u_new + 0.5)), int(math.floor(v_new + 0.5))
            if not (0 <= row < rows and 0 <= column < columns):
                continue
            value = w / pz
            # It lands beside the middle of a pixel; without this, grazed ground would
            # lag behind a camera that moves slowly.
            value += (column - u_new) * _slope(inverse, v, u, 0, 1, limit)
            value += (row - v_new) * _slope(inverse, v, u, 1, 0, limit)
            if value > moved[row, column]:
                moved[row, column] = value
                moved_weight[row, column] = weight[v, u]


@njit(cache=True, fastmath=True)
def _average(
    inverse: Depth, prior: Depth, weight: Depth, noise: float, gate: float, memory: int
) -> None:
    """Put what is seen now into `prior` and `weight`."""
    rows, columns = inverse.shape
    for v in range(rows):
        for u in range(columns):
            new, old, count = inverse[v, u], prior[v, u], weight[v, u]
            if new < 0.0:
                # What was seen here before may be hidden by whose rim this is.
                prior[v, u] = weight[v, u] = 0.0
            elif new == 0.0:
                # The old one stands in as long as it has weight.
                weight[v, u] = count - 1.0
                if weight[v, u] < 1.0:
                    prior[v, u] = weight[v, u] = 0.0
            elif (
                old > 0.0
                and count > 0.0
                and abs(new - old) < gate * noise * math.sqrt(1.0 + 1.0 / count)
            ):
                count = min(count, memory - 1.0)
                prior[v, u] = (count * old + new) / (count + 1.0)
                weight[v, u] = count + 1.0
            else:
                prior[v, u], weight[v, u] = new, 1.0


@njit(cache=True, fastmath=True)
def _bridge(
    inverse: Depth,
    weight: Depth,
    hole: int,
    noise: float,
    clean: Depth,
    deviation: Depth,
) -> None:
    """Fill `clean` and `deviation`, with small holes bridged."""
    rows, columns = inverse.shape
    for v in range(rows):
        for u in range(columns):
            value = inverse[v, u]
            spread = noise / math.sqrt(max(weight[v, u], 1.0))
            if value <= 0.0:
                # A wrong bridge costs more than a hole.
                value, spread = _bridged(inverse, v, u, hole, 6.0 * noise), noise
            if value > 0.0:
                z = 1.0 / value
                clean[v, u], deviation[v, u] = z, spread * z * z
            else:
                clean[v, u] = deviation[v, u] = 0.0


@njit(cache=True, fastmath=True)
def _bridged(inverse: Depth, v: int, u: int, hole: int, limit: float) -> float:
    """Return 1/depth at a hole, from both its ends along a row or column; 0 if none."""
    rows, columns = inverse.shape
    for direction in range(2):
        dv, du = direction, 1 - direction
        before, after = 0, 0
        for k in range(1, hole + 1):
            a, b = v - k * dv, u - k * du
            if before == 0 and a >= 0 and b >= 0 and inverse[a, b] > 0.0:
                before = k
            a, b = v + k * dv, u + k * du
            if after == 0 and a < rows and b < columns and inverse[a, b] > 0.0:
                after = k
        if before == 0 or after == 0 or before + after > hole + 1:
            continue
        first = inverse[v - before * dv, u - before * du]
        last = inverse[v + after * dv, u + after * du]
        if abs(first - last) < limit:
            return float((after * first + before * last) / (before + after))
    return 0.0
