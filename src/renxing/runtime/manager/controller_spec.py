# SPDX-License-Identifier: Apache-2.0
"""One loaded controller in the manager: its state, its wishes, its turns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from renxing.controller_interface import EMPTY, Board, Controller, Loan
from renxing.hardware_interface import Result, State
from renxing.runtime.manager.life_cycle import attempt
from renxing.runtime.manager.pace import Pace, Timing

if TYPE_CHECKING:
    from renxing.runtime.manager.component import Component


class ControllerSpec:
    """A controller with all that the manager knows of it.

    Attributes:
        name: Its own.
        type: As asked for.
        controller: The controller itself.
        state: Where it is in its life cycle.
        rate: Of its updates [Hz].
        pace: When it is updated.
        timing: Of its updates.
        fallbacks: Controllers that take over when its update fails.
        files: Its parameter files.
        reference_names: What others may command of it, with its name before.
        exported_names: What others may read of it, with its name before.
        command_names: The command interfaces it wants.
        state_names: The state interfaces it wants.
        following: Controllers whose references it writes.
        sources: Controllers whose exported states it reads.
        command_parts: Components that it commands.
        state_parts: Components that it reads.
        loans: What it gets when it is activated: states and commands.
        board: What it shows its ROS side on; it gets it with the loans.
        missing: Interfaces it wants that nobody has.
        claimed: The command interfaces it has while active.
        switching: Whether another thread is switching it: the loop leaves it alone.
        takes_references: Whether it fills its references itself while not chained.
    """

    def __init__(self, name: str, kind: str, controller: Controller) -> None:
        """Start unconfigured."""
        self.name = name
        self.type = kind
        self.controller = controller
        self.state = State.UNCONFIGURED
        self.rate = float(controller.info.update_rate)
        self.pace = Pace(0.0, self.rate)
        self.timing = Timing()
        self.fallbacks: tuple[str, ...] = ()
        self.files: tuple[str, ...] = ()
        self.reference_names: tuple[str, ...] = ()
        self.exported_names: tuple[str, ...] = ()
        self.command_names: tuple[str, ...] = ()
        self.state_names: tuple[str, ...] = ()
        self.following: tuple[ControllerSpec, ...] = ()
        self.sources: tuple[ControllerSpec, ...] = ()
        self.command_parts: tuple[Component, ...] = ()
        self.state_parts: tuple[Component, ...] = ()
        self.loans: tuple[Loan, Loan] = (EMPTY, EMPTY)
        self.board = Board()
        self.missing: tuple[str, ...] = ()
        self.claimed: tuple[str, ...] = ()
        self.switching = False
        self.takes_references = (
            type(controller).update_reference_from_inbox
            is not Controller.update_reference_from_inbox
        )

    @property
    def active(self) -> bool:
        """Whether it is updated."""
        return self.state is State.ACTIVE

    @property
    def chainable(self) -> bool:
        """Whether others may command or read it."""
        return bool(self.reference_names or self.exported_names)

    @property
    def needs(self) -> "tuple[ControllerSpec, ...]":
        """Controllers that must be active for it."""
        return tuple(dict.fromkeys((*self.following, *self.sources)))

    def set_rate(self, rate: float, loop_rate: float) -> str:
        """Set the rate of its updates, snapped to a whole number of cycles.

        Args:
            rate: That it asks for [Hz]; 0 is the loop's.
            loop_rate: Of the loop [Hz].

        Returns:
            A warning if it does not get what it asks for, or nothing.
        """
        asked = loop_rate if rate <= 0.0 else rate
        self.rate = loop_rate / max(1, round(loop_rate / asked))
        self.pace = Pace(self.rate, loop_rate)
        if abs(self.rate - asked) < 1e-9 * asked:
            return ""
        return (
            f"update_rate {asked:g} Hz does not divide the loop's {loop_rate:g} Hz; "
            f"runs at {self.rate:g} Hz"
        )

    def configure(self) -> str:
        """Take the step; return why it did not succeed, or nothing."""
        return self._take("on_configure", State.INACTIVE, State.UNCONFIGURED)

    def cleanup(self) -> str:
        """Take the step; return why it did not succeed, or nothing."""
        return self._take("on_cleanup", State.UNCONFIGURED, State.INACTIVE)

    def activate(self) -> str:
        """Take the step with its loans; return why it did not succeed, or nothing."""
        controller = self.controller
        controller.states, controller.commands = self.loans
        controller.board = self.board
        controller.references.fill(float("nan"))
        # What came before it was asked to act must not move the robot.
        controller.inbox.clear()
        self.timing.reset()
        self.pace.reset()
        why = self._take("on_activate", State.ACTIVE, State.INACTIVE)
        if why:
            self._give_back()
        return why

    def deactivate(self) -> str:
        """Take the step; return what went wrong, or nothing.

        It is never active afterwards: its interfaces are needed by others.
        """
        why = self._take("on_deactivate", State.INACTIVE, State.INACTIVE)
        self._give_back()
        self.controller.chained = False
        self.controller.references.fill(float("nan"))
        return why

    def _give_back(self) -> None:
        self.controller.states = self.controller.commands = EMPTY

    def _take(self, method: str, success: State, failure: State) -> str:
        result, why = attempt(getattr(self.controller, method))
        if result is Result.SUCCESS:
            self.state = success
            return ""
        why = f"{method}: {why or result.value}"
        if result is Result.FAILURE:
            self.state = failure
            return why
        result, more = attempt(self.controller.on_error)
        recovered = result is Result.SUCCESS
        self.state = State.UNCONFIGURED if recovered else State.FINALIZED
        return why if recovered else f"{why}; on_error: {more or result.value}"


def names_of(specs: Sequence[ControllerSpec]) -> str:
    """Return the names of controllers, for messages."""
    return ", ".join(spec.name for spec in specs)
