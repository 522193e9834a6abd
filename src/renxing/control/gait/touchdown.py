# SPDX-License-Identifier: Apache-2.0
"""When the foot in the air has landed.

Two things have to agree for some ticks: a force, which may be worked out from torques
and then errs by the inertia of a leg that is thrown, and the foot's own speed, which
encoders tell well.
"""

from renxing.control.gait.stepping import Step
from renxing.spatial import Array

CONFIRM = 0.008  # [s] for which a touchdown must be felt: forces may be guesses
OVERDUE = 0.25  # [s] after which a foot counts as landed wherever it is


class Touchdown:
    """The end of a step."""

    def __init__(self, period: float) -> None:
        """Begin with nothing felt.

        Args:
            period: Of the ticks [s].
        """
        self._period = period
        self._felt = 0.0

    def reset(self) -> None:
        """Forget what was felt."""
        self._felt = 0.0

    def over(self, step: Step, loaded: bool, velocity: Array) -> bool:
        """Tell, once a tick, whether a step has ended.

        Args:
            step: That is being made.
            loaded: Whether its foot seems to carry weight.
            velocity: Of its sole in odom [m/s], shape (3,).
        """
        if step.foot is None:
            return False
        felt = loaded and step.foot.stopped(velocity)
        self._felt = self._felt + self._period if felt else 0.0
        if self._felt < CONFIRM and step.elapsed < step.duration + OVERDUE:
            return False
        self._felt = 0.0
        return True
