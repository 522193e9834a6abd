# SPDX-License-Identifier: Apache-2.0
"""Goals of every kind: reached, refused, impossible, cancelled, replaced, blocked."""

from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Point, PoseStamped, Twist
from nav2_msgs.action import (
    AssistedTeleop,
    BackUp,
    ComputePathThroughPoses,
    ComputePathToPose,
    DriveOnHeading,
    FollowPath,
    FollowWaypoints,
    NavigateThroughPoses,
    NavigateToPose,
    SmoothPath,
    Spin,
    Wait,
)
from nav2_msgs.srv import IsPathValid
from nav_msgs.msg import Path
from std_msgs.msg import Bool, Empty
from tests.nodes.navigation.conftest import Sight

from renxing.nodes.navigation.grid_messages import to_duration

pytestmark = pytest.mark.ros

CLOSET = (4.3, -1.2)  # floor that nothing leads to


@pytest.fixture(autouse=True)
def at_home(rig: Any) -> None:
    """Let each test begin in the open."""
    rig.put(0.0, 0.0)


def path_of(*places: tuple[float, float], rig: Any) -> Path:
    message = Path(poses=[rig.pose(*place) for place in places])
    message.header.frame_id = "map"
    return message


# --- planning ---------------------------------------------------------------------


def test_a_path_leads_to_the_goal(rig: Any) -> None:
    goal = rig.pose(2.0, 1.0)
    status, result = rig.do(ComputePathToPose, "compute_path_to_pose", goal=goal)
    assert status == rig.succeeded, result.error_msg
    first, last = (result.path.poses[i].pose.position for i in (0, -1))
    assert (first.x, first.y) == pytest.approx((0.0, 0.0), abs=0.02)
    assert (last.x, last.y) == pytest.approx((2.0, 1.0), abs=0.02)
    assert result.path.header.frame_id == "map"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"goal": (30.0, 0.0)}, ComputePathToPose.Result.GOAL_OUTSIDE_MAP),
        ({"goal": (3.525, -1.5)}, ComputePathToPose.Result.GOAL_OCCUPIED),
        ({"goal": CLOSET}, ComputePathToPose.Result.NO_VALID_PATH),
        ({"start": (30.0, 0.0)}, ComputePathToPose.Result.START_OUTSIDE_MAP),
        ({"start": (3.525, -1.5)}, ComputePathToPose.Result.START_OCCUPIED),
        ({"planner_id": "other"}, ComputePathToPose.Result.INVALID_PLANNER),
        ({"frame": "kitchen"}, ComputePathToPose.Result.TF_ERROR),
    ],
)
def test_what_cannot_be_planned_has_its_code(rig: Any, fields: Any, code: int) -> None:
    goal = rig.pose(*fields.get("goal", (1.0, 0.0)))
    goal.header.frame_id = fields.get("frame", "map")
    status, result = rig.do(
        ComputePathToPose,
        "compute_path_to_pose",
        goal=goal,
        start=rig.pose(*fields.get("start", (0.0, 0.0))),
        use_start=True,
        planner_id=fields.get("planner_id", ""),
    )
    assert (status, result.error_code) == (rig.aborted, code), result.error_msg
    assert result.error_msg


def test_a_path_through_poses_passes_them(rig: Any) -> None:
    goals = [rig.pose(1.0, 1.2), rig.pose(2.0, -1.2)]
    kind, name = ComputePathThroughPoses, "compute_path_through_poses"
    status, result = rig.do(kind, name, goals=goals)
    assert status == rig.succeeded, result.error_msg
    places = np.array(
        [[p.pose.position.x, p.pose.position.y] for p in result.path.poses]
    )
    assert np.linalg.norm(places - [1.0, 1.2], axis=1).min() < 0.05
    assert np.linalg.norm(places[-1] - [2.0, -1.2]) < 0.05
    status, result = rig.do(kind, name, goals=[])
    assert result.error_code == kind.Result.NO_VIAPOINTS_GIVEN


def test_paths_are_smoothed_and_judged(rig: Any) -> None:
    free = path_of((0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), rig=rig)
    smooth = {"max_smoothing_duration": to_duration(0.5), "check_for_collisions": True}
    status, result = rig.do(SmoothPath, "smooth_path", path=free, **smooth)
    assert status == rig.succeeded, result.error_msg
    corner = result.path.poses[2].pose.position
    assert np.hypot(corner.x - 1.0, corner.y) > 0.02
    assert rig.bench.call(IsPathValid, "is_path_valid", path=free).is_valid
    walled = path_of((3, -1.2), (4.3, -1.2), rig=rig)
    answer = rig.bench.call(IsPathValid, "is_path_valid", path=walled)
    assert not answer.is_valid and list(answer.invalid_pose_indices) == [1]
    status, result = rig.do(SmoothPath, "smooth_path", path=walled, **smooth)
    assert result.error_code == SmoothPath.Result.SMOOTHED_PATH_IN_COLLISION
    status, result = rig.do(SmoothPath, "smooth_path", path=Path(), **smooth)
    assert result.error_code == SmoothPath.Result.INVALID_PATH


