# SPDX-License-Identifier: Apache-2.0
"""Carry out switches of controllers, and force them when something has failed.

Runs in the loop, or in another thread while the loop leaves the controllers alone.
"""

from collections.abc import Collection, Iterable, Sequence

from renxing.hardware_interface import State
from renxing.runtime.manager.chains import with_dependents
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.events import Events
from renxing.runtime.manager.interfaces import Interfaces
from renxing.runtime.manager.switching import Plan, complete_plan


class Switcher:
    """Activates and deactivates controllers.

    Attributes:
        order: All loaded controllers in the order of their updates; replaced as a
            whole.
        stale: Set when activity or order has changed.
        torn: Set when the loop shall look whether all chains are whole.
        generation: Counts the switches; a plan made before the last one is outdated.
        doomed: Controllers to stop as soon as the other thread is done with them.
        allow_inactive: Whether controllers may command inactive hardware.
    """

    def __init__(
        self, interfaces: Interfaces, events: Events, *, allow_inactive: bool
    ) -> None:
        """Start without controllers."""
        self.interfaces = interfaces
        self.resources = interfaces.resources
        self.events = events
        self.allow_inactive = allow_inactive
        self.order: tuple[ControllerSpec, ...] = ()
        self.stale = False
        self.torn = False
        self.generation = 0
        self.doomed: set[ControllerSpec] = set()

    def stop(
        self,
        specs: Collection[ControllerSpec],
        why: str,
        instead: Iterable[ControllerSpec] = (),
    ) -> None:
        """Deactivate controllers at once and activate others, whatever happens.

        Args:
            specs: With all that depend on them.
            why: For the log.
            instead: Strictly: all of them or none.
        """
        # Another thread has its hands on these; their turn comes when it is done.
        self.doomed |= {spec for spec in specs if spec.switching}
        now = [spec for spec in specs if not spec.switching]
        plan = complete_plan(self.order, instead, now, strict=True)
        if not plan.deactivate and not plan.activate:
            return
        for spec in now:
            self.events.error(spec.name, f"deactivated: {why}")
        problem = self.resources.prepare_switch(
            plan.start, plan.stop, allow_inactive=self.allow_inactive, wait=False
        )
        if problem:
            self.events.error("cycle", f"mode switch: {problem}")
        self.execute(plan, forced=True)

    def execute(
        self,
        plan: Plan,
        *,
        forced: bool = False,
        wait: bool = False,
        alone: bool = True,
    ) -> str:
        """Do a switch.

        Args:
            plan: What to do.
            forced: Whether to go on if hardware refuses to switch.
            wait: Whether to wait for hardware that is busy; not in the loop.
            alone: Whether no other thread runs the loop meanwhile.

        Returns:
            What did not work, or nothing.
        """
        why = self.resources.perform_switch(plan.start, plan.stop, wait=wait)
        if why:
            self.events.error("cycle", f"mode switch: {why}")
            if not forced:
                return why
        self.generation += 1
        self._deactivate(plan.deactivate)
        problems = self._activate(plan, wait=wait)
        if problems and plan.strict and not forced:
            # A strict switch that fails changes nothing: what ran before runs again.
            gone = [spec for spec in plan.deactivate if not spec.active]
            back = complete_plan(self.order, gone[::-1], (), strict=False)
            self._switch_hardware(back.start, back.stop, wait=wait)
            self._deactivate(back.deactivate)
            problems += self._activate(back, wait=wait)
        if problems and alone:
            self.mend_chains()
        elif problems:
            self.torn = True
        self.interfaces.forget_commands((*plan.stop, *plan.start))
        self.stale = True
        self.events.changed()
        return "\n".join(problems)

    def mend_chains(self) -> None:
        """Start those over that are chained but have lost who writes to them."""
        self.torn = False
        plan = complete_plan(self.order, (), (), strict=False)
        self._deactivate(plan.deactivate)
        self._activate(plan, wait=False)
        self.stale = True

    def _deactivate(self, specs: Iterable[ControllerSpec]) -> None:
        for spec in specs:
            if spec.active:
                why = spec.deactivate()
                if why:
                    self.events.error(spec.name, why)
            self.interfaces.release(spec)

    def _activate(self, plan: Plan, *, wait: bool) -> list[str]:
        problems: list[str] = []
        failed: list[ControllerSpec] = []
        for spec in plan.activate:
            why = self._obstacle(spec) or self.interfaces.claim(spec)
            if not why:
                spec.controller.chained = spec in plan.chained
                why = spec.activate()
                if why:
                    self.interfaces.release(spec)
                    spec.controller.chained = False
            if why:
                self.events.error(spec.name, f"not activated: {why}")
                problems.append(f"{spec.name}: {why}")
                failed.append(spec)
        if failed and plan.strict:
            undone = [
                spec
                for spec in plan.activate[::-1]
                if spec.active and spec not in plan.deactivate
            ]
            self._deactivate(undone)
            failed += undone
        names = [name for spec in failed for name in spec.command_names]
        if names:
            self._switch_hardware((), names, wait=wait)
        return problems

    def _switch_hardware(
        self, start: Sequence[str], stop: Sequence[str], *, wait: bool
    ) -> None:
        why = self.resources.prepare_switch(
            start, stop, allow_inactive=self.allow_inactive, wait=wait
        )
        why = why or self.resources.perform_switch(start, stop, wait=wait)
        if why:
            self.events.error("cycle", f"mode switch: {why}")

    def _obstacle(self, spec: ControllerSpec) -> str:
        """Return why a controller cannot be activated now, or nothing."""
        if spec.state is not State.INACTIVE:
            return f"it is {spec.state.label}"
        if spec.missing:
            return f"interface '{spec.missing[0]}' is not available"
        for part in spec.command_parts:
            if part.state is not State.ACTIVE and not (
                self.allow_inactive and part.available
            ):
                return f"hardware '{part.name}' is {part.state.label}"
        for part in spec.state_parts:
            if not part.available:
                return f"hardware '{part.name}' is {part.state.label}"
        for need in spec.needs:
            if not need.active:
                return f"controller '{need.name}' is {need.state.label}"
        return ""


def users_of(
    specs: Iterable[ControllerSpec],
    components: Collection[str],
    *,
    only_commands: bool = False,
) -> set[ControllerSpec]:
    """Return the active controllers that use components, with their dependents."""
    every = tuple(specs)
    users = {
        spec
        for spec in every
        if spec.active or spec.switching
        for part in (
            spec.command_parts
            if only_commands
            else (*spec.command_parts, *spec.state_parts)
        )
        if part.name in components
    }
    return with_dependents(users, every)
