# SPDX-License-Identifier: Apache-2.0
"""Take requests to switch controllers to the loop and back with an answer."""

from collections.abc import Collection, Mapping, Sequence

from renxing.runtime.manager.answers import Answer
from renxing.runtime.manager.controller_spec import ControllerSpec, names_of
from renxing.runtime.manager.cycle import Cycle, PendingSwitch
from renxing.runtime.manager.events import Events
from renxing.runtime.manager.interfaces import Interfaces
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.manager.switcher import Switcher
from renxing.runtime.manager.switching import (
    Plan,
    Strictness,
    complete_plan,
    plan_switch,
)

TIMEOUT = 1.0  # [s] of a switch that does not say
TRIES = 3  # a plan is outdated when something fails between planning and doing


class SwitchRequests:
    """The way of a switch from its request to its answer.

    Attributes:
        threaded: Whether the cycle runs in another thread, which then does the switch.
    """

    def __init__(
        self,
        cycle: Cycle,
        interfaces: Interfaces,
        specs: Mapping[str, ControllerSpec],
        settings: ManagerSettings,
        *,
        threaded: bool,
    ) -> None:
        """Keep what is needed."""
        self.threaded = threaded
        self._cycle = cycle
        self._switcher: Switcher = cycle.switcher
        self._interfaces = interfaces
        self._resources = interfaces.resources
        self._specs = specs
        self._settings = settings
        self._events: Events = cycle.switcher.events

    def switch(
        self,
        activate: Sequence[str],
        deactivate: Sequence[str],
        strictness: int = Strictness.DEFAULT,
        *,
        activate_asap: bool = True,
        timeout: float = 0.0,
    ) -> Answer:
        """Activate and deactivate controllers within one cycle.

        Args:
            activate: Names.
            deactivate: Names.
            strictness: A `Strictness`.
            activate_asap: Whether the real-time thread does it; else it leaves these
                controllers alone while this thread does it.
            timeout: Of the wait for the real-time thread [s]; 0 is a second.
        """
        try:
            how = Strictness(strictness)
        except ValueError:
            return Answer(ok=False, message=f"strictness {strictness} is unknown")
        if how is Strictness.DEFAULT:
            how = self._settings.strictness
        for _ in range(TRIES):
            generation = self._switcher.generation
            plan = plan_switch(self._interfaces, self._specs, activate, deactivate, how)
            if isinstance(plan, Answer):
                return plan
            why = self._resources.prepare_switch(
                plan.start, plan.stop, allow_inactive=self._settings.allow_inactive
            )
            if why:
                return self._failed(f"mode switch was rejected: {why}")
            done = self._submit(plan, generation, activate_asap, timeout or TIMEOUT)
            if done is not None:
                return self._result(plan, done)
        return self._failed("controllers kept changing meanwhile; ask again")

    def _submit(
        self, plan: Plan, generation: int, asap: bool, timeout: float
    ) -> str | None:
        """Have a plan done; return what did not work, or None if it was outdated."""
        if not self.threaded:
            return self._switcher.execute(plan, wait=True)
        pending = PendingSwitch(plan, generation, asap=asap)
        self._cycle.mail.append(pending)
        if not pending.answered.wait(timeout):
            try:
                self._cycle.mail.popleft()
            except IndexError:  # just taken: it will be done, so wait for the end
                pending.answered.wait(timeout)
            if not pending.answered.is_set():
                return f"Switch controller timed out after {timeout:g} seconds!"
        if pending.outdated:
            return None
        if asap:
            return pending.why
        try:
            return self._switcher.execute(plan, wait=True, alone=False)
        finally:
            for spec in (*plan.activate, *plan.deactivate):
                spec.switching = False
            self._switcher.stale = True

    def _failed(self, why: str) -> Answer:
        self._events.error("switch", why)
        return Answer(ok=False, message=f"Could not switch controllers since {why}")

    def _result(self, plan: Plan, why: str) -> Answer:
        if why:
            lines = ["Failed switching controllers....", why]
            left = [spec for spec in plan.activate if not spec.active]
            if left:
                lines.append(f"Unable to activate controllers: [ {names_of(left)} ]")
            self._events.error("switch", " ".join(lines[1:]))
            return Answer(ok=False, message="\n".join(lines))
        lines = ["Successfully switched controllers!"]
        if plan.deactivate:
            lines.append(f"Deactivated controllers: [ {names_of(plan.deactivate)} ]")
        if plan.activate:
            lines.append(f"Activated controllers: [ {names_of(plan.activate)} ]")
        self._events.info("switch", " ".join(lines[1:]))
        return Answer(ok=True, message="\n".join([*lines, *plan.notes]))

    def stop(self, specs: Collection[ControllerSpec]) -> str:
        """Deactivate controllers, with what has to start over for it.

        Returns:
            What did not work, or nothing.
        """
        for _ in range(TRIES):
            generation = self._switcher.generation
            plan = complete_plan(
                self._switcher.order,
                (),
                [spec for spec in specs if spec.active],
                strict=False,
            )
            if not plan.deactivate:
                return ""
            why = self._resources.prepare_switch(plan.start, plan.stop)
            if why:
                return why
            self._events.warn("switch", f"stops {names_of(plan.deactivate)}")
            done = self._submit(plan, generation, True, TIMEOUT)
            if done is not None:
                return done
        return "controllers kept changing meanwhile"
