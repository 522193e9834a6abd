# SPDX-License-Identifier: Apache-2.0
"""The operator's sliders and buttons, below the emergency stop."""

import math
from collections.abc import Callable
from typing import Any

import viser
from viser import Icon

from renxing.console.report import Balance, Operator, SimulationReport
from renxing.console.tables import walking_table
from renxing.robot import Robot

# Where a push goes, as the robot sees it [rad] about z.
HEADINGS = {
    "forward": 0.0,
    "left": 0.5 * math.pi,
    "backward": math.pi,
    "right": -0.5 * math.pi,
}
# Greatest velocities of the sliders: forward, left [m/s], turn left [rad/s].
DRIVE = (("Forward, m/s", 0.6), ("Left, m/s", 0.3), ("Turn left, rad/s", 0.8))
STEPS = 10  # of the physics, for a click on Step

Connect = Callable[[Any, str, Callable[[], str]], None]


class Controls:
    """What moves the robot, and what only a simulation has.

    Attributes:
        paused: Whether time stands still, as last told.
    """

    def __init__(
        self, gui: viser.GuiApi, robot: Robot, operator: Operator, on: Connect
    ) -> None:
        """Add them to the page.

        Args:
            gui: Where they go.
            robot: The robot.
            operator: Carries out what is clicked.
            on: Connects a button with what it does.
        """
        self._operator = operator
        self.paused = False
        postures = tuple(robot.description.postures)
        posture = gui.add_dropdown("Posture", postures, visible=False)
        move = gui.add_button("Move to posture", icon=Icon.YOGA, visible=False)
        on(move, "move", lambda: operator.go_to(posture.value))
        self._postures = posture, move
        with gui.add_folder("Walking"):
            self._walking = gui.add_html("")
            self._sliders: list[viser.GuiSliderHandle[float]] = [
                gui.add_slider(label, -most, most, 0.05, 0.0) for label, most in DRIVE
            ]
            for slider in self._sliders:
                slider.on_update(lambda _event: self._drive())
            zero = gui.add_button("Stop walking", color="gray", icon=Icon.PLAYER_STOP)
            on(zero, "walk", self._zero)
        self._simulation = gui.add_folder("Simulation", visible=False)
        with self._simulation:
            heading = gui.add_dropdown("Push", tuple(HEADINGS))
            impulse = gui.add_slider("Impulse, N·s", 1.0, 30.0, 1.0, 6.0)
            push = gui.add_button(
                "Push the robot", color="orange", icon=Icon.ARROW_RIGHT
            )
            on(
                push,
                "push",
                lambda: operator.push(impulse.value, HEADINGS[heading.value]),
            )
            self._pause = gui.add_button("Pause", icon=Icon.PLAYER_PAUSE)
            on(self._pause, "pause", lambda: operator.pause(not self.paused))
            self._step = gui.add_button(
                f"Step {STEPS} ms", icon=Icon.PLAYER_SKIP_FORWARD, visible=False
            )
            on(self._step, "step", lambda: operator.step(STEPS))
            reset = gui.add_button("Reset", color="gray", icon=Icon.REFRESH)
            on(reset, "reset", self._reset)

    def halt(self) -> None:
        """Put the velocity back to zero."""
        for slider in self._sliders:
            if slider.value != 0.0:
                # mypy wants a setter right below its getter, and viser's is not.
                slider.value = 0.0  # type: ignore[misc]
        self._operator.drive(0.0, 0.0, 0.0)

    def show(self, simulation: SimulationReport | None, *, poses: bool) -> None:
        """Refresh what is only there for some robots and controllers.

        Args:
            simulation: None for a robot that is not simulated.
            poses: Whether a controller can move to postures now.
        """
        for element in self._postures:
            if element.visible != poses:
                element.visible = poses
        if self._simulation.visible != (simulation is not None):
            self._simulation.visible = simulation is not None
        paused = simulation is not None and simulation.paused
        if paused != self.paused:
            self.paused = paused
            self._pause.label = "Resume" if paused else "Pause"
            self._step.visible = paused

    def show_balance(self, balance: Balance | None) -> None:
        """Refresh how it walks."""
        self._walking.content = walking_table(balance)

    def _drive(self) -> None:
        forward, left, turn = (float(slider.value) for slider in self._sliders)
        self._operator.drive(forward, left, turn)

    def _zero(self) -> str:
        self.halt()
        return "velocity zero"

    def _reset(self) -> str:
        self.halt()
        return self._operator.reset()
