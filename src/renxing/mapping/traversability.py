# SPDX-License-Identifier: Apache-2.0
"""Where a robot can walk, from heights: slope, step, roughness, drop-offs.

Method: a plane through each cell's neighbours; its tilt is the slope, what is left over
the roughness; the step is the greatest change of height to a neighbour (Wermelinger,
Fankhauser, Diethelm, Krüsi, Siegwart & Hutter 2016, "Navigation planning for legged
robots in challenging terrain"). The ground ends at a cell when, behind it, the next
known ground or the bound of a ray of sight lies deeper than any step.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.mapping.elevation import Grid, Heights

Flags = npt.NDArray[np.bool_]

RIM = 4  # cells behind an edge in which heights between both levels may stray; 0.16 m


@dataclass(frozen=True, slots=True, kw_only=True)
class TraversabilityConfig:
    """What the robot can do.

    Attributes:
        slope: Steepest ground [rad].
        step: Highest step, up or down [m]; 0.18 m is a steep house's, and 35 mm are
            for what the map is wrong by.
        roughness: Greatest standard deviation from a plane on ground that is no step
            [m].
        reach: How far behind an edge a drop-off is looked for [m].
    """

    slope: float = field(default=0.35, metadata={"min": 0.05, "max": 1.2})
    step: float = field(default=0.215, metadata={"min": 0.02, "max": 1.0})
    roughness: float = field(default=0.05, metadata={"min": 0.005, "max": 0.5})
    reach: float = field(default=0.8, metadata={"min": 0.05, "max": 3.0})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traversability:
    """Layers over the same cells as the heights; NaN where nothing is known.

    Attributes:
        score: 0 where it cannot walk, up to 1 on flat ground [-].
        slope: [rad].
        step: Greatest change of height within two cells [m].
        roughness: Standard deviation from a plane [m].
        drop: Whether the ground ends here; false where nothing is known.
    """

    score: Grid
    slope: Grid
    step: Grid
    roughness: Grid
    drop: Flags


def traversability(heights: Heights, config: TraversabilityConfig) -> Traversability:
    """Judge the ground.

    Args:
        heights: Of the ground.
        config: What the robot can do.
    """
    shape = heights.height.shape
    layers: Grid = np.full((4, *shape), np.nan, np.float32)
    drop: Flags = np.zeros(shape, np.bool_)
    _ends(
        heights.height,
        heights.upper,
        config.step,
        int(config.reach / heights.resolution),
        drop,
    )
    _judge(
        heights.height,
        heights.resolution,
        config.slope,
        config.step,
        config.roughness,
        drop,
        layers,
    )
    return Traversability(
        score=layers[0],
        slope=layers[1],
        step=layers[2],
        roughness=layers[3],
        drop=drop,
    )


@njit(cache=True)
def _ends(height: Grid, upper: Grid, step: float, reach: int, drop: Flags) -> None:
    """Mark cells behind which the ground is gone."""
    rows, columns = height.shape
    for i in range(rows):
        for j in range(columns):
            if math.isnan(height[i, j]):
                continue
            # The last cell before an edge is often half beyond it, and lower.
            z = height[i, j]
            for a in range(max(0, i - 1), min(rows, i + 2)):
                for b in range(max(0, j - 1), min(columns, j + 2)):
                    if height[a, b] > z:
                        z = height[a, b]
            for direction in range(8):
                if _ends_towards(height, upper, i, j, direction, z - step, step, reach):
                    drop[i, j] = True
                    break


@njit(cache=True)
def _ends_towards(
    height: Grid,
    upper: Grid,
    i: int,
    j: int,
    direction: int,
    bottom: float,
    step: float,
    reach: int,
) -> bool:
    """Say whether what comes next in one of eight directions is below `bottom`."""
    rows, columns = height.shape
    di = (1, 1, 0, -1, -1, -1, 0, 1)[direction]
    dj = (0, 1, 1, 1, 0, -1, -1, -1)[direction]
    lowest = np.inf
    k = 0
    while k < reach:
        k += 1
        a, b = i + k * di, j + k * dj
        if a < 0 or b < 0 or a >= rows or b >= columns:
            break
        if height[a, b] < bottom or upper[a, b] < bottom:
            return True
        if height[a, b] > bottom + 0.5 * step:
            return False
        if math.isnan(height[a, b]):
            lowest = min(lowest, upper[a, b])
        else:
            # Between the two: the rim of what is below, or a step down, which is
            # longer.
            lowest = np.inf
            reach = min(reach, k + RIM)
    # No ground within reach, and rays on their way down: half a step is enough.
    return bool(lowest < bottom + 0.5 * step)


@njit(cache=True)
def _judge(
    height: Grid,
    resolution: float,
    steepest: float,
    highest: float,
    roughest: float,
    drop: Flags,
    layers: Grid,
) -> None:
    """Fill score, slope, step and roughness."""
    rows, columns = height.shape
    for i in range(rows):
        for j in range(columns):
            z = height[i, j]
            if math.isnan(z):
                continue
            # Moments of the neighbours about this cell.
            n, sx, sy, sz = 0, 0.0, 0.0, 0.0
            sxx, sxy, syy, sxz, syz, szz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            step = 0.0
            for a in range(max(0, i - 2), min(rows, i + 3)):
                for b in range(max(0, j - 2), min(columns, j + 3)):
                    if math.isnan(height[a, b]):
                        continue
                    x, y, w = float(a - i), float(b - j), height[a, b] - z
                    n += 1
                    sx += x
                    sy += y
                    sz += w
                    sxx += x * x
                    sxy += x * y
                    syy += y * y
                    sxz += x * w
                    syz += y * w
                    szz += w * w
                    step = max(step, abs(w))
            if n < 6:
                continue
            sxx -= sx * sx / n
            sxy -= sx * sy / n
            syy -= sy * sy / n
            sxz -= sx * sz / n
            syz -= sy * sz / n
            szz -= sz * sz / n
            determinant = sxx * syy - sxy * sxy
            if determinant < 1e-6:
                continue
            p = (sxz * syy - syz * sxy) / determinant
            q = (syz * sxx - sxz * sxy) / determinant
            left = max(szz - p * sxz - q * syz, 0.0)
            slope = math.atan(math.sqrt(p * p + q * q) / resolution)
            rough = math.sqrt(left / n)
            layers[1, i, j] = slope
            layers[2, i, j] = step
            layers[3, i, j] = rough
            # Where a plane does not fit there is a step, which is judged as one.
            planar = rough < 0.012
            score = 1.0 - step / highest
            if planar:
                score = min(score, 1.0 - slope / steepest)
            elif step < 0.5 * highest:
                score = min(score, 1.0 - rough / roughest)
            layers[0, i, j] = 0.0 if drop[i, j] else max(score, 0.0)
