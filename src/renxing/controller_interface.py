# SPDX-License-Identifier: Apache-2.0
"""What a controller is to the controller manager, in ros2_control's words.

A controller runs in the real-time loop. `update` reads `states` and writes `commands`;
both are loans of other parts' values, lent from activation to deactivation. What comes
from and goes to ROS passes through `inbox` and `outbox`: plain values, put and taken by
the controller's ROS side in another process; see `docs/architecture.md`.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from renxing.hardware_interface import Result, Return
from renxing.robot import Robot
from renxing.spatial import Array


class Claim(Enum):
    """Which interfaces a controller wants; the values are ros2_control's."""

    ALL = 0
    INDIVIDUAL = 1
    NONE = 2
    INDIVIDUAL_BEST_EFFORT = 3
    REGEX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceConfiguration:
    """The interfaces that a controller wants.

    Attributes:
        claim: How `names` is meant.
        names: `part/interface`, or regular expressions for `REGEX`.
    """

    claim: Claim
    names: tuple[str, ...] = ()


NOTHING = InterfaceConfiguration(claim=Claim.NONE)


class Loan:
    """Values of other parts, lent to a controller; shape (m,) in the order asked for.

    Attributes:
        names: `part/interface` of each value.
    """

    def __init__(
        self, names: Sequence[str], values: Array, indices: npt.NDArray[np.intp]
    ) -> None:
        """Point at some of `values`.

        Args:
            names: Of the lent values.
            values: The array that holds all.
            indices: Where the lent ones stand in it.
        """
        self.names = tuple(names)
        self._values = values
        # A slice is a view: no copy each tick.
        lined_up = len(indices) > 0 and bool((np.diff(indices) == 1).all())
        self._at: Any = (
            slice(int(indices[0]), int(indices[-1]) + 1) if lined_up else indices
        )

    def __len__(self) -> int:
        """Return how many values are lent."""
        return len(self.names)

    def get(self) -> Array:
        """Return a copy of the values."""
        return np.array(self._values[self._at])

    def set(self, values: npt.ArrayLike) -> None:
        """Set all values."""
        self._values[self._at] = values


EMPTY = Loan((), np.empty(0), np.empty(0, dtype=np.intp))


class Board:
    """Numbers that a controller shows its ROS side; only the newest count.

    Attributes:
        names: Of each number.
        values: The numbers, shape (m,): fill them, then `show`.
        time: When they were last shown, on the loop's clock [s].
        count: How often they were shown.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Show nothing yet.

        Args:
            names: Of each number.
        """
        self.names = tuple(names)
        self.values: Array = np.full(len(self.names), np.nan)
        self.time = -np.inf
        self.count = 0

    def show(self, time: float) -> None:
        """Hand the values over [s]."""
        self.time = time
        self.count += 1

    def close(self) -> None:
        """Take it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerInfo:
    """What a controller is made with.

    Attributes:
        name: Its own.
        type: Plugin name as asked for.
        update_rate: Of the controller manager [Hz]; the controller's own parameter
            `update_rate` divides it.
        parameters: From the parameter files and services, nested as in YAML.
        robot: The robot.
    """

    name: str
    type: str
    update_rate: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    robot: Robot


class Controller:
    """Base of all controllers. Subclasses override what they need.

    Attributes:
        info: What it was made with; `parameters` is renewed before `on_configure`.
        states: The state interfaces it asked for, while active.
        commands: The command interfaces it asked for, while active.
        references: Values that preceding controllers write, for a chainable controller:
            one for each of `reference_names`; NaN where nobody writes. Others hold
            the same array: fill it in place.
        exported: Values that other controllers read, one for each of `exported_names`;
            as `references`.
        chained: Whether a preceding controller writes the references.
        inbox: What the ROS side sends, oldest first; take it in `update`. Emptied
            before `on_activate`.
        outbox: What the ROS side shall get; the loop sends it on.
        board: Numbers for the ROS side, one for each of `board_names`.
        balances: Whether it keeps the robot on its feet by itself while active.
        sits: Whether it can also sit down; known once it is configured.
        gives_up: Why one that balances can no longer do so, as the cause of `damp`;
            empty as long as it can.
        falls: Whether that is because the robot falls, in a way that bracing softens.
    """

    balances = False
    sits = False
    gives_up = ""
    falls = False

    def __init__(self, info: ControllerInfo) -> None:
        """Keep the information; `on_init` checks it."""
        self.info = info
        self.states = EMPTY
        self.commands = EMPTY
        self.references: Array = np.empty(0)
        self.exported: Array = np.empty(0)
        self.chained = False
        self.inbox: deque[Any] = deque()
        self.outbox: deque[Any] = deque(maxlen=1000)
        self.board = Board()

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return the command interfaces it wants; asked after `on_configure`."""
        return NOTHING

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return the state interfaces it wants; asked after `on_configure`."""
        return NOTHING

    def reference_names(self) -> Sequence[str]:
        """Return its reference interfaces without its own name; () if not chainable."""
        return ()

    def exported_names(self) -> Sequence[str]:
        """Return its exported state interfaces without its own name."""
        return ()

    def board_names(self, states: Sequence[str]) -> Sequence[str]:
        """Return the numbers that it shows its ROS side all the time; () for none.

        Args:
            states: The state interfaces that it gets.
        """
        return ()

    def on_init(self) -> Result:
        """Check what does not depend on parameters."""
        return Result.SUCCESS

    def on_configure(self) -> Result:
        """Read and check `info.parameters`: unconfigured -> inactive.

        Raises:
            ConfigError: Also means a failure; its message reaches the caller.
        """
        return Result.SUCCESS

    def on_activate(self) -> Result:
        """Start without a bump, `states` and `commands` are lent: -> active."""
        return Result.SUCCESS

    def on_deactivate(self) -> Result:
        """Stop; `commands` are still lent: -> inactive."""
        return Result.SUCCESS

    def on_cleanup(self) -> Result:
        """Forget the configuration: -> unconfigured."""
        return Result.SUCCESS

    def on_error(self) -> Result:
        """Clean up after an error."""
        return Result.SUCCESS

    def update_reference_from_inbox(self, time: float, period: float) -> Return:
        """Not chained: set `references` from what the ROS side sent."""
        return Return.OK

    def stand(self, stopped: bool) -> None:
        """Hear in the loop, while active, that it must stand, or that this is over.

        Only asked of one that `balances`.

        Args:
            stopped: Whether to stand and to refuse to go anywhere.
        """

    def sit(self, wanted: bool) -> None:
        """Hear in the loop, while active, that it must sit down, or stand up again.

        Only asked of one that `sits`, after `stand`.

        Args:
            wanted: Whether to sit.
        """

    def update(self, time: float, period: float) -> Return:
        """Compute one cycle, in the real-time loop.

        Args:
            time: Now, on the loop's clock [s].
            period: Since the last update of this controller [s].
        """
        return Return.OK
