# SPDX-License-Identifier: Apache-2.0
"""Controllers that command and read each other: who comes first, who belongs together.

A preceding controller writes references of a following one, so it is updated before.
A controller that exports states is updated before those that read them, unless the
references demand otherwise.
"""

from collections.abc import Collection, Iterable, Sequence

from renxing.errors import ConfigError
from renxing.runtime.manager.controller_spec import ControllerSpec


def update_order(specs: Sequence[ControllerSpec]) -> tuple[ControllerSpec, ...]:
    """Sort controllers so that values flow through a chain within one cycle.

    Args:
        specs: In the order in which they were loaded, which stays where it can.

    Raises:
        ConfigError: If controllers write each other's references in a circle.
    """
    hard: dict[ControllerSpec, set[ControllerSpec]] = {spec: set() for spec in specs}
    soft: dict[ControllerSpec, set[ControllerSpec]] = {spec: set() for spec in specs}
    for spec in specs:
        for follower in spec.following:
            if follower in hard:
                hard[follower].add(spec)
        soft[spec].update(source for source in spec.sources if source in hard)
    rest, order = list(specs), []
    while rest:
        waiting = set(rest)
        free = [spec for spec in rest if not hard[spec] & waiting]
        if not free:
            names = ", ".join(sorted(spec.name for spec in rest))
            raise ConfigError(f"controllers {names}: their chain is a circle")
        # A circle through exported states is cut: one of them reads the last cycle's.
        best = next((spec for spec in free if not soft[spec] & waiting), free[0])
        order.append(best)
        rest.remove(best)
    return tuple(order)


def providers_first(specs: Iterable[ControllerSpec]) -> tuple[ControllerSpec, ...]:
    """Sort controllers so that each comes after those it needs: for activation."""
    wanted = list(dict.fromkeys(specs))
    order: dict[ControllerSpec, None] = {}

    def visit(spec: ControllerSpec, above: tuple[ControllerSpec, ...]) -> None:
        if spec in order or spec in above:
            return
        for need in spec.needs:
            if need in wanted:
                visit(need, (*above, spec))
        order[spec] = None

    for spec in wanted:
        visit(spec, ())
    return tuple(order)


def with_dependents(
    specs: Collection[ControllerSpec], all_specs: Iterable[ControllerSpec]
) -> set[ControllerSpec]:
    """Return controllers with all active ones that cannot go on without them."""
    found = set(specs)
    active = [spec for spec in all_specs if spec.active]
    grown = True
    while grown:
        more = {s for s in active if s not in found and found.intersection(s.needs)}
        found |= more
        grown = bool(more)
    return found


def chain_group(
    specs: Collection[ControllerSpec], all_specs: Iterable[ControllerSpec]
) -> set[ControllerSpec]:
    """Return controllers with all active ones that they are chained to, either way."""
    found = set(specs)
    active = [spec for spec in all_specs if spec.active]
    grown = True
    while grown:
        near = {need for spec in found for need in spec.needs if need.active}
        near |= {spec for spec in active if found.intersection(spec.needs)}
        grown = not near <= found
        found |= near
    return found
