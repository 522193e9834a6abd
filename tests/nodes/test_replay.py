# SPDX-License-Identifier: Apache-2.0
"""A recording on the graph again, with real processes."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import TwistStamped
from mcap.writer import Writer
from nav_msgs.msg import Odometry
from rclpy.qos import QoSDurabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, String
from tests.nodes.conftest import LATCHED, Bench
from tests.nodes.recordings import Script, converse, walk

from renxing.nodes.console import ConsoleConfig
from renxing.nodes.console_recording import ConsoleRecording
from renxing.nodes.convert import to_seconds
from renxing.nodes.recording_reports import recorder_report
from renxing.nodes.replay import ReplayConfig
from renxing.nodes.replayed import topics_to_play
from renxing.resources import resource
from renxing.robot import Robot
from renxing.runtime.bringup import load_table, resolve
from renxing.runtime.playback import Playback
from renxing.runtime.recording import Recording
from renxing_msgs.msg import LocomotionStatus, Plan

pytestmark = pytest.mark.ros

LENGTH = 2.0  # [s]


@pytest.fixture
def own_bench(tmp_path: Path, free_domain: Callable[[], int]) -> Iterator[Bench]:
    """Nobody else: what a test leaves on the graph is in the way of the next one."""
    bench = Bench(tmp_path, free_domain())
    yield bench
    bench.close()


@pytest.fixture
def recorded(robot: Robot, tmp_path: Path) -> Path:
    script = Script(tmp_path / "a.mcap", "left")
    script.write(0.0, "cmd_vel", TwistStamped())
    script.write(0.0, "emergency_stop", Bool(data=True), latched=True)
    statuses = [
        DiagnosticStatus(name=name)
        for name in (
            "left/controller_manager: A",
            "right/x: B",
            "left/recorder: Recording",
        )
    ]
    for time in (0.1, 1.5):
        script.write(time, "/diagnostics", DiagnosticArray(status=statuses))
    converse(script)
    walk(script, robot, LENGTH)
    script.recording.close()
    return script.recording.path


def test_what_was_said_is_said_again(own_bench: Bench, recorded: Path) -> None:
    bench = own_bench
    joints: list[JointState] = []
    said: set[str] = set()
    node = bench.node
    node.create_subscription(JointState, "joint_states", joints.append, 1000)

    def on_diagnostics(message: DiagnosticArray) -> None:
        said.update(status.name for status in message.status)

    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 100)
    running = bench.start("replay", file=str(recorded)).wait_until_ready()
    bench.wait(lambda: "is over" in running.output, "the end of the recording")
    # With the stamps of then, in their order, into the namespace of now.
    stamps: list[float] = []

    def complete() -> bool:
        stamps[:] = [to_seconds(message.header.stamp) for message in joints]
        return bool(stamps) and stamps[-1] >= LENGTH - 1e-6

    bench.wait(complete, "the last joints")
    # It does not wait until all have found it: the first ones may be missed.
    assert stamps == sorted(stamps) and len(stamps) > 20
    # What was latched is so for those who come late.
    plan = bench.latched(Plan, "brain/plan")
    assert plan.text == "走到门"
    assert bench.latched(String, "robot_description").data == "<robot/>"
    # Only the recorded stack, as if it were here, and the replay itself.
    assert said == {
        f"{bench.namespace}/controller_manager: A",
        f"{bench.namespace}/replay: Replay",
    }
    # Commands are not repeated.
    names = {name for name, _ in node.get_topic_names_and_types()}
    assert bench.full("ground_truth/odom") in names
    for command in ("cmd_vel", "emergency_stop"):
        assert not node.get_publishers_info_by_topic(bench.full(command))
    assert not any(name.startswith("/left") for name in names)
    assert running.interrupt() == 0
    assert "Traceback" not in running.output


def test_the_page_knows_that_it_is_a_replay(own_bench: Bench, robot: Robot) -> None:
    bench = own_bench
    script = Script(bench.folder / "a.mcap", "left")
    script.write(0.0, "locomotion/status", LocomotionStatus(mode="walk"))
    walk(script, robot, LENGTH)
    script.recording.close()
    page = ConsoleRecording(bench.node)
    assert (page.played, page.recorded) == ("", "")
    assert page.listen_to_locomotion(print) is None
    running = bench.start("replay", file=str(script.recording.path), loop=True)
    running.wait_until_ready()
    bench.wait(lambda: page.played, "the replay's report")
    assert re.fullmatch(r"a\.mcap, [\d.]+ of 2\.0 s, x 1", page.played)
    modes: list[str] = []
    listening = page.listen_to_locomotion(lambda message: modes.append(message.mode))
    bench.wait(lambda: modes, "the status of who walked")
    assert modes[0] == "walk"
    bench.node.destroy_subscription(listening)
    report = recorder_report(
        bench.namespace, Path("/b.mcap"), size=3 * 10**6, messages=1, free=9, ended=""
    )
    page.on_diagnostics(report)
    assert page.recorded == "/b.mcap, 3 MB"
    assert running.interrupt() == 0


def test_a_part_again_and_again(own_bench: Bench, recorded: Path) -> None:
    bench = own_bench
    found: list[float] = []

    def on_joints(message: JointState) -> None:
        found.append(to_seconds(message.header.stamp))

    bench.node.create_subscription(JointState, "joint_states", on_joints, 1000)
    running = bench.start(
        "replay", file=str(recorded), start=1.3, seconds=0.5, loop=True, rate=2.0
    )
    running.wait_until_ready()

    def turns() -> int:
        return sum(b < a for a, b in zip(found, found[1:], strict=False))

    bench.wait(lambda: turns() >= 2, "the third round")
    assert min(found) == pytest.approx(1.3, abs=0.03)
    assert max(found) == pytest.approx(1.8, abs=0.03)
    # The plan was over before the part began: it is known all the same.
    plans = bench.collect(Plan, "brain/plan", 3, LATCHED)
    # Whoever joins in a round hears it from there on.
    assert sorted(plan.steps[0].state for plan in plans) == [0, 1, 2]
    assert running.interrupt() == 0


def test_it_stays_away_from_a_robot(own_bench: Bench, recorded: Path) -> None:
    bench = own_bench
    robot = bench.node.create_publisher(JointState, "joint_states", 10)
    running = bench.start("replay", file=str(recorded))
    assert running.wait() == 1
    who = "published by (client|another node): a robot runs here"
    assert re.search(f"joint_states is {who}", running.output)
    bench.node.destroy_publisher(robot)
    # One that comes later ends it.
    running = bench.start("replay", file=str(recorded), loop=True).wait_until_ready()
    bench.node.create_publisher(Odometry, "ground_truth/odom", 10)
    assert running.wait() == 1
    assert re.search(f"ground_truth/odom is {who}", running.output)


def test_what_it_refuses(own_bench: Bench, recorded: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mcap"
    with other.open("wb") as stream:
        writer = Writer(stream)
        writer.start()
        number = writer.register_channel("/a", "json", 0)
        writer.add_message(number, 10**9, b"{}", 10**9)
        writer.finish()
    for said, given in {
        "no recording is named": {},
        "No such file": {"file": str(tmp_path / "none.mcap")},
        "allowed: up to 2.0 s": {"file": str(recorded), "start": 5.0},
        "no topic in it that can be played": {"file": str(other)},
    }.items():
        running = own_bench.start("replay", **given)
        assert running.wait() == 1
        assert said in running.output, running.output
        assert "Traceback" not in running.output


def test_the_table_gives_what_the_nodes_read() -> None:
    table = load_table(resource("config/replay.yaml"))
    specs = {spec.name: spec for spec in resolve(table, {})}
    for spec, config in (("replay", ReplayConfig), ("console", ConsoleConfig)):
        given = specs[spec].parameters[spec]
        for name, value in given.items():
            kind = {f.name: f.type for f in dataclasses.fields(config)}[name]
            assert type(value) is kind, name
    assert specs["replay"].parameters["replay"].keys() == {
        field.name for field in dataclasses.fields(ReplayConfig)
    }
    assert "console" not in {s.name for s in resolve(table, {"console": "false"})}


def test_foreign_types_are_left_out_with_a_warning(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mcap", {}, 0)
    for topic, kind, definition in (
        ("/joint_states", "sensor_msgs/msg/JointState", "float64[] angle"),
        ("/strange", "strange_msgs/msg/Strange", "bool x"),
        # Comments and blanks do not make another type.
        ("/good", "std_msgs/msg/String", "# a word\n\n  string   data"),
    ):
        channel = recording.add_channel(topic, kind, definition, {})
        recording.write(channel, 10**9, b"\x00\x01\x00\x00")
    recording.close()
    played, warnings = topics_to_play(
        Playback(recording.path), "/here", re.compile("nothing")
    )
    assert [topic.name for topic in played.values()] == ["/here/good"]
    assert [topic.kind for topic in played.values()] == [String]
    (qos,) = (topic.qos for topic in played.values())
    assert qos.durability == QoSDurabilityPolicy.VOLATILE
    different, absent = warnings
    assert "the installed definition is another one" in different
    assert "'strange_msgs/msg/Strange': not installed" in absent
