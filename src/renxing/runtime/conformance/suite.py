# SPDX-License-Identifier: Apache-2.0
"""All checks of a backend, in the order in which they mean something."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from renxing.runtime.conformance import hold_checks, life_checks, motion_checks
from renxing.runtime.conformance.backend import Backend
from renxing.runtime.conformance.bench import Bench, Nonconforming, NotApplicable

Check = Callable[[Bench], str]
CHECKS: tuple[Check, ...] = (
    life_checks.names,
    life_checks.life_cycle,
    life_checks.inactive_read,
    hold_checks.finite,
    hold_checks.limits,
    hold_checks.timing,
    hold_checks.imu,
    hold_checks.weight,
    motion_checks.moves,
    motion_checks.velocity,
    motion_checks.effort,
    motion_checks.impedance,
    motion_checks.no_command,
    life_checks.deactivated,
    life_checks.error_path,
    hold_checks.determinism,
)


class Outcome(Enum):
    """What a check came to."""

    OK = "OK"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A check and what it found.

    Attributes:
        name: Of the check.
        required: What a backend must do.
        outcome: Whether it does.
        measured: In numbers; or why it fails or is skipped.
    """

    name: str
    required: str
    outcome: Outcome
    measured: str


def check_backend(
    backend: Backend, *, move: bool = False, only: Sequence[str] = ()
) -> Iterator[Verdict]:
    """Check a backend; yields as it goes. Only its processes may raise.

    Args:
        backend: It.
        move: Whether joints of a device may move; those of a simulation always do.
        only: Names of checks; all if empty.
    """
    with backend.processes():
        yield from _check_running(backend, move, only)


def _check_running(
    backend: Backend, move: bool, only: Sequence[str]
) -> Iterator[Verdict]:
    bench = Bench(backend, move)
    broken = False
    for check in CHECKS:
        if only and check.__name__ not in only:
            continue
        if broken:
            yield _verdict(check, Outcome.SKIP, "there is no hardware to check")
            continue
        verdict = _judge(check, bench)
        broken = check is life_checks.names and verdict.outcome is Outcome.FAIL
        yield verdict


def _judge(check: Check, bench: Bench) -> Verdict:
    try:
        return _verdict(check, Outcome.OK, check(bench))
    except NotApplicable as reason:
        return _verdict(check, Outcome.SKIP, str(reason))
    except Nonconforming as reason:
        return _verdict(check, Outcome.FAIL, str(reason))
    except Exception as error:  # any backend may do anything
        what = f"{type(error).__name__}: {error}"
        return _verdict(check, Outcome.FAIL, what)


def _verdict(check: Check, outcome: Outcome, measured: str) -> Verdict:
    required = (inspect.getdoc(check) or "").partition("\n")[0]
    return Verdict(
        name=check.__name__, required=required, outcome=outcome, measured=measured
    )
