# SPDX-License-Identifier: Apache-2.0
"""What the operator's page hears and sends, on the test's own node."""

import math
import threading
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import TwistStamped
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import Path
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage
from tests.nodes.conftest import LATCHED, Bench
from tf2_msgs.msg import TFMessage

from renxing.console import Member
from renxing.errors import ConfigError, DeviceError, StaleError
from renxing.nodes import convert
from renxing.nodes.console_authority import PAGE, ConsoleAuthority
from renxing.nodes.console_cameras import LOOK_PERIOD, PERIOD, ConsoleCameras
from renxing.nodes.console_core import update_rate
from renxing.nodes.console_frames import ConsoleFrames
from renxing.nodes.console_goals import ConsoleGoals, code_in_words
from renxing.nodes.console_guide import ConsoleGuide
from renxing.nodes.console_map import ConsoleMap, ground_map
from renxing.nodes.console_recorder import ConsoleRecorder
from renxing.nodes.console_walk import LOCOMOTION_TYPE, ConsoleWalk
from renxing.nodes.navigation.grid_messages import occupancy_message, to_path
from renxing.nodes.navigation.map_server import TF_STATIC
from renxing.nodes.navigation.solo import End, Solo, failed
from renxing.spatial import SE3, transform
from renxing_msgs.msg import Footstep, Footsteps, LocomotionStatus

pytestmark = pytest.mark.ros

NO_VALID_PATH = 208
# The map lies turned in odom: what is ahead there is on the left on the map.
ODOM_TO_MAP = transform((10.0, 0.0, 0.0), (0.0, 0.0, 0.5 * math.pi))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Navigator:
    """Navigation as the page meets it; it ends goals as a test says."""

    def __init__(self, bench: Bench) -> None:
        self.goals: list[Any] = []
        self.refuses = ""
        self.end: End | None = None
        self.node = Node("navigator", namespace=bench.namespace, context=bench.context)
        bench.executor.add_node(self.node)
        self.solo = Solo(self.node, lambda: self.refuses)
        self.node.create_timer(0.02, self.solo.tick)

    def offer(self) -> None:
        self.solo.offer(NavigateToPose, "navigate_to_pose", self._go)

    def _go(self, handle: Any) -> Generator[None, None, End]:
        self.goals.append(handle.request.pose)
        self.end = None
        while self.end is None:
            feedback = NavigateToPose.Feedback(distance_remaining=2.5)
            feedback.number_of_recoveries = 1
            handle.publish_feedback(feedback)
            yield
        return self.end


