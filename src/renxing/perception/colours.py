# SPDX-License-Identifier: Apache-2.0
"""Names of colours, from hue, saturation and brightness.

Source of the conversion: Smith 1978, "Color gamut transform pairs". Where names change
is a convention of this file.
"""

import numpy as np
import numpy.typing as npt

from renxing.spatial import Array

Colour = npt.NDArray[np.uint8]

# Hue up to which a name holds [deg]; red is on both sides of 0.
HUES = (
    (14.0, "red"),
    (44.0, "orange"),
    (70.0, "yellow"),
    (165.0, "green"),
    (258.0, "blue"),
    (330.0, "purple"),
    (360.0, "red"),
)
GREY = 0.18  # saturation below which nothing has a hue
BLACK = 0.13  # brightness below which everything is black
WHITE = 0.72  # brightness from which on what has no hue is white
# Of the hue of orange: what is paler or darker is brown.
BROWN_SATURATION = 0.70
BROWN_BRIGHTNESS = 0.35


def hsv(colours: Colour) -> Array:
    """Return hue [deg], saturation and brightness, 0 to 1, shape (n, 3).

    Args:
        colours: Red, green, blue, shape (n, 3).
    """
    values = colours.astype(float) / 255.0
    most, least = values.max(axis=1), values.min(axis=1)
    span = np.maximum(most - least, 1e-9)
    red, green, blue = values.T
    hue = np.select(
        [most == red, most == green],
        [(green - blue) / span % 6.0, (blue - red) / span + 2.0],
        (red - green) / span + 4.0,
    )
    saturation = np.where(most > 0.0, (most - least) / np.maximum(most, 1e-9), 0.0)
    return np.column_stack([60.0 * hue, saturation, most])


def name_of(colours: Colour) -> str:
    """Return the name that most of the pixels have; empty for no pixels.

    Args:
        colours: Red, green, blue of a thing's pixels, shape (n, 3).
    """
    if not len(colours):
        return ""
    hue, saturation, brightness = hsv(colours).T
    limits = [limit for limit, _ in HUES]
    names = np.array([name for _, name in HUES])[np.searchsorted(limits, hue)]
    pale = (saturation < BROWN_SATURATION) | (brightness < BROWN_BRIGHTNESS)
    names = np.where((names == "orange") & pale, "brown", names)
    plain = np.where(brightness >= WHITE, "white", "grey")
    names = np.where(saturation < GREY, plain, names)
    names = np.where(brightness < BLACK, "black", names)
    found, counts = np.unique(names, return_counts=True)
    return str(found[int(np.argmax(counts))])
