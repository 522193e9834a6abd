# SPDX-License-Identifier: Apache-2.0
"""Skills of the legs: walk to something, walk a bit, turn, stop, wait."""

import math
from collections.abc import Generator
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from nav2_msgs.action import (
    BackUp,
    ComputePathToPose,
    DriveOnHeading,
    NavigateToPose,
    Spin,
)

from renxing.nodes.brain.body import Body, Routine, failed, failed_answer
from renxing.nodes.brain.odometer import rounded
from renxing.nodes.navigation.grid_messages import to_duration, to_pose_stamped
from renxing.planning.approach import approach_pose
from renxing.planning.runner import Call
from renxing.planning.scene import Pose, Scene
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Nothing, Turn, Wait, WalkBy, WalkTo

AT = 0.5  # [m] from where it was to go: there
TURN_AT = 0.25  # [rad] from where it was to turn: there
AROUND = 12  # directions from which a thing may be come to
DETOUR = 0.4  # [m] of way that a direction may cost for each radian from the wanted one
STILL = 0.06  # [m/s] below which it stands
STILL_TIME = 0.5  # [s] for which it has to
SPEED = 0.25  # [m/s] of short straight ways


def walk_to(body: Body, call: Call, arguments: WalkTo) -> Routine:
    """Walk to a place, a thing or a point."""
    scene = body.surroundings.scene()
    poses = _goals(scene, arguments)
    if not poses:
        return failed("lost", "the robot does not know where it is")
    goal, why = yield from reachable(body, poses)
    if goal is None:
        return failed("blocked", f"no free way to '{_name(arguments)}': {why}")
    begun, way = body.now(), body.odometer.way
    with body.speed_limit(arguments.speed):
        answer = yield from body.navigate.run(
            NavigateToPose.Goal(pose=stamped(body, goal))
        )
    yield from come_to_rest(body)
    here = body.surroundings.scene().pose
    measured: dict[str, Any] = {
        "distance_walked_m": body.odometer.way - way,
        "duration_s": body.now() - begun,
    }
    if here is None:
        return failed("lost", "nobody knows where it ended", **rounded(measured))
    error = math.dist(here[:2], goal[:2])
    measured |= {"x_m": here[0], "y_m": here[1], "yaw_rad": here[2], "error_m": error}
    if arguments.target:
        measured["object"] = arguments.target
    measured = rounded(measured)
    if not answer.succeeded:
        return failed_answer(answer, "the walk", **measured)
    if error > AT:
        reason = f"it stands {error:.2f} m from where it was to go"
        return failed("off_goal", reason, **measured)
    return Outcome(success=True, measured=measured)


def walk_by(body: Body, call: Call, arguments: WalkBy) -> Routine:
    """Walk some metres from here."""
    ahead, left = arguments.forward, arguments.left
    speed = min(arguments.speed or SPEED, SPEED)
    wanted = math.hypot(ahead, left)
    way = body.odometer.way
    time = to_duration(call.timeout)
    if left == 0.0 and ahead > 0.0:
        target = Point(x=ahead)
        answer = yield from body.drive.run(
            DriveOnHeading.Goal(target=target, speed=speed, time_allowance=time)
        )
    elif left == 0.0:
        target = Point(x=-ahead)
        answer = yield from body.back_up.run(
            BackUp.Goal(target=target, speed=speed, time_allowance=time)
        )
    else:
        pose = body.surroundings.scene().pose
        if pose is None:
            return failed("lost", "the robot does not know where it is")
        c, s = math.cos(pose[2]), math.sin(pose[2])
        x, y = pose[0] + c * ahead - s * left, pose[1] + s * ahead + c * left
        goal = NavigateToPose.Goal(pose=stamped(body, (x, y, pose[2])))
        with body.speed_limit(arguments.speed):
            answer = yield from body.navigate.run(goal)
    yield from come_to_rest(body)
    walked = body.odometer.way - way
    measured = rounded({"distance_walked_m": walked, "distance_wanted_m": wanted})
    if not answer.succeeded:
        return failed_answer(answer, "the walk", **measured)
    if abs(walked - wanted) > max(0.3, 0.3 * wanted) and left == 0.0:
        reason = f"it walked {walked:.2f} m of {wanted:.2f} m"
        return failed("off_goal", reason, **measured)
    return Outcome(success=True, measured=measured)


def turn(body: Body, call: Call, arguments: Turn) -> Routine:
    """Turn on the spot."""
    return (yield from turned(body, arguments.angle, call.timeout))


