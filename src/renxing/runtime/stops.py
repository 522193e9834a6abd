# SPDX-License-Identifier: Apache-2.0
"""Stop the robot and get it going again, with the controllers that it had.

The ladder decides what the drives do; this decides what becomes of the controllers. A
stop takes the joints from them, failed hardware takes them down, a reset of the
simulation starts them over: in each case they come back where the robot is then, not
where they were. Never called from the real-time thread.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from renxing.actuation.ladder import Rung
from renxing.errors import UnsafeCommandError
from renxing.hardware_interface import State
from renxing.runtime.manager.switching import Strictness

if TYPE_CHECKING:
    from renxing.runtime.core import RealTimeCore

SWITCH_TIMEOUT = 3.0  # [s] for the loop to start or stop all controllers at once


class Stops:
    """The stops of one core.

    Attributes:
        suspended: Controllers that a stop has taken the joints from.
    """

    def __init__(self, core: "RealTimeCore") -> None:
        """Start without a stop."""
        self._core = core
        self._asked: set[str] = set()
        self.suspended: tuple[str, ...] = ()

    def stop(self, rung: Rung, cause: str) -> None:
        """Go down the ladder, and take the joints from their controllers.

        Args:
            rung: At least `hold`.
            cause: In words.
        """
        core = self._core
        self._asked.add(cause)
        core.submit(lambda: core.ladder.ask(rung, cause))
        self.suspend()

    def suspend(self) -> None:
        """Deactivate all controllers that command something, once for each stop."""
        if self.suspended:
            return
        names = self._active(commanding=True)
        self._switch((), names)
        self.suspended = names

    def reset(self) -> str:
        """Go back to the top of the ladder; controllers start from where the robot is.

        Also those start again that failed hardware has taken down.

        Raises:
            UnsafeCommandError: If what caused the stop is not over.
        """
        core = self._core
        if core.ladder.rung is Rung.RUN and not core.ladder.causes:
            return "not stopped"
        self._check()
        taken = self._taken()
        if taken:
            # What they would start from is older than the failure.
            core.submit(core.look)
        names, self.suspended = (*self.suspended, *taken), ()
        problem = self._switch(names, ())
        if problem:
            self.suspended = names
            raise UnsafeCommandError(f"stop not reset: {problem}")
        core.submit(core.ladder.reset)
        core.manager.cycle.taken.clear()
        self._asked.clear()
        return f"running again: {', '.join(names) or 'no controllers'}"

    def start_over(self, place: Callable[[], None]) -> None:
        """Put the robot elsewhere; all controllers start anew from there.

        For simulations. Time stands still meanwhile. A stop that somebody asked for
        remains; what the robot came to by itself, such as a fall, is over.

        Args:
            place: Called in the real-time thread while nobody commands anything.
        """
        core = self._core
        paused = core.paused
        core.submit(lambda: setattr(core, "paused", True))
        try:
            commanding = (*self.suspended, *self._active(commanding=True))
            names = (*self.suspended, *self._active(), *self._taken())
            self._switch((), self._active())
            core.submit(lambda: self._move(place))
            stopped = bool(core.ladder.causes)
            self.suspended = commanding if stopped else ()
            core.manager.cycle.taken.clear()
            problem = self._switch([n for n in names if n not in self.suspended], ())
            if problem:
                core.manager.events.error("reset", problem)
        finally:
            core.submit(lambda: setattr(core, "paused", paused))

    def _move(self, place: Callable[[], None]) -> None:
        core = self._core
        place()
        causes = core.ladder.causes.items()
        asked = {cause: rung for cause, rung in causes if cause in self._asked}
        core.ladder.reset()
        for cause, rung in asked.items():
            core.ladder.ask(rung, cause)
        core.guard.reset()
        # The ladder would hold the torque of the place that was left.
        core.guard.torque[:] = 0.0
        core.look()

    def _check(self) -> None:
        """Raise if the robot cannot run.

        Raises:
            UnsafeCommandError: Says why.
        """
        core = self._core
        if core.blind:
            raise UnsafeCommandError("stop cannot be reset: there is no attitude")
        if core.fallen:
            raise UnsafeCommandError("stop cannot be reset: the robot has fallen")
        broken = [
            component.name
            for component in core.manager.resources.components
            if component.state is not State.ACTIVE
        ]
        if broken:
            raise UnsafeCommandError(
                f"stop cannot be reset: hardware {', '.join(broken)} is not active"
            )

    def _active(self, *, commanding: bool = False) -> tuple[str, ...]:
        return tuple(
            spec.name
            for spec in self._core.manager.loader.all()
            if spec.active and (spec.claimed or not commanding)
        )

    def _taken(self) -> tuple[str, ...]:
        """Return what failed hardware has taken down and nobody has touched since."""
        specs = self._core.manager.loader.specs
        return tuple(
            name
            for name in self._core.manager.cycle.taken.copy()
            if name in specs
            and specs[name].state is State.INACTIVE
            and name not in self.suspended
        )

    def _switch(self, activate: Sequence[str], deactivate: Sequence[str]) -> str:
        """Switch what can be switched; return what did not work, or nothing."""
        specs = self._core.manager.loader.specs
        # Somebody may have unloaded or started one of them since.
        activate = [
            name
            for name in activate
            if name in specs and specs[name].state is State.INACTIVE
        ]
        if not activate and not deactivate:
            return ""
        answer = self._core.manager.switch_controller(
            activate,
            deactivate,
            Strictness.BEST_EFFORT,
            activate_asap=True,
            timeout=SWITCH_TIMEOUT,
        )
        return "" if answer.ok else answer.message
