# SPDX-License-Identifier: Apache-2.0
"""What speaks against a request to switch controllers."""

from collections.abc import Collection, Mapping

from renxing.errors import ConfigError
from renxing.hardware_interface import State
from renxing.runtime.manager.chains import with_dependents
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.interfaces import Interfaces

Specs = dict[ControllerSpec, None]  # an ordered set


class SwitchChecks:
    """The lists of a request, and what speaks against them.

    Attributes:
        starting: Controllers to activate; those that cannot be are taken out.
        stopping: Controllers to deactivate.
    """

    def __init__(
        self,
        interfaces: Interfaces,
        specs: Mapping[str, ControllerSpec],
        starting: Specs,
        stopping: Specs,
    ) -> None:
        """Take the lists of a request.

        Args:
            interfaces: Of all hardware and controllers.
            specs: All loaded controllers by name.
            starting: To be activated.
            stopping: To be deactivated.
        """
        self._interfaces = interfaces
        self._specs = specs
        self.starting = starting
        self.stopping = stopping
        self._unbound: dict[ControllerSpec, str] = {}

    def bind(self) -> None:
        """Find out what the controllers to activate want."""
        self._unbound.clear()
        gone = self.stopping.keys() - self.starting.keys()
        for spec in self.starting:
            if spec.state not in (State.INACTIVE, State.ACTIVE):
                continue
            if spec.active and spec not in self.stopping:
                continue
            try:
                self._interfaces.bind(spec, self.starting, gone)
            except Exception as error:
                self._unbound[spec] = (
                    str(error)
                    if isinstance(error, ConfigError)
                    else f"{spec.name}: {type(error).__name__}: {error}"
                )

    def extend(self, *, force: bool) -> None:
        """Add what else has to start and stop."""
        queue = list(self.starting)
        while queue:
            spec = queue.pop()
            for need in spec.needs:
                if not need.active and need not in self.starting:
                    self.starting[need] = None
                    queue.append(need)
                    self.bind()
        if force:
            for spec in list(self.starting):
                for name in spec.command_names:
                    owner = self._interfaces.claims.get(name)
                    if owner is not None and owner not in self.starting:
                        self.stopping[owner] = None
        stopped = [spec for spec in self.stopping if spec.active]
        for spec in with_dependents(stopped, self._specs.values()):
            if spec not in self.starting:
                self.stopping[spec] = None
        self.bind()

    def first_problem(self) -> tuple[ControllerSpec, Specs, str] | None:
        """Return a controller that cannot be switched, its list, and why."""
        for spec in self.starting:
            why = self._against_start(spec)
            if why:
                return spec, self.starting, why
        for spec in self.stopping:
            why = self._against_stop(spec)
            if why:
                return spec, self.stopping, why
        return None

    def _against_start(self, spec: ControllerSpec) -> str:
        if spec.active and spec not in self.stopping:
            return f"Controller with name '{spec.name}' is already active."
        if spec.state not in (State.INACTIVE, State.ACTIVE):
            return (
                f"Controller with name '{spec.name}' is in '{spec.state.label}' state. "
                "It needs to be configured to be in 'inactive' state before it can be "
                "activated."
            )
        if spec in self._unbound:
            return self._unbound[spec]
        for name in spec.missing:
            other = self._specs.get(name.partition("/")[0])
            if other is not None:
                return (
                    f"Controller '{spec.name}': the following controller with name "
                    f"'{other.name}' is {other.state.label} and has no '{name}'."
                )
        for need in spec.needs:
            if need in self.starting:
                continue
            if not need.active:
                return (
                    f"Controller '{spec.name}': the following controller with name "
                    f"'{need.name}' is currently {need.state.label} and it is not "
                    "requested to be activated."
                )
            if need in self.stopping:
                return (
                    f"Controller '{spec.name}': the following controller with name "
                    f"'{need.name}' is currently active but it is requested to be "
                    "deactivated."
                )
        return self._against_fallbacks(spec)

    def _against_fallbacks(self, spec: ControllerSpec) -> str:
        also = [self._specs[name] for name in spec.fallbacks if name in self._specs]
        for name in spec.fallbacks:
            other = self._specs.get(name)
            start = f"Controller '{spec.name}': its fallback controller '{name}'"
            if other is None:
                return f"{start} is not loaded."
            if other.state not in (State.INACTIVE, State.ACTIVE):
                return f"{start} is {other.state.label}; it needs to be configured."
            if not other.active and other not in self.starting:
                try:
                    self._interfaces.bind(other, also)
                except ConfigError as error:
                    return f"{start}: {error}"
            for kind, names in (
                ("command", other.command_names),
                ("state", other.state_names),
            ):
                for interface in names:
                    if not self._interfaces.is_available(kind, interface, also):
                        return (
                            f"{start} needs the {kind} interface '{interface}', which "
                            "is not available."
                        )
        return ""

    def _against_stop(self, spec: ControllerSpec) -> str:
        if not spec.active:
            return (
                f"Controller with name '{spec.name}' can not be deactivated since it "
                "is not active."
            )
        for other in self._specs.values():
            if spec not in other.needs:
                continue
            if other.active and other not in self.stopping:
                return (
                    f"Unable to deactivate controller with name '{spec.name}' because "
                    f"preceding controller with name '{other.name}' is currently "
                    "active and will not be deactivated."
                )
            if other in self.starting and spec not in self.starting:
                return (
                    f"Unable to deactivate controller with name '{spec.name}' because "
                    f"preceding controller with name '{other.name}' will be activated."
                )
        return ""

    def availability(
        self,
        activate: Collection[ControllerSpec],
        deactivate: Collection[ControllerSpec],
    ) -> str:
        """Return which interface the activations cannot have, or nothing."""
        used: dict[str, ControllerSpec] = {}
        for spec in activate:
            start = f"Unable to activate controller '{spec.name}' since the "
            for name in spec.command_names:
                what = f"{start}command interface '{name}' "
                if not self._interfaces.is_available("command", name, activate):
                    return f"{what}is not available."
                owner = self._interfaces.claims.get(name)
                if owner is not None and owner not in deactivate:
                    return f"{what}is currently claimed by '{owner.name}'."
                if name in used:
                    return f"{what}will be used by '{used[name].name}'."
                used[name] = spec
            for name in spec.state_names:
                if not self._interfaces.is_available("state", name, activate):
                    return f"{start}state interface '{name}' is not available."
        return ""
