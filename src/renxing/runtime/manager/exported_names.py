# SPDX-License-Identifier: Apache-2.0
"""The interfaces that hardware exports must be those of the robot description."""

from renxing.errors import ConfigError
from renxing.hardware_interface import ALIASES, HardwareComponent

Names = tuple[str, ...]


def standard_name(name: str) -> str:
    """Return `part/interface` with the interface's standard name."""
    part, slash, interface = name.rpartition("/")
    return f"{part}{slash}{ALIASES.get(interface, interface)}"


def exported_names(hardware: HardwareComponent) -> tuple[Names, Names]:
    """Return the names of a component's state and command values, in its own order.

    Raises:
        ConfigError: If they are not those that the description names.
    """
    info = hardware.info
    base = HardwareComponent(info)
    found = []
    for kind, names, wanted in (
        ("state", hardware.state_names(), base.state_names()),
        ("command", hardware.command_names(), base.command_names()),
    ):
        have = tuple(n if n in wanted else standard_name(n) for n in names)
        missing = sorted(set(wanted) - set(have))
        extra = sorted(set(have) - set(wanted))
        repeated = "" if len(have) == len(set(have)) else ", some more than once"
        if missing or extra or repeated:
            raise ConfigError(
                f"component '{info.name}': discrepancy between robot description and "
                f"exported {kind} interfaces: missing {missing}, not in the "
                f"description {extra}{repeated}"
            )
        found.append(have)
    return found[0], found[1]
