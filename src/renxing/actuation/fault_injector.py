# SPDX-License-Identifier: Apache-2.0
"""Faults on purpose, in front of any hardware.

In: what a component reads, what it is commanded.  Out: the same, or a broken version.

`FaultInjector` wraps a component and stands between it and the controller manager; the
component keeps arrays of its own, so a fault cannot leak into it. Without faults a
cycle costs two copies. Same faults, seeds and periods: same values.
"""

from collections.abc import Sequence

from renxing.actuation.fault_effects import Effect, Off, make_effect
from renxing.actuation.faults import WHOLE, Fault, Faults, InjectedFault
from renxing.hardware_interface import HardwareComponent, Result, Return


class FaultInjector(HardwareComponent):
    """A component with faults in front of it.

    Attributes:
        inner: The component itself.
        faults: What is broken.
    """

    def __init__(self, inner: HardwareComponent, faults: Faults | None = None) -> None:
        """Wrap a component.

        Args:
            inner: The component.
            faults: A list that somebody else advances; without one it has its own,
                which every read advances.
        """
        super().__init__(inner.info)
        self.inner = inner
        self.faults = faults if faults is not None else Faults()
        self._own = faults is None
        self._version = -1
        self._out = False
        self._states: list[Effect] = []
        self._commands: list[Effect] = []
        self._effects: dict[int, Effect] = {}

    def state_names(self) -> Sequence[str]:
        """Return those of the component."""
        return self.inner.state_names()

    def command_names(self) -> Sequence[str]:
        """Return those of the component."""
        return self.inner.command_names()

    def inject(self, fault: Fault) -> int:
        """Break something of this component; see `Faults.inject`."""
        names = self.command_names() if fault.commands else self.state_names()
        if fault.kind in WHOLE:
            names = [*self.state_names(), *self.command_names()]
        return self.faults.inject(fault, names)

    def clear(self, number: int | None = None) -> int:
        """Mend one fault, or all; see `Faults.clear`."""
        return self.faults.clear(number)

    def active(self) -> tuple[InjectedFault, ...]:
        """Return the faults that are not over."""
        return self.faults.active()

    # --- life cycle: the component's own, with its own arrays ----------

    def on_init(self) -> Result:
        """Delegate."""
        return self.inner.on_init()

    def on_configure(self) -> Result:
        """Delegate, after the component has got its values."""
        inner = self.inner
        if inner.state.shape != self.state.shape:
            inner.state = self.state.copy()
        if inner.command.shape != self.command.shape:
            inner.command = self.command.copy()
        return self._step(inner.on_configure())

    def on_activate(self) -> Result:
        """Delegate."""
        self.inner.command[:] = self.command
        return self._step(self.inner.on_activate())

    def on_deactivate(self) -> Result:
        """Delegate."""
        return self._step(self.inner.on_deactivate())

    def on_cleanup(self) -> Result:
        """Delegate."""
        return self._step(self.inner.on_cleanup())

    def on_shutdown(self) -> Result:
        """Delegate."""
        return self.inner.on_shutdown()

    def on_error(self) -> Result:
        """Delegate."""
        return self.inner.on_error()

    def recover(self) -> Result:
        """Delegate."""
        return self.inner.recover()

    def _step(self, result: Result) -> Result:
        # A component may set both in a step, such as its command to where it is.
        self.state[:] = self.inner.state
        self.command[:] = self.inner.command
        return result

    def prepare_command_mode_switch(
        self, start: Sequence[str], stop: Sequence[str]
    ) -> Return:
        """Delegate."""
        return self.inner.prepare_command_mode_switch(start, stop)

    def perform_command_mode_switch(
        self, start: Sequence[str], stop: Sequence[str]
    ) -> Return:
        """Delegate."""
        return self.inner.perform_command_mode_switch(start, stop)

    # --- the cycle ----------

    def read(self, time: float, period: float) -> Return:
        """Let the component read, then break what it has read."""
        if self._own:
            self.faults.advance(period)
        if self._version != self.faults.version:
            self._bind()
        if self._out:
            return Return.ERROR
        result = self.inner.read(time, period)
        self.state[:] = self.inner.state
        for effect in self._states:
            effect.apply(self.state, period)
        return result

    def write(self, time: float, period: float) -> Return:
        """Break the command, then let the component obey it."""
        if self._out:
            return Return.OK
        self.inner.command[:] = self.command
        for effect in self._commands:
            effect.apply(self.inner.command, period)
        return self.inner.write(time, period)

    def _bind(self) -> None:
        """Find what the running faults are about; those that go on keep their state."""
        self._version = self.faults.version
        states, commands = list(self.state_names()), list(self.command_names())
        every = [*states, *commands]
        before, self._effects = self._effects, {}
        self._states, self._commands, self._out = [], [], False
        for number, fault in self.faults.running:
            on_commands = fault.commands or fault.kind == "off"
            whole = fault.kind in WHOLE
            names = every if whole else commands if on_commands else states
            places = fault.find(names)
            if not places:
                continue
            if fault.kind == "outage":
                self._out = True
                continue
            effect = before.get(number)
            if effect is None and fault.kind == "off":
                parts = {every[place].rpartition("/")[0] for place in places}
                effect = Off(commands, parts)
            elif effect is None:
                name = self.info.name
                effect = make_effect(fault.kind, places, fault.value, fault.seed, name)
            self._effects[number] = effect
            (self._commands if on_commands else self._states).append(effect)
