# SPDX-License-Identifier: Apache-2.0
"""Load, configure, clean up and unload controllers: all but their activation."""

from contextlib import suppress

from renxing.errors import ConfigError
from renxing.hardware_interface import State
from renxing.runtime.manager.answers import Answer
from renxing.runtime.manager.chains import update_order
from renxing.runtime.manager.controller_spec import ControllerSpec, names_of
from renxing.runtime.manager.events import Events
from renxing.runtime.manager.interfaces import Interfaces
from renxing.runtime.manager.loader import Loader
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.switcher import Switcher


class Roster:
    """The loaded controllers."""

    def __init__(
        self,
        loader: Loader,
        interfaces: Interfaces,
        switcher: Switcher,
        events: Events,
        update_rate: int,
    ) -> None:
        """Start empty."""
        self._loader = loader
        self._specs = loader.specs
        self._interfaces = interfaces
        self._switcher = switcher
        self._events = events
        self._update_rate = update_rate

    def load(self, name: str, kind: str = "") -> Answer:
        """Make a controller; its type comes from the parameter `<name>.type`.

        Args:
            name: Its own.
            kind: Its type, if not from the parameter.
        """
        try:
            self._loader.load(name, kind)
        except ConfigError as error:
            return self._refuse(name, f"not loaded: {error}")
        self._reorder()
        return self._done(name, "loaded")

    def configure(self, name: str) -> Answer:
        """Configure a controller; an inactive one is cleaned up before."""
        spec = self._specs.get(name)
        if spec is None:
            return self._refuse(name, "not configured: no controller of this name")
        if spec.state in (State.ACTIVE, State.FINALIZED):
            why = f"can not be configured from '{spec.state.label}' state"
            return self._refuse(name, why)
        if spec.state is State.INACTIVE:
            answer = self.cleanup(name)
            if not answer.ok:
                return answer
        self._interfaces.withdraw(spec)
        why = self._configure(spec)
        if why:
            if spec.state is State.INACTIVE:
                spec.cleanup()
                spec.state = State.UNCONFIGURED  # it cannot be used, whatever it says
            self._interfaces.withdraw(spec)
        self._rebind()
        self._reorder()
        if why:
            return self._refuse(name, f"not configured: {why}")
        return self._done(name, "configured")

    def _configure(self, spec: ControllerSpec) -> str:
        try:
            self._loader.renew(spec)
            why = spec.configure()
            if why:
                return why
            rate = ParameterStore(spec.controller.info.parameters)
            warning = spec.set_rate(rate.number("update_rate", 0.0), self._update_rate)
            self._interfaces.export(spec)
            self._interfaces.bind(spec)
            self._rebind()
            update_order(self._loader.all())
        except ConfigError as error:
            return str(error)
        except Exception as error:  # the controller's own lists of names
            return f"{type(error).__name__}: {error}"
        if warning:
            self._events.warn(spec.name, warning)
        if spec.controller.info.parameters.get("is_async"):
            self._events.warn(spec.name, "is_async: runs in the loop all the same")
        return ""

    def cleanup(self, name: str) -> Answer:
        """Bring an inactive controller back to unconfigured."""
        spec = self._specs.get(name)
        if spec is None:
            return self._refuse(name, "not cleaned up: no controller of this name")
        if spec.state is State.UNCONFIGURED:
            return Answer(ok=True)
        why = "" if spec.state is State.INACTIVE else f"it is {spec.state.label}"
        why = why or self._leaning_on(spec) or spec.cleanup()
        if spec.state is not State.INACTIVE and not spec.active:
            self._interfaces.withdraw(spec)
            self._rebind()
            self._reorder()
        if why:
            return self._refuse(name, f"not cleaned up: {why}")
        return self._done(name, "cleaned up")

    def unload(self, name: str) -> Answer:
        """Forget a controller that is not active."""
        spec = self._specs.get(name)
        if spec is None:
            return self._refuse(name, "not unloaded: no controller of this name")
        if spec.active:
            return self._refuse(name, "not unloaded: it is still active")
        why = self._leaning_on(spec)
        if why:
            return self._refuse(name, f"not unloaded: {why}")
        if spec.state is State.INACTIVE:
            answer = self.cleanup(name)
            if not answer.ok:
                return answer
        del self._specs[name]
        self._interfaces.withdraw(spec)
        self._rebind()
        self._reorder()
        return self._done(name, "unloaded")

    def _leaning_on(self, spec: ControllerSpec) -> str:
        users = [
            other
            for other in self._loader.all()
            if other.active and spec.name in other.fallbacks
        ]
        return (
            f"it is a fallback of {names_of(users)}, which is active" if users else ""
        )

    def _rebind(self) -> None:
        """Renew what inactive controllers can have: somebody's interfaces changed."""
        for spec in self._loader.all():
            if spec.state is State.INACTIVE:
                with suppress(Exception):  # said when it shall be activated
                    self._interfaces.bind(spec)

    def _reorder(self) -> None:
        self._switcher.order = update_order(self._loader.all())
        self._switcher.stale = True

    def reload(self) -> Answer:
        """Unload all controllers, none of them active, and read their code anew."""
        for name in list(self._specs):
            answer = self.unload(name)
            if not answer.ok:
                return answer
        try:
            self._loader.plugins.reload()
        except ConfigError as error:
            return self._refuse("controllers", str(error))
        return self._done("controllers", "their code is read anew")

    def _done(self, name: str, what: str) -> Answer:
        self._events.info(name, what)
        self._events.changed()
        return Answer(ok=True)

    def _refuse(self, name: str, why: str) -> Answer:
        self._events.error(name, why)
        return Answer(ok=False, message=f"{name}: {why}")
