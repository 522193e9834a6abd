# SPDX-License-Identifier: Apache-2.0
"""What all controllers of this package share: parameters, news at a rate, notices.

Numbers that the ROS side wants all the time stand on the board; news that must not be
missed go into the outbox. Both at `publish_rate`. What goes wrong in the loop is told
by a `Notice`, at most once a second for each kind.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from renxing.control.controller_parameters import Parameters
from renxing.controller_interface import (
    Claim,
    Controller,
    ControllerInfo,
    InterfaceConfiguration,
)
from renxing.hardware_interface import Result
from renxing.robot import Robot

NOTICE_PERIOD = 1.0  # [s] between two notices of one kind
_EARLY = 1e-6  # [s]
Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the log of the ROS side.

    Attributes:
        level: How bad it is.
        text: What it says.
    """

    level: Level
    text: str


class Cadence:
    """Says when it is time again.

    Attributes:
        period: Between two times [s].
    """

    def __init__(self, rate: float) -> None:
        """Set the rate [Hz]; 0 is never, infinite is always."""
        self.period = 1.0 / rate if rate > 0.0 else math.inf
        self.reset()

    def reset(self) -> None:
        """Make the next question come true."""
        self._next = -math.inf

    def due(self, time: float) -> bool:
        """Tell whether it is time [s]; a clock that jumps starts a new row."""
        late = time - self._next
        # A cycle comes a little early as often as late.
        if -self.period <= late < -_EARLY or self.period == math.inf:
            return False
        in_row = -_EARLY <= late < self.period
        self._next = (self._next if in_row else time) + self.period
        return True


class Deadline:
    """Says that a source of commands has stopped, once each time it does.

    Attributes:
        timeout: From one command to the next, at most [s]; 0 is any time.
    """

    def __init__(self, timeout: float) -> None:
        """Wait for a first command for ever.

        Args:
            timeout: See above.
        """
        self.timeout = timeout
        self.reset()

    def reset(self) -> None:
        """Forget that there was a command."""
        self._last: float | None = None

    def met(self, time: float) -> None:
        """Note that a command has come [s]."""
        self._last = time

    def missed(self, time: float) -> bool:
        """Tell whether the next one should have come [s]; True once."""
        last = self._last
        if last is None or self.timeout <= 0.0 or time - last <= self.timeout:
            return False
        self._last = None
        return True


class BaseController(Controller):
    """A controller with checked parameters; subclasses fill in `configure`.

    One that obeys a source of commands calls `source.met` for each of them and, in
    every update, `late`: what is late by the parameter `command_timeout` is told once,
    and the controller then holds its joints.

    Attributes:
        period: Between two updates [s].
        news: When the next news are due; by the parameter `publish_rate`.
        source: Of commands; by the parameter `command_timeout`.
    """

    publish_rate = 100.0  # [Hz] default
    command_timeout = 0.0  # [s] default

    def __init__(self, info: ControllerInfo) -> None:
        """Keep the information."""
        super().__init__(info)
        self.period = 1.0 / info.update_rate
        self.news = Cadence(self.publish_rate)
        self.source = Deadline(self.command_timeout)
        self._noticed: dict[str, float] = {}

    def configure(self, parameters: Parameters) -> None:
        """Read and check the parameters.

        Raises:
            ConfigError: If one cannot be used.
        """

    def on_configure(self) -> Result:
        """Read and check `info.parameters`.

        Raises:
            ConfigError: If one cannot be used.
        """
        parameters = Parameters(self.info.name, self.info.parameters)
        rate = parameters.number("update_rate", 0.0, minimum=0.0)
        self.period = cycles(self.info.update_rate, rate) / self.info.update_rate
        rate = parameters.number("publish_rate", self.publish_rate, 0.0)
        # A clock that jitters must not make it miss cycles where it wants them all.
        every = rate * self.period > 1.0 - 1e-9
        self.news = Cadence(math.inf if every else rate)
        self.source = Deadline(
            parameters.number("command_timeout", self.command_timeout, minimum=0.0)
        )
        self.configure(parameters)
        return Result.SUCCESS

    def start(self) -> None:
        """Forget what came before the activation."""
        self.inbox.clear()
        self.news.reset()
        self.source.reset()
        self._noticed.clear()

    def late(self, time: float) -> bool:
        """Tell whether the source has just become late [s], and have it logged."""
        if not self.source.missed(time):
            return False
        what = f"no command for {self.source.timeout:g} s: holding"
        self.notice("warning", "late", time, what)
        return True

    def take(self) -> Iterator[Any]:
        """Yield what has come, oldest first."""
        while self.inbox:
            yield self.inbox.popleft()

    def tell(self, value: Any) -> None:
        """Send a value to the ROS side."""
        self.outbox.append(value)

    def notice(self, level: Level, kind: str, time: float, text: str) -> None:
        """Have a line logged, at most once a second for each kind."""
        last = self._noticed.get(kind, -math.inf)
        if 0.0 <= time - last < NOTICE_PERIOD:
            return
        self._noticed[kind] = time
        self.outbox.append(Notice(level, f"{self.info.name}: {text}"))


def cycles(manager_rate: float, rate: float) -> int:
    """Return in every how many cycles a controller is updated.

    Args:
        manager_rate: Of the controller manager [Hz].
        rate: That the controller asks for [Hz]; 0 follows the manager.
    """
    return 1 if rate <= 0.0 else max(1, round(manager_rate / rate))


def individual(names: Sequence[str]) -> InterfaceConfiguration:
    """Return the wish for exactly these interfaces."""
    return InterfaceConfiguration(claim=Claim.INDIVIDUAL, names=tuple(names))


def all_of(parts: Sequence[str]) -> InterfaceConfiguration:
    """Return the wish for whatever interfaces these parts have."""
    names = tuple(f"{re.escape(part)}/.*" for part in parts)
    return InterfaceConfiguration(claim=Claim.REGEX, names=names)


def by_joint(joints: Sequence[str], interfaces: Sequence[str]) -> list[str]:
    """Return `joint/interface`, joint by joint as ros2_control orders them."""
    return [f"{joint}/{interface}" for joint in joints for interface in interfaces]


def places(robot: Robot, joints: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the places of joints in joint order; -1 for one that is not actuated."""
    order = {name: index for index, name in enumerate(robot.joints)}
    return np.array([order.get(name, -1) for name in joints], dtype=np.intp)
