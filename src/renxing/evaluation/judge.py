# SPDX-License-Identifier: Apache-2.0
"""Whether a trial is a success, and if not, why."""

import math
from collections.abc import Iterator

from renxing.evaluation.rig import Course, Run
from renxing.evaluation.scenario import Success


def judge(
    wanted: Success,
    done: Run,
    course: Course,
    measures: dict[str, float],
    reached: float,
    still_within: float | None,
) -> tuple[str, ...]:
    """Return what is missing for a success, in words; nothing if it is one.

    Args:
        wanted: What makes a success.
        done: What happened.
        course: What ought to have happened.
        measures: Of the trial.
        reached: Where the base is in the end, along x in odom [m].
        still_within: Time that stopping may take [s].
    """
    fatal = tuple(_fatal(done, course))
    if fatal:
        return fatal
    return tuple(_missing(wanted, course, measures, reached, still_within))


def _fatal(done: Run, course: Course) -> Iterator[str]:
    if done.fell_at is not None:
        words = f"fell at {done.fell_at:.2f} s"
        if course.push_at < done.fell_at:
            words += f", {done.fell_at - course.push_at:.2f} s after the push"
        yield words
    if done.error:
        yield done.error


def _missing(
    wanted: Success,
    course: Course,
    measures: dict[str, float],
    reached: float,
    still_within: float | None,
) -> Iterator[str]:
    share = measures.get("speed_share", 0.0)
    if wanted.speed is not None and share < wanted.speed:
        least = f"at least {wanted.speed:.0%}"
        yield f"{share:.0%} of the wanted speed, {least} required"
    if wanted.across and reached < course.goal:
        yield f"came to x = {reached:.2f} m, goal {course.goal:.2f}"
    if still_within is not None:
        took = measures["still_after"]
        if took > still_within:
            words = f"still after {took:.2f} s"
            if math.isinf(took):
                words = "never stood still"
            yield f"{words}, allowed {still_within:g}"
    for name, limit in (("drift", wanted.drift), ("drift_height", wanted.drift_height)):
        if limit is None:
            continue
        got = measures.get(name, math.inf)
        if math.isinf(got):
            yield f"{name}: too short a way to tell"
        elif got > limit:
            yield f"{name} {got:.1%}, allowed {limit:.1%}"
