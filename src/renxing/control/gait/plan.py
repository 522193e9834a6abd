# SPDX-License-Identifier: Apache-2.0
"""What the gait is about in one tick."""

from dataclasses import dataclass

from renxing.spatial import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaitPlan:
    """What the gait is about, for pages and scores.

    Attributes:
        capture_point: [m], shape (2,).
        centre_of_pressure: Wanted [m], shape (2,).
        foothold: Of the step that is made [m], shape (2,); NaN while standing.
        swing: Which foot moves, -1 while standing.
        steps: Made so far.
        margin: From the wanted centre of pressure to the edge of the support [m]; 0
            says that balance has used up what the feet can give.
    """

    capture_point: Array
    centre_of_pressure: Array
    foothold: Array
    swing: int
    steps: int
    margin: float
