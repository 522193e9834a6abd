# SPDX-License-Identifier: Apache-2.0
"""Stop the robot and get it going again, with the controllers that it had.

The ladder decides what the drives do; this decides what becomes of the controllers. A
stop takes the joints from them, failed hardware takes them down, a reset of the
simulation starts them over: in each case they come back where the robot is then, not
where they were. Only a controller that balances goes on, where to stand or to sit is
enough.
Never called from the real-time thread.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from renxing.actuation.ladder import Mask, Rung
from renxing.errors import UnsafeCommandError
from renxing.hardware_interface import State
from renxing.runtime.manager.component_states import recover
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.switching import Strictness

if TYPE_CHECKING:
    from renxing.runtime.core import RealTimeCore

SWITCH_TIMEOUT = 3.0  # [s] for the loop to start or stop all controllers at once
RECOVERY_TIME = 1.5  # [s] for hardware to get back what it has lost
POLL = 0.01  # [s] between looks whether it has
SHOWN = 3  # joints that a message names


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

    def stop(self, rung: Rung, cause: str) -> Rung:
        """Go down the ladder, and take the joints from their controllers.

        Args:
            rung: At least `stand`; where nobody balances that means `hold`, and where
                the one that does cannot sit, `sit` means `stand`.
            cause: In words.

        Returns:
            The rung that it came to be.
        """
        core = self._core
        self._asked.add(cause)
        balancer = self._balancer() if rung.balanced else None
        if rung.balanced and balancer is None:
            rung = Rung.HOLD
        elif balancer is not None and not balancer.controller.sits:
            rung = Rung.STAND
        joints = None if balancer is None else self._joints_of(balancer)

        def ask() -> None:
            core.ladder.ask(rung, cause)
            if balancer is not None:
                core.gate.balancer = balancer
                core.ladder.balancing[:] = joints
                balancer.controller.stand(True)
                if rung is Rung.SIT:
                    balancer.controller.sit(True)

        core.submit(ask)
        self.suspend()
        return rung

    def suspend(self) -> None:
        """Deactivate all controllers that command something, once for each stop.

        One that balances loses its joints when to stand or sit is no longer enough.
        """
        core, balancer = self._core, self._core.gate.balancer
        if core.ladder.asked.balanced and balancer is not None:
            if self.suspended:
                return
            names = [n for n in self._active(commanding=True) if n != balancer.name]
        elif self.suspended and balancer is None:
            return
        else:
            names = list(self._active(commanding=True))
            core.gate.balancer = None
        self._switch((), names)
        # Somebody may have started one again meanwhile.
        self.suspended = tuple(dict.fromkeys((*self.suspended, *names)))

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
        self._recover()
        self.suspend()
        balancer = core.gate.balancer
        taken = self._taken()
        if taken:
            # What they would start from is older than the failure.
            core.submit(core.look)
        names, self.suspended = (*self.suspended, *taken), ()
        problem = self._switch(names, ())
        if problem:
            self.suspended = names
            raise UnsafeCommandError(f"stop not reset: {problem}")
        core.submit(self._release)
        core.manager.cycle.taken.clear()
        self._asked.clear()
        if balancer is not None:
            names = (balancer.name, *names)
        return f"running again: {', '.join(names) or 'no controllers'}"

    def _release(self) -> None:
        core = self._core
        core.ladder.reset()
        balancer, core.gate.balancer = core.gate.balancer, None
        if balancer is not None:
            if balancer.controller.sits:
                balancer.controller.sit(False)
            balancer.controller.stand(False)

    def _balancer(self) -> ControllerSpec | None:
        """Return the active controller that commands joints and balances, if any."""
        for spec in self._core.manager.loader.all():
            if spec.active and spec.controller.balances and self._joints_of(spec).any():
                return spec
        return None

    def _joints_of(self, spec: ControllerSpec) -> Mask:
        """Return which joints a controller commands, shape (n,)."""
        parts = {name.partition("/")[0] for name in spec.claimed}
        return np.array([joint in parts for joint in self._core.robot.joints])

    def start_over(self, place: Callable[[], None]) -> None:
        """Put the robot elsewhere; all controllers start anew from there.

        For simulations. Time stands still meanwhile. A stop that somebody asked for
        remains, as `hold` if somebody balanced; what the robot came to by itself, such
        as a fall, is over.

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
        # Whoever balanced does not know the place: it starts anew at the reset.
        core.gate.balancer = None
        for cause, rung in asked.items():
            core.ladder.ask(max(rung, Rung.HOLD), cause)
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
        side = core.lies
        if side:
            raise UnsafeCommandError(
                "stop cannot be reset: the robot has fallen and lies on its "
                f"{side}: lift it, then reset"
            )
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

    def _recover(self) -> None:
        """Get joints back that are not seen, as far as their hardware can.

        Raises:
            UnsafeCommandError: If one is still not seen.
        """
        core = self._core
        if not core.gate.unseen:
            return
        recover(core.manager.resources)
        core.submit(core.look)
        end = time.monotonic() + RECOVERY_TIME
        while core.threaded and core.gate.unseen and time.monotonic() < end:
            time.sleep(POLL)
        unseen = core.gate.unseen
        if unseen:
            more = f" and {len(unseen) - SHOWN} more" if len(unseen) > SHOWN else ""
            raise UnsafeCommandError(
                "stop cannot be reset: no state of "
                f"{', '.join(unseen[:SHOWN])}{more}; has its drive power?"
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