# --- going somewhere --------------------------------------------------------------


def test_it_goes_to_a_pose(rig: Any) -> None:
    goal = rig.pose(2.5, 0.5, 1.0)
    status, result = rig.do(NavigateToPose, "navigate_to_pose", pose=goal)
    assert (status, result.error_code) == (rig.succeeded, 0), result.error_msg
    assert np.linalg.norm(rig.robot.place[:2] - [2.5, 0.5]) < 0.4
    assert rig.robot.place[2] == pytest.approx(1.0, abs=0.5)
    assert rig.feedback[-1].distance_remaining < rig.feedback[0].distance_remaining
    assert rig.stands()


def test_it_goes_through_poses(rig: Any) -> None:
    poses = [rig.pose(1.0, 1.0), rig.pose(2.0, 0.0)]
    status, result = rig.do(NavigateThroughPoses, "navigate_through_poses", poses=poses)
    assert (status, result.error_code) == (rig.succeeded, 0), result.error_msg
    assert np.linalg.norm(rig.robot.place[:2] - [2.0, 0.0]) < 0.4
    remaining = [one.number_of_poses_remaining for one in rig.feedback]
    assert (remaining[0], remaining[-1]) == (2, 1)


def test_it_follows_waypoints_and_notes_what_it_missed(rig: Any) -> None:
    poses = [rig.pose(0.6, 0.3), rig.pose(30.0, 0.0), rig.pose(1.2, 0.5)]
    status, result = rig.do(FollowWaypoints, "follow_waypoints", poses=poses)
    assert status == rig.succeeded
    (missed,) = result.missed_waypoints
    outside = ComputePathToPose.Result.GOAL_OUTSIDE_MAP
    assert (missed.index, missed.error_code) == (1, outside)
    assert {one.current_waypoint for one in rig.feedback} == {0, 1, 2}
    assert np.linalg.norm(rig.robot.place[:2] - [1.2, 0.5]) < 0.4


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((30.0, 0.0), ComputePathToPose.Result.GOAL_OUTSIDE_MAP),
        ((3.525, -1.5), ComputePathToPose.Result.GOAL_OCCUPIED),
        (CLOSET, ComputePathToPose.Result.NO_VALID_PATH),
    ],
)
def test_where_it_cannot_go_it_says_why(rig: Any, place: Any, code: int) -> None:
    goal = rig.pose(*place)
    status, result = rig.do(NavigateToPose, "navigate_to_pose", pose=goal)
    assert (status, result.error_code) == (rig.aborted, code)
    assert np.linalg.norm(rig.robot.place[:2]) < 0.2


def test_an_unknown_tree_aborts(rig: Any) -> None:
    goal = {"pose": rig.pose(1.0, 0.0), "behavior_tree": "mine.xml"}
    status, result = rig.do(NavigateToPose, "navigate_to_pose", **goal)
    assert (status, result.error_code) == (rig.aborted, 9001)


def test_a_cancelled_goal_ends_standing(rig: Any) -> None:
    goal = rig.pose(4.0, 1.0)
    handle = rig.send(NavigateToPose, "navigate_to_pose", pose=goal)
    rig.bench.wait(lambda: rig.robot.place[0] > 0.3, "the robot to walk")
    handle.cancel_goal_async()
    status, _ = rig.end(handle)
    assert status == rig.cancelled
    assert rig.stands() and rig.robot.place[0] < 2.0


def test_the_newest_goal_counts(rig: Any) -> None:
    first = rig.send(NavigateToPose, "navigate_to_pose", pose=rig.pose(4.0, 1.0))
    rig.bench.wait(lambda: rig.robot.place[0] > 0.3, "the robot to walk")
    second = rig.send(NavigateToPose, "navigate_to_pose", pose=rig.pose(0.5, 1.0))
    status, result = rig.end(first)
    assert (status, result.error_code) == (rig.aborted, 0)
    assert "newer goal" in result.error_msg
    status, result = rig.end(second)
    assert status == rig.succeeded, result.error_msg
    assert np.linalg.norm(rig.robot.place[:2] - [0.5, 1.0]) < 0.4