def turned(body: Body, angle: float, timeout: float) -> Routine:
    """Turn by an angle [rad], counter-clockwise, within a time [s]."""
    before = body.odometer.turned
    answer = yield from body.spin.run(
        Spin.Goal(target_yaw=angle, time_allowance=to_duration(timeout))
    )
    yield from come_to_rest(body)
    done = body.odometer.turned - before
    measured = rounded({"turned_rad": done})
    if not answer.succeeded:
        return failed_answer(answer, "the turn", **measured)
    if abs(done - angle) > TURN_AT:
        reason = f"it turned by {done:.2f} rad of {angle:.2f} rad"
        return failed("off_goal", reason, **measured)
    return Outcome(success=True, measured=measured)


def stop(body: Body, call: Call, arguments: Nothing) -> Routine:
    """Stand still: whatever moved was cancelled when this step began."""
    yield from come_to_rest(body, call.timeout - 1.0)
    speed = body.odometer.speed
    measured = rounded({"speed_m_per_s": speed})
    if speed > STILL:
        return failed("moving", f"it still moves at {speed:.2f} m/s", **measured)
    return Outcome(success=True, measured=measured)


def wait(body: Body, call: Call, arguments: Wait) -> Routine:
    """Stand and wait."""
    begun = body.now()
    yield from body.wait(arguments.duration)
    return Outcome(success=True, measured={"waited_s": round(body.now() - begun, 2)})


def dock(body: Body, call: Call, arguments: Nothing) -> Routine:
    """Say honestly that nobody here knows how."""
    yield
    reason = "this robot cannot connect to a dock yet"
    return failed("refused", reason, charging=False)


def _name(arguments: WalkTo) -> str:
    return arguments.target or f"{arguments.x:g}, {arguments.y:g}"


def _goals(scene: Scene, arguments: WalkTo) -> list[Pose]:
    """Return where a walk may end, the wanted place first."""
    start = scene.pose
    if start is None:
        return []
    if arguments.x is not None and arguments.y is not None:
        x, y = arguments.x, arguments.y
        yaw = arguments.yaw
        if yaw is None:
            yaw = math.atan2(y - start[1], x - start[0])
        return [(x, y, yaw)]
    stand_off, side = arguments.stand_off, arguments.side
    first = approach_pose(scene, arguments.target, start, stand_off, side)
    if first is None:
        return []
    thing = scene.object(arguments.target)
    if thing is None or side:
        return [first]
    x, y = thing.position[:2]
    radius = math.dist(first[:2], (x, y))
    away = math.atan2(first[1] - y, first[0] - x)
    turns = sorted(np.arange(AROUND) * math.tau / AROUND, key=_from_zero)
    return [
        (
            x + radius * math.cos(away + t),
            y + radius * math.sin(away + t),
            math.remainder(away + t + math.pi, math.tau),
        )
        for t in turns
    ]


def _from_zero(angle: float) -> float:
    return abs(math.remainder(angle, math.tau))


def reachable(
    body: Body, poses: list[Pose]
) -> Generator[None, None, tuple[Pose | None, str]]:
    """Return the pose with the shortest way, those near the first one preferred."""
    best: tuple[float, Pose] | None = None
    why = ""
    x, y = poses[0][:2]
    for pose in poses:
        goal = ComputePathToPose.Goal(goal=stamped(body, pose))
        answer = yield from body.plan.run(goal)
        if not answer.succeeded:
            why = why or answer.text
            continue
        places = [
            (p.pose.position.x, p.pose.position.y) for p in answer.result.path.poses
        ]
        length = sum(math.dist(a, b) for a, b in zip(places, places[1:], strict=False))
        # A planner that ends next to its goal has not come to it.
        length += 2.0 * math.dist(places[-1], pose[:2]) if places else 0.0
        cost = length + DETOUR * math.dist((x, y), pose[:2])
        if best is None or cost < best[0]:
            best = (cost, pose)
    return (best[1] if best is not None else None), why


def come_to_rest(body: Body, patience: float = 4.0) -> Generator[None, None, None]:
    """Wait until the robot stands: what is measured before that is not the end."""
    end, since = body.now() + patience, body.now()
    while body.now() < end and body.now() - since < STILL_TIME:
        if body.odometer.speed > STILL:
            since = body.now()
        yield


def stamped(body: Body, pose: Pose) -> Any:
    """Return a pose in map as a message."""
    # Without a time it is that of whenever it arrives.
    frame = body.surroundings.frames.config.map
    return to_pose_stamped(Time(), frame, np.array(pose))
