# SPDX-License-Identifier: Apache-2.0
"""Checks of names, life cycle and failures. Each returns what it measured."""

from collections.abc import Callable

import numpy as np

from renxing.errors import ConfigError
from renxing.hardware_interface import EFFORT, POSITION, VELOCITY, Return, State
from renxing.runtime.conformance.bench import Bench, Nonconforming
from renxing.runtime.conformance.rig import Rig
from renxing.runtime.manager.life_cycle import (
    ACTIVATE,
    CLEANUP,
    CONFIGURE,
    DEACTIVATE,
    SHUTDOWN,
)


def names(bench: Bench) -> str:
    """Exported interfaces are those of the description, and serve every joint."""
    with Rig(bench.backend) as rig:
        for component in rig.resources.components:
            if component.state is not State.UNCONFIGURED:
                said = "; ".join(event.message for event in rig.resources.events.take())
                raise Nonconforming(f"component '{component.name}': {said}")
        index = rig.resources
        for joint in bench.robot.joints:
            for kind in (POSITION, VELOCITY, EFFORT):
                if f"{joint}/{kind}" not in index.state_index:
                    raise ConfigError(f"no state interface {joint}/{kind}")
            if f"{joint}/{POSITION}" not in index.command_index:
                raise ConfigError(f"no command interface {joint}/{POSITION}")
        return f"{len(index.state_index)} states, {len(index.command_index)} commands"


def life_cycle(bench: Bench) -> str:
    """Configure, activate, deactivate, clean up, twice; then shut down."""
    steps = (CONFIGURE, ACTIVATE, DEACTIVATE, CLEANUP)
    taken = 0
    with Rig(bench.backend) as rig:
        for component in rig.resources.components:
            for step in (*steps, *steps, SHUTDOWN):
                with component.lock:
                    why = component.take(step)
                if why or component.state is not step.success:
                    where = component.state.label
                    raise Nonconforming(f"'{component.name}' is {where}: {why}")
                taken += 1
    return f"{taken} steps"


def inactive_read(bench: Bench) -> str:
    """A read before activation leaves finite states of all joints."""
    with Rig(bench.backend) as rig:
        rig.walk(State.INACTIVE)
        rig.read()
        kinds = (POSITION, VELOCITY, EFFORT)
        values = {
            f"{joint}/{kind}": value
            for kind in kinds
            for joint, value in zip(bench.robot.joints, rig.joints(kind), strict=True)
        }
    bad = [name for name, value in values.items() if not np.isfinite(value)]
    if bad:
        raise Nonconforming(f"not finite: {', '.join(bad[:5])}")
    return f"{len(values)} values"


def deactivated(bench: Bench) -> str:
    """After deactivation nothing is written, and reading goes on."""
    calls = []

    def spy(write: Callable[[float, float], Return]) -> Callable[..., Return]:
        def counted(time: float, period: float) -> Return:
            calls.append(time)
            return write(time, period)

        return counted

    with Rig(bench.backend) as rig:
        rig.walk(State.ACTIVE)
        if bench.move:
            rig.hold()
        for component in rig.resources.components:
            hardware = component.hardware
            setattr(hardware, "write", spy(hardware.write))  # noqa: B010
        rig.turn(0.02)
        active = len(calls)
        rig.walk(State.INACTIVE)
        rows = rig.turn(0.02)
        after = len(calls) - active
        finite = np.isfinite(rows[:, rig.places(POSITION)]).all()
    if not active or after or not finite:
        raise Nonconforming(
            f"{active} writes active, {after} inactive, positions finite: {finite}"
        )
    return f"{active} writes active, 0 inactive"


def error_path(bench: Bench) -> str:
    """After an error `on_error` recovers, and the way up works again."""
    with Rig(bench.backend) as rig:
        rig.walk(State.ACTIVE)
        for component in rig.resources.components:
            with component.lock:
                component.fail("conformance")
            if component.state is not State.UNCONFIGURED:
                raise Nonconforming(
                    f"'{component.name}' is {component.state.label} after on_error"
                )
        rig.walk(State.ACTIVE)
        if bench.move:
            rig.hold()
        rows = rig.turn(0.1)
        if not np.isfinite(rows[:, rig.places(POSITION)]).all():
            raise Nonconforming("positions are not finite after the recovery")
    return "unconfigured, then active again"