def test_a_click_in_rviz_is_a_goal(rig: Any) -> None:
    click = rig.bench.node.create_publisher(PoseStamped, "goal_pose", 1)
    rig.bench.wait(click.get_subscription_count, "the navigator")
    click.publish(rig.pose(0.8, 0.3))
    rig.bench.wait(lambda: rig.robot.place[0] > 0.4, "the robot to walk")
    # The next test's goal would find it on its way.
    status, _ = rig.do(NavigateToPose, "navigate_to_pose", pose=rig.pose(0.8, 0.3))
    assert status == rig.succeeded


# --- what goes wrong --------------------------------------------------------------


def test_without_a_pose_it_stops(rig: Any) -> None:
    handle = rig.send(NavigateToPose, "navigate_to_pose", pose=rig.pose(4.0, 1.0))
    rig.bench.wait(lambda: rig.robot.place[0] > 0.3, "the robot to walk")
    rig.robot.silent = True
    status, result = rig.end(handle)
    rig.robot.silent = False
    assert (status, result.error_code) == (rig.aborted, FollowPath.Result.TF_ERROR)
    assert rig.stands() and rig.robot.place[0] < 4.5


def test_following_ends_when_it_does_not_get_on(rig: Any) -> None:
    rig.robot.stuck = True
    path = path_of((0, 0), (1, 0), (2, 0), rig=rig)
    status, result = rig.do(FollowPath, "follow_path", path=path)
    rig.robot.stuck = False
    code = FollowPath.Result.FAILED_TO_MAKE_PROGRESS
    assert (status, result.error_code) == (rig.aborted, code)


def test_it_waits_and_backs_up_before_it_goes_on(rig: Any) -> None:
    rig.robot.stuck = True
    goal = {"pose": rig.pose(1.0, 0.5)}
    handle = rig.send(NavigateToPose, "navigate_to_pose", **goal)

    def recoveries() -> int:
        return rig.feedback[-1].number_of_recoveries if rig.feedback else 0

    rig.bench.wait(lambda: recoveries() == 1, "the first recovery, to wait")
    rig.bench.wait(lambda: recoveries() == 2, "the second one, to back up")
    rig.robot.stuck = False
    rig.bench.wait(lambda: rig.robot.place[0] < -0.2, "the robot to back up")
    status, result = rig.end(handle)
    assert status == rig.succeeded, result.error_msg
    assert recoveries() == 2


def test_it_does_not_follow_a_path_into_a_wall(rig: Any) -> None:
    rig.put(2.5, -1.2)
    path = path_of((2.5, -1.2), (4.3, -1.2), rig=rig)
    status, result = rig.do(FollowPath, "follow_path", path=path)
    assert status == rig.aborted
    # Which of the two comes first depends on how slowly it still creeps along.
    assert result.error_code in (
        FollowPath.Result.NO_VALID_CONTROL,
        FollowPath.Result.FAILED_TO_MAKE_PROGRESS,
    )
    assert rig.robot.place[0] < 3.5 - 0.3
    assert rig.stands()


def test_follow_path_refuses_what_it_does_not_know(rig: Any) -> None:
    path = path_of((0, 0), (1, 0), rig=rig)
    fields = {"path": path, "controller_id": "other"}
    status, result = rig.do(FollowPath, "follow_path", **fields)
    code = FollowPath.Result.INVALID_CONTROLLER
    assert (status, result.error_code) == (rig.aborted, code)
    status, result = rig.do(FollowPath, "follow_path", path=Path())
    assert result.error_code == FollowPath.Result.INVALID_PATH


def test_a_latched_stop_aborts_and_denies(rig: Any) -> None:
    stop = rig.bench.node.create_publisher(Bool, "emergency_stop", 1)
    handle = rig.send(NavigateToPose, "navigate_to_pose", pose=rig.pose(4.0, 1.0))
    rig.bench.wait(lambda: rig.robot.place[0] > 0.3, "the robot to walk")
    stop.publish(Bool(data=True))
    status, _ = rig.end(handle)
    assert status == rig.aborted
    assert rig.stands()
    goal = {"pose": rig.pose(1.0, 0.0)}
    assert not rig.send(NavigateToPose, "navigate_to_pose", **goal).accepted
    assert not rig.send(Spin, "spin", target_yaw=1.0).accepted
    stop.publish(Bool(data=False))
    rig.bench.spin(0.3)
    status, result = rig.do(Spin, "spin", target_yaw=0.5)
    assert status == rig.succeeded, result.error_msg


# --- short motions ----------------------------------------------------------------