class Stage:
    """The page's side of navigation."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.frames = ConsoleFrames(bench.node, "base_link")
        self.maps = ConsoleMap(bench.node)
        self.goals = ConsoleGoals(bench.node)
        self.guide = ConsoleGuide(bench.node, self.frames, self.maps, self.goals)
        self.navigator = Navigator(bench)
        self._tf = bench.node.create_publisher(TFMessage, "tf", 10)
        self._static = bench.node.create_publisher(TFMessage, "tf_static", TF_STATIC)

    def locate(self) -> None:
        stamp = convert.to_time(1.0)  # of long ago, as in a replay
        base = transform((1.0, 0.0, 0.9))
        made = convert.to_transform
        fixed = made(stamp, "map", "odom", ODOM_TO_MAP)
        self._static.publish(TFMessage(transforms=[fixed]))
        moving = TFMessage(transforms=[made(stamp, "odom", "base_link", base)])

        def located() -> bool:
            self._tf.publish(moving)
            known = self.frames.base_to_odom, self.frames.map_to_odom
            return None not in known

        self.bench.wait(located, "the frames")

    def walk(self) -> None:
        """Click somewhere and wait until navigation has begun."""
        before = len(self.navigator.goals)
        self.guide.go(2.0, 0.0)
        self.bench.wait(lambda: len(self.navigator.goals) > before, "the goal")
        self.until("walks")

    def until(self, words: str) -> Any:
        """Return the first report that says so."""
        found: list[Any] = []

        def says() -> bool:
            found.append(self.guide.report())
            return words in found[-1].words

        self.bench.wait(says, f"'{words}'")
        return found[-1]


@pytest.fixture(scope="module")
def stage(bench: Bench) -> Iterator[Stage]:
    stage = Stage(bench)
    yield stage
    stage.guide.close()
    stage.navigator.solo.close()


def test_without_navigation_nobody_can_be_sent(stage: Stage) -> None:
    report = stage.guide.report()
    assert not report.ready and not report.running
    assert "start with navigation:=true" in report.words
    with pytest.raises(DeviceError, match="navigation:=true"):
        stage.guide.go(1.0, 0.0)
    with pytest.raises(DeviceError, match="navigation:=true"):
        stage.guide.stop_going()


def test_nobody_is_sent_who_has_no_place_in_the_map(stage: Stage) -> None:
    stage.navigator.offer()
    report = stage.until("nobody says where the robot is")
    assert report.level == "bad" and report.map_to_odom is None
    with pytest.raises(StaleError, match="tf map, odom"):
        stage.guide.go(1.0, 0.0)
    stage.locate()
    assert stage.until("ready for a goal").level == "idle"
    assert np.allclose(stage.frames.base_to_odom.translation, (1.0, 0.0, 0.9))
    here = stage.frames.map_to_odom * ODOM_TO_MAP
    assert np.allclose(here.homogeneous, np.eye(4))


def test_a_click_becomes_a_goal_in_the_map(stage: Stage) -> None:
    assert "x 10.00, y 3.00 m" in stage.guide.go(3.0, 0.0)
    report = stage.until("walks to x 10.00, y 3.00 m")
    assert report.level == "busy" and report.running
    (goal,) = stage.bench.wait(lambda: stage.navigator.goals, "the goal")
    assert goal.header.frame_id == "map"
    assert (goal.pose.position.x, goal.pose.position.y) == pytest.approx((10.0, 3.0))
    # It shall arrive facing the way it came, +y on the map.
    assert goal.pose.orientation.z == pytest.approx(math.sin(0.25 * math.pi))
    stage.bench.wait(lambda: len(stage.guide.report().figures) > 2, "feedback")
    figures = dict(stage.guide.report().figures)
    assert figures["still to go"] == "2.50 m" and figures["recoveries"] == "1"
    assert stage.guide.report().label == "2.5 m"


def test_a_second_click_takes_the_place_of_the_first(stage: Stage) -> None:
    stage.guide.go(1.0, 1.0)
    stage.bench.wait(lambda: len(stage.navigator.goals) == 2, "the second goal")
    stage.until("walks to x 9.00, y 1.00 m")
    stage.bench.spin(0.3)  # the end of the first one is not the end of this one
    assert stage.guide.report().words.startswith("walks to x 9.00")
    stage.navigator.end = End(NavigateToPose.Result())
    report = stage.until("arrived")
    assert report.level == "good" and not stage.guide.runs
    # The robot has not moved from x 1, y 0 in odom.
    assert dict(report.figures)["from the goal"] == "1.00 m"
    stage.bench.wait(lambda: not stage.guide.report().running, "the goal's end")


def test_a_failure_is_told_in_words(stage: Stage) -> None:
    stage.walk()
    result = failed(NavigateToPose, NO_VALID_PATH, "the <door> is shut")
    stage.navigator.end = End(result, False)
    report = stage.until("not reached")
    assert report.words == "not reached: no valid path (208): the <door> is shut"
    assert report.level == "bad"


def test_a_refused_goal_says_why_that_may_be(stage: Stage) -> None:
    stage.navigator.refuses = "emergency stop"
    stage.guide.go(2.0, 0.0)
    assert stage.until("refused").level == "bad"
    stage.navigator.refuses = ""


def test_cancel_ends_whatever_goal_there_is(stage: Stage) -> None:
    stage.walk()
    assert stage.guide.stop_going() == "asked to stop"
    assert stage.until("cancelled").level == "idle"


def test_a_recording_takes_no_goals(stage: Stage) -> None:
    path = to_path(convert.to_time(0.0), "map", np.array([[0, 0, 0], [1.0, 2.0, 0.5]]))
    stage.maps.on_path(path)
    stage.maps.on_path(Path())  # nonsense changes nothing
    report = stage.guide.report(replayed=True)
    assert not report.ready and "recording" in report.words
    assert report.path.tolist() == [[0.0, 0.0], [1.0, 2.0]]
    assert report.goal.tolist() == pytest.approx([1.0, 2.0, 0.5])
    assert stage.guide.report().path is None  # nobody walks it


def test_who_commands_the_legs(stage: Stage) -> None:
    clock = Clock()
    node = stage.bench.node
    authority = ConsoleAuthority(node, stage.goals, clock)

    def asked(task: str = "", ours: bool = False) -> Any:
        return authority._asked(task, ours)

    assert asked() == () and authority.sources() == ()
    stage.guide.go(2.0, 0.0)
    stage.bench.wait(lambda: asked(), "a goal that runs")
    assert asked(ours=True) == (PAGE, "navigation")
    assert asked(task="fetch") == ("navigation",)
    assert asked() == ("somebody", "navigation")
    stage.guide.stop_going()
    stage.bench.wait(lambda: not asked(), "the end of the goal")
    topics = [
        one.create_publisher(TwistStamped, "cmd_vel", 1)
        for one in (node, stage.navigator.node)
    ]

    def sources() -> tuple[str, ...]:
        clock.now += 5.0
        return authority.sources()

    stage.bench.wait(lambda: len(sources()) == 2, "both who send velocities")
    assert sources() == ("navigator", PAGE)
    node.destroy_publisher(topics[0])
    stage.navigator.node.destroy_publisher(topics[1])
    stage.bench.wait(lambda: not sources(), "nobody")


def test_goals_of_a_server_that_was_killed_do_not_run(bench: Bench) -> None:
    clock = Clock()
    goals = ConsoleGoals(bench.node, clock)
    goals._active["spin"] = {b"0123456789abcdef"}
    assert not goals.active("spin") and goals.running == ()


def test_codes_have_words() -> None:
    assert code_in_words(0) == ""
    assert code_in_words(206) == "goal occupied"
    assert code_in_words(105) == "failed to make progress"
    assert code_in_words(4711) == "code 4711"


def test_a_map_is_listened_to_while_it_is_looked_at(bench: Bench) -> None:
    maps = ConsoleMap(bench.node)
    topic = bench.full("map")
    values = np.array([[0, 100, -1]], np.int8)
    message = occupancy_message(
        convert.to_time(0.0), "map", values, 0.5, np.array([1.0, 2.0])
    )
    publisher = bench.node.create_publisher(type(message), "map", LATCHED)
    publisher.publish(message)
    before = bench.node.count_subscribers(topic)
    maps.watch("map")
    ground = bench.wait(lambda: maps.ground, "the map")
    assert ground.values.tolist() == values.tolist() and not ground.graded
    assert np.allclose(ground.origin.translation, (1.0, 2.0, 0.0))
    maps.watch("map")
    assert maps.ground is ground
    maps.watch("")
    assert maps.ground is None
    bench.wait(lambda: bench.node.count_subscribers(topic) == before, "silence")
    bench.node.destroy_publisher(publisher)
    message.info.width = 7
    with pytest.raises(ConfigError, match="3 cells for 7 x 1"):
        ground_map(message, graded=False)


def test_pictures_come_only_while_somebody_looks(bench: Bench) -> None:
    clock, node = Clock(), bench.node
    cameras = ConsoleCameras(node, ["head", "chest"], clock)
    topic = bench.full("camera/head/image_raw/compressed")
    publisher = node.create_publisher(CompressedImage, topic, 1)
    bench.wait(lambda: node.count_publishers(topic), "the camera")
    assert cameras.report() == [] and node.count_subscribers(topic) == 0
    cameras.watch(True)
    bench.wait(publisher.get_subscription_count, "who looks")
    clock.now += PERIOD
    (silent,) = cameras.report()
    assert silent.camera == "head" and not silent.data
    assert cameras.report() is None  # not yet due

    def picture(age: float, words: bytes) -> Any:
        now = node.get_clock().now().nanoseconds * 1e-9
        message = CompressedImage(format="rgb8; jpeg compressed bgr8", data=words)
        message.header.stamp = convert.to_time(now - age)
        publisher.publish(message)
        bench.wait(lambda: cameras._eyes[0].waiting, "the picture")
        clock.now += PERIOD
        return cameras.report()[0]

    first = picture(0.0, b"one")
    assert (first.data, first.kind, first.number) == (b"one", "jpeg", 1)
    assert not first.stale
    late = picture(5.0, b"two")  # it was under way for five seconds
    assert late.number == 2 and late.age > 5.0 and late.stale
    recorded = picture(1e6, b"three")  # by a clock of then
    assert not recorded.stale
    clock.now += 3.0
    assert cameras.report()[0].stale
    cameras.watch(False)
    bench.wait(lambda: node.count_subscribers(topic) == 0, "nobody looks")
    clock.now += LOOK_PERIOD
    assert cameras.report()[0].data == b"three"
    node.destroy_publisher(publisher)


def test_footsteps_are_read_as_the_controller_reads_them(bench: Bench) -> None:
    given: list[Any] = []
    walk = ConsoleWalk(bench.node, given.append)
    step = Footstep(foot=1)
    step.pose.position.x = 0.4
    step.pose.orientation.w = 1.0
    for frame, foot, count in (("map", 1, 0), ("odom", 7, 0), ("odom", 1, 1)):
        step.foot = foot
        message = Footsteps(steps=[step])
        message.header.frame_id = frame
        walk.on_footsteps(message)
        assert len(given) == count
    ((foothold,),) = given
    assert foothold.foot == 1
    assert np.allclose(foothold.sole_to_odom.translation, (0.4, 0.0, 0.0))


def test_the_gait_is_heard_from_whoever_walks(bench: Bench) -> None:
    walk = ConsoleWalk(bench.node, print)
    assert walk.balance is None
    legs = Member(name="legs", kind=LOCOMOTION_TYPE, state="active", commands=9)
    walk.find([legs])
    assert walk.name == "legs"
    publisher = bench.node.create_publisher(LocomotionStatus, "legs/status", 10)

    def heard() -> Any:
        publisher.publish(LocomotionStatus(mode="walk", steps=3))
        return walk.balance

    assert bench.wait(heard, "the gait").steps == 3
    walk.find([])
    assert walk.name == ""
    topic = bench.full("legs/status")
    bench.wait(lambda: bench.node.count_subscribers(topic) == 0, "silence")


def test_the_rate_of_the_core_is_that_of_its_file() -> None:
    assert update_rate("rx1", "/lab") == 500.0
    assert update_rate("nobody", "") == 0.0


def test_a_recording_is_finished_and_another_one_begun(bench: Bench) -> None:
    recorder = ConsoleRecorder(bench.node)
    assert recorder.report("").state == ""
    with pytest.raises(DeviceError, match="record:=true"):
        recorder.record(True)
    folder = bench.folder / "recordings"
    folder.mkdir()
    running = bench.start("recorder", output=str(folder / "a.mcap"), images=False)
    running.wait_until_ready()

    def ask(wanted: bool) -> str:
        """Click as a thread of the page does, while the executor goes on."""
        said: list[str] = []

        def click() -> None:
            try:
                said.append(recorder.record(wanted))
            except DeviceError as error:
                said.append(str(error))

        thread = threading.Thread(target=click)
        thread.start()
        bench.wait(lambda: not thread.is_alive(), "an answer")
        thread.join()
        return said[0]

    def state() -> str:
        return recorder.report("a.mcap").state

    bench.wait(lambda: state() == "active", "the recorder")
    assert recorder.report("a.mcap").recorded == "a.mcap"
    assert ask(False) == "the recording is finished"
    bench.wait(lambda: state() == "inactive", "its end")
    assert recorder.report("a.mcap").recorded == ""
    assert len(list(folder.glob("*.mcap"))) == 1
    assert ask(True) == "recording"
    bench.wait(lambda: state() == "active", "the next recording")
    assert running.interrupt() == 0
    assert len(list(folder.glob("*.mcap"))) == 2  # never over an old one


def test_a_pose_that_is_none_is_left_out(bench: Bench) -> None:
    frames = ConsoleFrames(bench.node, "base_link")
    good = convert.to_transform(
        convert.to_time(0.0), "odom", "base_link", SE3.Identity()
    )
    frames.on_tf(serialize_message(TFMessage(transforms=[good])))
    assert frames.base_to_odom is not None
    good.transform.rotation.w = math.nan
    good.transform.translation.x = 5.0
    frames.on_tf(serialize_message(TFMessage(transforms=[good])))
    assert frames.base_to_odom.translation[0] == 0.0
