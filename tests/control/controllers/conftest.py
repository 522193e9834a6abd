# SPDX-License-Identifier: Apache-2.0
"""A controller on a bench: what it asks for is lent; no loop, no ROS."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from renxing.controller_interface import (
    Board,
    Claim,
    Controller,
    ControllerInfo,
    Loan,
)
from renxing.hardware_interface import Result, Return
from renxing.robot import Robot

RATE = 500


class Lab:
    """Runs one controller in lock-step."""

    def __init__(
        self,
        kind: type[Controller],
        robot: Robot,
        parameters: Mapping[str, Any],
        states: Mapping[str, float] | None = None,
        rate: int = RATE,
        start: float = 100.0,
    ) -> None:
        info = ControllerInfo(
            name="unit",
            type=kind.__name__,
            update_rate=rate,
            parameters=parameters,
            robot=robot,
        )
        self.controller = kind(info)
        self.time, self.period = start, 1.0 / rate
        self.plant: Callable[[Lab], None] = lambda lab: None
        assert self.controller.on_init() is Result.SUCCESS
        assert self.controller.on_configure() is Result.SUCCESS
        given = dict(states or {})
        wish = self.controller.state_interfaces()
        if wish.claim is Claim.INDIVIDUAL:
            names = list(wish.names)
        elif wish.claim is Claim.NONE:
            names = []
        else:
            pattern = re.compile("|".join(wish.names) or ".*")
            names = [name for name in given if pattern.fullmatch(name)]
        self.state_at = {name: index for index, name in enumerate(names)}
        self.states = np.array([given.get(name, 0.0) for name in names])
        names = list(self.controller.command_interfaces().names)
        self.command_at = {name: index for index, name in enumerate(names)}
        self.commands = np.full(len(names), np.nan)
        self.controller.board = Board(self.controller.board_names(tuple(self.state_at)))
        exported = self.controller.exported_names()
        self.controller.exported = np.full(len(exported), np.nan)

    def activate(self) -> Result:
        c = self.controller
        at = np.arange(len(self.states), dtype=np.intp)
        c.states = Loan(tuple(self.state_at), self.states, at)
        at = np.arange(len(self.commands), dtype=np.intp)
        c.commands = Loan(tuple(self.command_at), self.commands, at)
        return c.on_activate()

    def step(self) -> None:
        self.time += self.period
        assert self.controller.update(self.time, self.period) is Return.OK
        self.plant(self)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / self.period)):
            self.step()

    def send(self, value: Any) -> None:
        self.controller.inbox.append(value)

    def news(self, kind: type) -> list[Any]:
        """Take the news of one kind; the others stay."""
        box = self.controller.outbox
        found = [value for value in box if isinstance(value, kind)]
        kept = [value for value in box if not isinstance(value, kind)]
        box.clear()
        box.extend(kept)
        return found

    def state(self, interface: str) -> np.ndarray:
        return self.states[self._of(self.state_at, interface)]

    def command(self, interface: str) -> np.ndarray:
        return self.commands[self._of(self.command_at, interface)]

    def put(self, interface: str, values: Any) -> None:
        self.states[self._of(self.state_at, interface)] = values

    @staticmethod
    def _of(table: dict[str, int], interface: str) -> list[int]:
        return [at for name, at in table.items() if name.endswith(f"/{interface}")]


@pytest.fixture
def lab(rx1: Robot) -> Callable[..., Lab]:
    """Return what puts a controller on the bench, configured and active."""

    def make(kind: type[Controller], parameters: Mapping[str, Any], **more: Any) -> Lab:
        made = Lab(kind, rx1, parameters, **more)
        assert made.activate() is Result.SUCCESS
        return made

    return make