def test_it_spins_backs_up_and_goes_straight(rig: Any) -> None:
    allowance = {"time_allowance": to_duration(10.0)}
    status, _ = rig.do(Spin, "spin", target_yaw=-1.57, **allowance)
    assert status == rig.succeeded
    rig.bench.spin(0.2)
    assert rig.robot.place[2] == pytest.approx(-1.57, abs=0.3)
    rig.put(0.0, 0.0)
    back = {"target": Point(x=0.3), "speed": 0.4, **allowance}
    status, result = rig.do(BackUp, "backup", **back)
    assert status == rig.succeeded, result.error_msg
    rig.bench.spin(0.2)
    assert rig.robot.place[0] == pytest.approx(-0.3, abs=0.15)
    status, result = rig.do(DriveOnHeading, "drive_on_heading", **back)
    assert status == rig.succeeded, result.error_msg
    rig.bench.spin(0.2)
    assert rig.robot.place[0] == pytest.approx(0.0, abs=0.2)


def test_short_motions_end_with_their_codes(rig: Any) -> None:
    wrong = {"target": Point(x=0.3), "speed": -0.2}
    status, result = rig.do(DriveOnHeading, "drive_on_heading", **wrong)
    assert result.error_code == DriveOnHeading.Result.INVALID_INPUT
    aside = {"target": Point(x=0.3, y=0.1), "speed": 0.2}
    status, result = rig.do(BackUp, "backup", **aside)
    assert result.error_code == BackUp.Result.INVALID_INPUT
    soon = {"target_yaw": 3.0, "time_allowance": to_duration(0.2)}
    status, result = rig.do(Spin, "spin", **soon)
    assert (status, result.error_code) == (rig.aborted, Spin.Result.TIMEOUT)
    rig.put(-0.4, 0.0)
    back = {"target": Point(x=2.0), "speed": 0.4}
    status, result = rig.do(BackUp, "backup", **back)
    assert (status, result.error_code) == (rig.aborted, BackUp.Result.COLLISION_AHEAD)
    assert rig.robot.place[0] > -0.75


def test_a_hand_steers_up_to_a_wall_and_lets_go(rig: Any) -> None:
    hand = rig.bench.node.create_publisher(Twist, "cmd_vel_teleop", 1)
    done = rig.bench.node.create_publisher(Empty, "preempt_teleop", 1)
    rig.put(-0.1, 0.0, np.pi)
    ahead = Twist()
    ahead.linear.x = 0.4
    handle = rig.send(AssistedTeleop, "assisted_teleop")
    pushing = rig.bench.node.create_timer(0.1, lambda: hand.publish(ahead))
    rig.bench.wait(lambda: rig.robot.place[0] < -0.35, "the robot to walk")
    rig.bench.spin(1.5)
    assert rig.robot.place[0] > -0.75  # the wall is at -0.95
    done.publish(Empty())
    status, _ = rig.end(handle)
    rig.bench.node.destroy_timer(pushing)
    assert status == rig.succeeded
    soon = {"time_allowance": to_duration(0.2)}
    status, result = rig.do(AssistedTeleop, "assisted_teleop", **soon)
    code = AssistedTeleop.Result.TIMEOUT
    assert (status, result.error_code) == (rig.aborted, code)


def test_wait_waits(rig: Any) -> None:
    status, result = rig.do(Wait, "wait", time=to_duration(0.3))
    assert status == rig.succeeded
    assert result.total_elapsed_time.nanosec >= 300_000_000
    assert rig.stands()


# --- what the eyes see --------------------------------------------------------------


def test_it_goes_around_what_only_the_eyes_see(rig: Any) -> None:
    """A wall that is not on the map, from y = -2 to 0.8, appears on the way."""
    sight = Sight(rig.bench.node, wall_from=2.0, wall_to=0.8)
    goal = rig.pose(4.0, 1.0)
    handle = rig.send(NavigateToPose, "navigate_to_pose", pose=goal)
    nearest = np.inf

    def tracked() -> bool:
        nonlocal nearest
        x, y, _ = rig.robot.place
        if y < 0.8:
            nearest = min(nearest, abs(x - sight.wall_from))
        return bool(x > 3.0)

    rig.bench.wait(tracked, "the robot behind the wall")
    sight.close()
    status, result = rig.end(handle)
    assert status == rig.succeeded, result.error_msg
    assert nearest > 0.25


def test_a_wall_that_only_the_eyes_see_ends_it(rig: Any) -> None:
    sight = Sight(rig.bench.node, wall_from=2.0, wall_to=2.5)
    rig.bench.spin(0.5)
    goal = rig.pose(4.0, 0.0)
    status, result = rig.do(NavigateToPose, "navigate_to_pose", pose=goal)
    sight.close()
    code = ComputePathToPose.Result.NO_VALID_PATH
    assert (status, result.error_code) == (rig.aborted, code), result.error_msg
    assert rig.feedback[-1].number_of_recoveries == 1
    assert np.linalg.norm(rig.robot.place[:2]) < 0.1
