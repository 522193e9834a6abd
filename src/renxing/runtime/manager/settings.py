# SPDX-License-Identifier: Apache-2.0
"""The parameters of the controller manager that concern what it does."""

from dataclasses import dataclass, field

from renxing.errors import ConfigError
from renxing.runtime.manager.initial_states import InitialStates
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.switching import Strictness

_STRICTNESS = {
    "strict": Strictness.STRICT,
    "best_effort": Strictness.BEST_EFFORT,
    "auto": Strictness.AUTO,
    "force_auto": Strictness.FORCE_AUTO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerSettings:
    """What can be set; names and defaults are those of ros2_control (Jazzy).

    Attributes:
        update_rate: Of the loop [Hz].
        strictness: Of a switch that does not say.
        allow_inactive: `allow_controller_activation_with_inactive_hardware`.
        stop_on_rest: `deactivate_controllers_on_hardware_self_deactivate`.
        initial: First states of the hardware.
        namespace: Of the manager; parameter files may name it.
    """

    update_rate: int = 100
    strictness: Strictness = Strictness.BEST_EFFORT
    allow_inactive: bool = False
    stop_on_rest: bool = True
    initial: InitialStates = field(default_factory=InitialStates)
    namespace: str = "/"

    def __post_init__(self) -> None:
        """Check the rate."""
        if self.update_rate < 1:
            raise ConfigError(f"update_rate: {self.update_rate} Hz; at least 1 wanted")


def read_settings(parameters: ParameterStore, namespace: str = "/") -> ManagerSettings:
    """Return the settings that the manager's parameters hold.

    Raises:
        ConfigError: If one has the wrong type or value.
    """
    strictness = parameters.text("defaults.switch_controller.strictness", "best_effort")
    if strictness not in _STRICTNESS:
        known = ", ".join(_STRICTNESS)
        raise ConfigError(
            f"parameter 'defaults.switch_controller.strictness': '{strictness}'; "
            f"allowed are {known}"
        )
    initial = "hardware_components_initial_state"
    return ManagerSettings(
        update_rate=int(parameters.number("update_rate", 100.0)),
        strictness=_STRICTNESS[strictness],
        allow_inactive=parameters.truth(
            "defaults.allow_controller_activation_with_inactive_hardware", False
        ),
        stop_on_rest=parameters.truth(
            "defaults.deactivate_controllers_on_hardware_self_deactivate", True
        ),
        initial=InitialStates(
            unconfigured=parameters.texts(f"{initial}.unconfigured"),
            inactive=parameters.texts(f"{initial}.inactive"),
            shutdown_on_failure=parameters.truth(
                f"{initial}.shutdown_on_initial_state_failure", True
            ),
        ),
        namespace=namespace,
    )
