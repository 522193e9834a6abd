# SPDX-License-Identifier: Apache-2.0
"""Checks of joint order, signs and the impedance law. Each returns what it measured.

A standing robot's legs are a closed chain: a leg joint shares its motion with the
others, whatever its sign. So joints that carry no foot are judged by how they move,
and all joints by whose effort answers in the first cycles, before anything moves.
"""

import numpy as np

from renxing.hardware_interface import EFFORT, IMPEDANCE, POSITION, State
from renxing.runtime.conformance.bench import (
    STEP,
    Bench,
    Nonconforming,
    NotApplicable,
)
from renxing.runtime.conformance.rig import Rig

OWN = (0.5, 1.5)  # of a step that the commanded joint must at least, may at most go
OTHER = 0.5  # of a step that any other joint may go
OTHER_EFFORT = 0.5  # of the answering effort that any other joint may show
EFFORT_NOISE = 0.01  # of a joint's greatest torque, which is no answer
LIMP_EFFORT = 0.02  # of the greatest torque that a limp joint may still report
RETURN_ERROR = 0.02  # [rad] that a joint may lack half a second after its gains return
SAG = 0.1  # [rad] that a joint without a command may fall in 50 ms


def moves(bench: Bench) -> str:
    """A joint asked for 0.02 rad goes there, and no other one goes half as far."""
    bench.need_move()
    worst, least = 0.0, np.inf
    for nudge in bench.nudges:
        if nudge.joint not in bench.free:
            continue
        share = nudge.moved / nudge.step
        own, name = share[nudge.joint], bench.robot.joints[nudge.joint]
        others = np.delete(np.abs(share), nudge.joint)
        if not OWN[0] <= own <= OWN[1] or not others.max() <= OTHER:
            share[nudge.joint] = 0.0
            other = int(np.argmax(np.abs(share)))
            raise Nonconforming(
                f"{name} went {100 * own:.0f} % of {nudge.step:+.2f} rad, "
                f"{bench.robot.joints[other]} {100 * share[other]:.0f} %"
            )
        worst, least = max(worst, others.max()), min(least, own)
    return (
        f"{len(bench.free)} joints: own at least {100 * least:.0f} %, "
        f"others at most {100 * worst:.0f} %"
    )


def velocity(bench: Bench) -> str:
    """Reported velocity adds up to the change of position, sign included."""
    bench.need_forces()
    bench.need_move()
    worst = 0.0
    for nudge in bench.nudges:
        if nudge.joint not in bench.free:
            continue
        moved = nudge.moved[nudge.joint]
        error = abs(nudge.travelled - moved)
        worst = max(worst, error)
        if not error <= 0.5 * STEP or not nudge.travelled * moved > 0:
            raise Nonconforming(
                f"{bench.robot.joints[nudge.joint]}: velocity adds up to "
                f"{nudge.travelled:+.4f} rad, position changed by {moved:+.4f} rad"
            )
    return f"adds up within {worst:.4f} rad"


def effort(bench: Bench) -> str:
    """The drive that answers a command is the commanded one, with a torque towards it.

    Effort is what the drive does to the joint: positive accelerates it positively.
    """
    bench.need_forces()
    bench.need_move()
    worst = 0.0
    for nudge in bench.nudges:
        # Shares of the greatest torques: legs and fingers are far apart.
        rise = nudge.effort / bench.robot.torque * np.sign(nudge.step)
        own, name = rise[nudge.joint], bench.robot.joints[nudge.joint]
        change = np.abs(nudge.effort)
        change[nudge.joint] = 0.0
        noise = EFFORT_NOISE * bench.robot.torque
        other = int(np.argmax(change - noise))
        answer = abs(nudge.effort[nudge.joint])
        share = max(0.0, change[other] - noise[other]) / answer if answer else np.inf
        if not own > 0.0 or not share <= OTHER_EFFORT:
            raise Nonconforming(
                f"{name} asked for {nudge.step:+.2f} rad answers with "
                f"{nudge.effort[nudge.joint]:+.2f} N·m, {bench.robot.joints[other]} "
                f"with {nudge.effort[other]:+.2f} N·m"
            )
        worst = max(worst, share)
    return f"{len(bench.nudges)} joints: others at most {100 * worst:.0f} % of it"


def impedance(bench: Bench) -> str:
    """Without gains and effort a joint is limp; with its gains it returns."""
    bench.need_forces()
    bench.need_move()
    with Rig(bench.backend) as rig:
        rig.walk(State.ACTIVE)
        missing = [
            f"{joint}/{kind}"
            for joint in bench.robot.joints
            for kind in IMPEDANCE
            if f"{joint}/{kind}" not in rig.resources.command_index
        ]
        if missing:
            raise NotApplicable(f"no command interface {missing[0]}")
        rig.hold()
        rig.turn(0.5)
        home = rig.joints(POSITION)
        held, light = rig.wanted.copy(), list(bench.light)
        rig.wanted[0, light] += STEP
        rig.wanted[2:, light] = 0.0
        torques = np.abs(rig.turn(0.1)[5:, rig.places(EFFORT)]) / bench.robot.torque
        left = torques[:, light].max(axis=0)
        rig.wanted = held
        rig.turn(0.5)
        lack = np.abs(rig.joints(POSITION) - home)[light]
    limp, far = light[int(np.argmax(left))], light[int(np.argmax(lack))]
    if not left.max() <= LIMP_EFFORT:
        name = bench.robot.joints[limp]
        raise Nonconforming(f"{name}: {100 * left.max():.1f} % of its torque when limp")
    if not lack.max() <= RETURN_ERROR:
        name = bench.robot.joints[far]
        raise Nonconforming(f"{name}: {lack.max():.3f} rad away with its gains back")
    return (
        f"{len(light)} joints: at most {100 * left.max():.1f} % of their torque when "
        f"limp, back within {lack.max():.3f} rad"
    )


def no_command(bench: Bench) -> str:
    """NaN, for all of a joint's commands or its position only, moves nothing."""
    bench.need_move()
    with Rig(bench.backend) as rig:
        rig.walk(State.ACTIVE)
        rig.hold()
        rig.turn(0.5)
        held, light = rig.wanted.copy(), list(bench.light)
        worst = 0.0
        for rows, what in ((slice(0, 5), "all"), (slice(0, 1), "position")):
            rig.wanted = held.copy()
            rig.turn(0.3)
            home = rig.joints(POSITION)
            rig.wanted[rows, light] = np.nan
            rig.turn(0.05)
            moved = np.abs(rig.joints(POSITION) - home)
            place = int(np.argmax(moved))
            if not moved.max() <= SAG:
                name = bench.robot.joints[place]
                raise Nonconforming(
                    f"{what} NaN: {name} moved by {moved[place]:.3f} rad in 50 ms"
                )
            worst = max(worst, float(moved.max()))
    return f"at most {worst:.3f} rad in 50 ms"
