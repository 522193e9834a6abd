# SPDX-License-Identifier: Apache-2.0
"""Skills of the arms and the voice: wave, say, report."""

from typing import Any

import numpy as np

from renxing.nodes.brain.body import Body, Routine, failed, failed_answer
from renxing.planning.runner import Call
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Report, Say, Wave
from renxing.robot.description import Gesture

LOWER = 1.5  # [s] to bring an arm back
SWUNG = 0.4  # of the planned swing: counted


def wave(body: Body, call: Call, arguments: Wave) -> Routine:
    """Wave with the gesture of the robot's file, and count."""
    name = f"wave_{arguments.hand}"
    gesture = body.robot.description.gestures.get(name)
    if gesture is None or not gesture.cycle:
        return failed("refused", f"the robot's file has no gesture '{name}'", waves=0)
    frames = [(f.after, dict(f.joints)) for f in gesture.begin]
    frames += [(f.after, dict(f.joints)) for f in gesture.cycle] * arguments.times
    names = {joint for _, joints in frames for joint in joints}
    stand = body.robot.posture("stand")
    down = {j: float(stand[body.robot.joints.index(j)]) for j in sorted(names)}
    frames.append((LOWER, down))
    joint, low, high = _swing(gesture)
    place = body.robot.joints.index(joint)
    counter = _Counter(low, high)
    with body.joints() as positions:
        motion = body.move(frames)
        while True:
            try:
                next(motion)
            except StopIteration as end:
                answer = end.value
                break
            here = positions()
            if here is not None:
                counter.see(float(here[place]))
            yield
    body.release()
    measured = {"waves": counter.count}
    if not answer.succeeded:
        return failed_answer(answer, "the arm", **measured)
    if counter.count < arguments.times:
        reason = f"{counter.count} of {arguments.times} waves were measured"
        return failed("not_done", reason, **measured)
    return Outcome(success=True, measured=measured)


def say(body: Body, call: Call, arguments: Say) -> Routine:
    """Say a text as it is."""
    yield
    body.say(call.speech or arguments.text, arguments.language)
    return Outcome(success=True, measured={"said": call.speech or arguments.text})


def report(body: Body, call: Call, arguments: Report) -> Routine:
    """Say what was measured."""
    yield
    if not call.speech:
        return failed("nothing", "there is nothing to tell", said="")
    body.say(call.speech, arguments.language)
    return Outcome(success=True, measured={"said": call.speech})


class _Counter:
    """Counts swings between two places.

    Attributes:
        count: There and back.
    """

    def __init__(self, low: float, high: float) -> None:
        middle, reach = 0.5 * (low + high), 0.5 * SWUNG * (high - low)
        self._low, self._high = middle - reach, middle + reach
        self._below: bool | None = None
        self._turns = 0

    @property
    def count(self) -> int:
        return (self._turns + 1) // 2

    def see(self, position: float) -> None:
        """Take the place of the joint."""
        below = self._below
        if position < self._low:
            below = True
        elif position > self._high:
            below = False
        if self._below is not None and below != self._below:
            self._turns += 1
        self._below = below


def _swing(gesture: Gesture) -> tuple[str, float, float]:
    """Return the joint that swings most in a cycle, and between which places."""
    ways: dict[str, list[float]] = {}
    for frame in gesture.cycle:
        for joint, value in frame.joints.items():
            ways.setdefault(joint, []).append(value)
    best: Any = max(ways, key=lambda joint: float(np.ptp(ways[joint])))
    return str(best), min(ways[best]), max(ways[best])
