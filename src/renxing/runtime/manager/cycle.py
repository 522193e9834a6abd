# SPDX-License-Identifier: Apache-2.0
"""The real-time side of the manager: read, update, write, and switches in between.

Nothing that a component or controller does gets out of a cycle: what raises is an
event, and the controllers that depended on it are deactivated. Another thread may hand
in a switch; the loop never waits for it.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection
from time import perf_counter

from renxing.hardware_interface import Return
from renxing.runtime.manager.chains import chain_group, with_dependents
from renxing.runtime.manager.controller_spec import ControllerSpec, names_of
from renxing.runtime.manager.interfaces import Interfaces
from renxing.runtime.manager.pace import Statistics
from renxing.runtime.manager.switcher import Switcher, users_of
from renxing.runtime.manager.switching import Plan

PHASES = ("read_time", "update_time", "switch_time", "write_time", "total_time")


class PendingSwitch:
    """A switch on its way to the loop.

    Attributes:
        plan: What to do.
        generation: Of the switcher when the plan was made.
        asap: Whether the loop does it; else it only makes way for the other thread.
        answered: Set when the loop has done it, has made way or has given it up.
        outdated: Whether the loop gave it up because something failed meanwhile.
        why: What did not work.
    """

    def __init__(self, plan: Plan, generation: int, *, asap: bool) -> None:
        """Nothing is done yet."""
        self.plan = plan
        self.generation = generation
        self.asap = asap
        self.answered = threading.Event()
        self.outdated = False
        self.why = ""


class Cycle:
    """What happens in the loop.

    Attributes:
        switcher: What switches controllers, and knows them all.
        mail: At most one switch that the loop shall take.
        phases: How long the phases take [us].
        periodicity: Of the cycle [Hz].
        taken: Controllers that failed hardware has taken down; whoever starts them
            again clears it.
    """

    def __init__(
        self, interfaces: Interfaces, switcher: Switcher, *, stop_on_rest: bool
    ) -> None:
        """Start without controllers.

        Args:
            interfaces: Of hardware and controllers.
            switcher: What switches controllers.
            stop_on_rest: Whether hardware that deactivates itself stops controllers.
        """
        self.switcher = switcher
        self.mail: deque[PendingSwitch] = deque()
        self.phases = {name: Statistics() for name in PHASES}
        self.periodicity = Statistics()
        self.taken: set[str] = set()
        self._claims = interfaces.claims
        self._resources = interfaces.resources
        self._events = switcher.events
        self._stop_on_rest = stop_on_rest
        self._active: tuple[ControllerSpec, ...] = ()
        self._spent = 0.0

    @property
    def active(self) -> tuple[ControllerSpec, ...]:
        """Controllers that are updated, as the loop knows them."""
        return self._active

    def read(self, time: float, period: float) -> None:
        """Let the hardware fill the states; stop what depends on failed hardware."""
        self._phase("read_time", self._read, time, period)
        if period > 0.0:
            self.periodicity.add(1.0 / period)

    def update(self, time: float, period: float) -> None:
        """Let the controllers compute the commands; do a switch that waits."""
        self._phase("update_time", self._update, time, period)
        if self.mail:
            self._phase("switch_time", self._take_mail, time, period)

    def rest(self, time: float, period: float) -> None:
        """Do a switch that waits, and nothing else: time stands still."""
        if self.mail:
            self._phase("switch_time", self._take_mail, time, period)

    def write(self, time: float, period: float) -> None:
        """Let the hardware obey; stop what depends on failed hardware."""
        self._phase("write_time", self._write, time, period)
        self.phases["total_time"].add(self._spent * 1e6)
        self._spent = 0.0

    def _phase(
        self,
        name: str,
        work: Callable[[float, float], None],
        time: float,
        period: float,
    ) -> None:
        start = perf_counter()
        try:
            work(time, period)
        except Exception as error:  # ours, not theirs: theirs is caught further in
            self._events.error("cycle", f"{name}: {type(error).__name__}: {error}")
        spent = perf_counter() - start
        self._spent += spent
        self.phases[name].add(spent * 1e6)

    def _read(self, time: float, period: float) -> None:
        failed = self._resources.read(time, period)
        if failed:
            self._stop_users(failed, "read")

    def _write(self, time: float, period: float) -> None:
        failed, resting = self._resources.write(time, period)
        if failed:
            self._stop_users(failed, "write")
        if resting and self._stop_on_rest:
            self._stop_users(resting, "deactivating itself", only_commands=True)

    def _stop_users(
        self, components: Collection[str], what: str, *, only_commands: bool = False
    ) -> None:
        users = users_of(self.switcher.order, components, only_commands=only_commands)
        if users:
            self.taken.update(spec.name for spec in users if spec.active)
            why = f"hardware {', '.join(components)} failed in {what}"
            if only_commands:
                why = f"hardware {', '.join(components)} has deactivated itself"
            self.switcher.stop(users, why)

    def _update(self, time: float, period: float) -> None:
        if self.switcher.doomed:
            late = {spec for spec in self.switcher.doomed if not spec.switching}
            self.switcher.doomed -= late
            self.switcher.stop({spec for spec in late if spec.active}, "stopped late")
        if self.switcher.torn:
            self.switcher.mend_chains()
        if self.switcher.stale:
            self.switcher.stale = False
            self._active = tuple(spec for spec in self.switcher.order if spec.active)
        failed: set[ControllerSpec] = set()
        doomed: set[ControllerSpec] = set()
        for spec in self._active:
            if spec.switching or spec in doomed:
                continue
            since = spec.pace.turn(time, period)
            if since is None:
                continue
            if not self._turn(spec, time, since):
                failed.add(spec)
                doomed = chain_group(failed, self._active)
        if doomed:
            self._fall_back(doomed, failed)

    def _turn(self, spec: ControllerSpec, time: float, since: float) -> bool:
        controller = spec.controller
        start = perf_counter()
        try:
            result: object = Return.OK
            if spec.takes_references and not controller.chained:
                result = controller.update_reference_from_inbox(time, since)
            if result is Return.OK:
                result = controller.update(time, since)
        except Exception as error:
            self._events.error(spec.name, f"update: {type(error).__name__}: {error}")
            return False
        spec.timing.add(perf_counter() - start, since)
        if result is Return.OK:
            return True
        shown = result.value if isinstance(result, Return) else repr(result)
        self._events.error(spec.name, f"update: {shown}")
        return False

    def _fall_back(
        self, doomed: set[ControllerSpec], failed: set[ControllerSpec]
    ) -> None:
        by_name = {spec.name: spec for spec in self.switcher.order}
        wanted = dict.fromkeys(name for spec in doomed for name in spec.fallbacks)
        fallbacks = [by_name[name] for name in wanted if name in by_name]
        # One that is active and not part of the failing chain is already doing it; one
        # that has just failed is no help.
        fallbacks = [
            spec
            for spec in fallbacks
            if spec not in failed and (spec in doomed or not spec.active)
        ]
        claims = self._claims
        blocking = {
            claims[name]
            for spec in fallbacks
            for name in spec.command_names
            if name in claims
        }
        gone = with_dependents(doomed | blocking, self.switcher.order)
        why = f"update of {names_of(tuple(failed))} failed"
        self.switcher.stop(gone, why, fallbacks)

    def _take_mail(self, _time: float, _period: float) -> None:
        try:
            pending = self.mail.popleft()
        except IndexError:  # withdrawn just now
            return
        try:
            if pending.generation != self.switcher.generation:
                pending.outdated = True
            elif pending.asap:
                pending.why = self.switcher.execute(pending.plan)
            else:
                for spec in (*pending.plan.activate, *pending.plan.deactivate):
                    spec.switching = True
        finally:
            pending.answered.set()
