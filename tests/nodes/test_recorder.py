# SPDX-License-Identifier: Apache-2.0
"""The recorder with the real stack: what is in the file, and what ends it."""

import contextlib
import json
import resource
import secrets
import signal
from pathlib import Path

import psutil
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from mcap.exceptions import EndOfFile
from mcap.reader import NonSeekingReader, make_reader
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

import renxing
from renxing.nodes.convert import to_seconds
from renxing.runtime.playback import Playback

pytestmark = pytest.mark.ros


def start(stack, output: Path, **parameters):
    parameters = {"robot": "rx1", "world": "workshop", **parameters}
    running = stack.start("recorder", output=str(output), **parameters)
    return running.wait_until_ready()


def record(
    stack,
    output: Path,
    number: int = signal.SIGINT,
    awaited: tuple[str, ...] = (),
    **parameters,
):
    """Record the joints for a while, and return what the process said.

    It ends when something of each of the awaited topics is in the file: some are said
    once a second, or were latched and come late.
    """
    # A recorder that was killed stays on the graph for some time.
    known = listeners(stack, "joint_states")
    running = start(stack, output, **parameters)
    stack.wait(
        lambda: listeners(stack, "joint_states") - known, "the recorder to listen"
    )
    stack.collect(JointState, "joint_states", 500)
    for topic in awaited:
        stack.wait(
            lambda topic=topic: messages_so_far(stack, output, topic),
            f"{topic} in the recording",
        )
    assert running.interrupt(number) in (0, -number), running.output
    return running


def listeners(stack, topic: str) -> set[tuple[int, ...]]:
    infos = stack.node.get_subscriptions_info_by_topic(stack.full(topic))
    return {tuple(i.endpoint_gid) for i in infos if i.node_name == "recorder"}


def messages_of(stack, path: Path, topic: str) -> list[bytes]:
    with path.open("rb") as stream:
        return [
            message.data
            for _, channel, message in make_reader(stream).iter_messages()
            if channel.topic == stack.full(topic)
        ]


def messages_so_far(stack, path: Path, topic: str) -> list[bytes]:
    """Read a file that has no end: one that is being written, or was given up."""
    data = []
    with path.open("rb") as stream, contextlib.suppress(EndOfFile):
        for _, channel, message in NonSeekingReader(stream).iter_messages(
            log_time_order=False
        ):
            if channel.topic == stack.full(topic):
                data.append(message.data)
    return data


def test_a_recording_holds_what_was_said(stack, robot, tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    said = {"joint_states", "imu/data", "tf", "tf_static", "twin/status"}
    awaited = (*said, "robot_description", "/diagnostics")
    assert f"in {path}" in record(stack, path, awaited=awaited).output
    with path.open("rb") as stream:
        reader = make_reader(stream)
        summary = reader.get_summary()
        records = {record.name: record.metadata for record in reader.iter_metadata()}
        assert reader.get_header().profile == "ros2"
    assert records["renxing"] == {
        "version": renxing.__version__,
        "robot": "rx1",
        "world": "workshop",
        "namespace": stack.namespace,
    }
    channels = {c.topic: c for c in summary.channels.values()}
    # All in our namespace, nothing of others, but where all of them report.
    assert "/diagnostics" in channels
    del channels["/diagnostics"]
    assert said <= {topic.removeprefix(f"/{stack.namespace}/") for topic in channels}
    assert all(topic.startswith(f"/{stack.namespace}/") for topic in channels)
    joints = channels[stack.full("joint_states")]
    schema = summary.schemas[joints.schema_id]
    assert (joints.message_encoding, schema.encoding) == ("cdr", "ros2msg")
    assert schema.name == "sensor_msgs/msg/JointState"
    assert "MSG: builtin_interfaces/Time\n" in schema.data.decode()
    assert joints.metadata["topic_type_hash"].startswith("RIHS01_")
    assert "reliability: reliable" in joints.metadata["offered_qos_profiles"]

    found = [
        deserialize_message(data, JointState)
        for data in messages_of(stack, path, "joint_states")
    ]
    assert summary.statistics.channel_message_counts[joints.id] == len(found) >= 450
    assert all(tuple(message.name) == robot.joints for message in found)
    stamps = [to_seconds(message.header.stamp) for message in found]
    assert stamps == sorted(stamps)
    # The latched ones are there though they were said before it listened.
    (description,) = messages_of(stack, path, "robot_description")
    assert "<robot" in deserialize_message(description, String).data
    (fixed,) = messages_of(stack, path, "tf_static")
    assert len(deserialize_message(fixed, TFMessage).transforms) > 10


def test_killed_it_leaves_all_but_the_last_moment(stack, tmp_path: Path) -> None:
    path = tmp_path / "killed.mcap"
    record(stack, path, signal.SIGKILL, flush_period=0.2)
    found = [
        deserialize_message(data, JointState)
        for data in messages_so_far(stack, path, "joint_states")
    ]
    stamps = [to_seconds(message.header.stamp) for message in found]
    assert len(stamps) > 250
    assert stamps == sorted(stamps)


def test_only_what_is_wanted_and_never_over_an_old_file(stack, tmp_path: Path) -> None:
    path = tmp_path / "some.mcap"
    path.write_text("precious")
    record(stack, path, include="/joint_states$|imu", exclude="pelvis|dynamic")
    assert path.read_text() == "precious"
    with (tmp_path / "some-1.mcap").open("rb") as stream:
        summary = make_reader(stream).get_summary()
    topics = {channel.topic for channel in summary.channels.values()}
    assert topics == {stack.full("joint_states"), stack.full("imu/data")}


def test_publishers_that_come_later_and_less_reliable(stack, tmp_path: Path) -> None:
    running = start(stack, tmp_path, include="/late$", flush_period=0.1)
    (path,) = tmp_path.glob("*.mcap")
    sloppy = QoSProfile(depth=10, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    publishers = []
    for qos, word in ((QoSProfile(depth=10), "kept"), (sloppy, "sloppy")):
        # Both stay: the recorder has to hear the two of them at once.
        publisher = stack.node.create_publisher(String, "late", qos)
        publishers.append(publisher)

        # For as long as it takes: where a process was killed shortly before, Fast DDS
        # may need 3 s until what is matched is also heard.
        def heard(publisher=publisher, word=word) -> bool:
            publisher.publish(String(data=word))
            stack.spin(0.05)
            data = messages_so_far(stack, path, "late")
            return word in {deserialize_message(d, String).data for d in data}

        stack.wait(heard, f"the recorder to hear the {word} publisher")
    for publisher in publishers:
        stack.node.destroy_publisher(publisher)
    assert running.interrupt(signal.SIGTERM) == 0, running.output
    data = messages_of(stack, path, "late")
    assert {deserialize_message(d, String).data for d in data} == {"kept", "sloppy"}


def test_a_disk_that_refuses_ends_the_recording_not_the_node(
    stack, tmp_path: Path
) -> None:
    path = tmp_path / "full.mcap"
    running = start(stack, path, flush_period=0.1, include="/joint_states$")
    limit = 1_000_000
    psutil.Process(running.process.pid).rlimit(resource.RLIMIT_FSIZE, (limit, limit))
    stack.wait(lambda: "recording ended" in running.output, "the end of the recording")
    stack.spin(1.0)
    assert running.process.poll() is None
    assert running.output.count("recording ended") == 1
    assert messages_of(stack, path, "joint_states")
    assert running.interrupt() == 0, running.output
    assert "Traceback" not in running.output


def test_the_parameters_of_all_nodes_are_in_the_file(stack, tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    running = start(stack, path, include="/twin/status$", flush_period=0.1)

    def records() -> dict[str, dict[str, str]]:
        with path.open("rb") as stream, contextlib.suppress(EndOfFile):
            return {
                m.name: m.metadata for m in NonSeekingReader(stream).iter_metadata()
            }
        return {}

    name = f"parameters:{stack.full('controller_manager')}"
    own = f"parameters:{stack.full('recorder')}"
    stack.wait(lambda: {name, own} <= records().keys(), "the parameters")
    # One that comes later, and whose parameters have all kinds of types.
    late = Node("late", namespace=stack.namespace, context=stack.context)
    try:
        late.declare_parameters(
            "", [("numbers", [1.5, 2.0]), ("word", "走"), ("on", True)]
        )
        stack.executor.add_node(late)
        stack.wait(
            lambda: f"parameters:{stack.full('late')}" in records(), "the late node"
        )
    finally:
        stack.executor.remove_node(late)
        late.destroy_node()
    assert running.interrupt() == 0, running.output
    found = records()
    assert json.loads(found[name]["robot"]) == "rx1"
    assert json.loads(found[own]["flush_period"]) == 0.1
    values = {
        k: json.loads(v) for k, v in found[f"parameters:{stack.full('late')}"].items()
    }
    assert values.items() >= {("word", "走"), ("on", True)}
    assert values["numbers"] == [1.5, 2.0]


def test_it_says_how_it_does(stack, tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    name = f"{stack.namespace}/recorder: Recording"
    heard: list[DiagnosticStatus] = []

    # The recorder of an earlier test may still be heard under the same name.
    def on_diagnostics(message: DiagnosticArray) -> None:
        heard.extend(
            status
            for status in message.status
            if status.name == name and str(path) in status.message
        )

    listener = stack.node.create_subscription(
        DiagnosticArray, "/diagnostics", on_diagnostics, 100
    )
    publisher = stack.node.create_publisher(String, "much", 10)
    running = start(stack, path, include="/much$", flush_period=0.1, max_size=2.0)
    stack.wait(lambda: heard, "the recorder to say how it does")

    def ended() -> bool:
        # Noise, as what is written is compressed.
        publisher.publish(String(data=secrets.token_hex(50_000)))
        return heard[-1].level == DiagnosticStatus.ERROR

    stack.wait(ended, "the recording's end")
    stack.node.destroy_subscription(listener)
    stack.node.destroy_publisher(publisher)
    well, over = ({p.key: p.value for p in s.values} for s in (heard[0], heard[-1]))
    assert heard[0].level == DiagnosticStatus.OK
    assert heard[0].message.startswith(f"{path}, ")
    assert well["file"] == str(path) and well["ended"] == ""
    assert int(well["free"]) > 10**6
    assert heard[-1].message.startswith(f"ended: 2 MB are reached; {path}, 2 MB")
    assert int(over["size"]) >= 2_000_000
    assert int(over["messages"]) > int(well["messages"])
    assert running.interrupt() == 0


@pytest.mark.parametrize("images", [False, True])
def test_what_is_bulky_is_left_out_unless_it_is_wanted(
    stack, tmp_path: Path, images: bool
) -> None:
    raw, small = "camera/head/image_raw", "camera/head/image_raw/compressed"
    publishers = [
        stack.node.create_publisher(Image, raw, 2),
        stack.node.create_publisher(CompressedImage, small, 2),
    ]
    running = start(
        stack, tmp_path / "a.mcap", images=images, include="image_raw", flush_period=0.1
    )
    try:
        expected = {small, raw} if images else {small}

        def heard() -> bool:
            for publisher in publishers:
                publisher.publish(publisher.msg_type(data=b"x"))
            return all(messages_so_far(stack, tmp_path / "a.mcap", t) for t in expected)

        stack.wait(heard, "the recorder to hear what is wanted")
        assert publishers[0].get_subscription_count() == int(images)
        assert running.interrupt() == 0
        channels = Playback(tmp_path / "a.mcap").channels.values()
        assert {c.topic for c in channels} == {stack.full(topic) for topic in expected}
    finally:
        for publisher in publishers:
            stack.node.destroy_publisher(publisher)


def test_a_size_that_is_enough(stack, tmp_path: Path) -> None:
    path = tmp_path / "enough.mcap"
    running = start(stack, path, flush_period=0.1, max_size=0.1)
    stack.wait(lambda: "0.1 MB are reached" in running.output, "the end")
    with path.open("rb") as stream:
        assert make_reader(stream).get_summary().statistics.message_count > 0
    assert running.interrupt() == 0


def test_what_it_refuses(stack, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for said, given in {
        "parameter 'include': '('": {"include": "("},
        "recording /proc/nobody/x.mcap": {"output": "/proc/nobody/x.mcap"},
        "are to stay free": {"output": str(tmp_path), "keep_free": 1e12},
    }.items():
        running = stack.start("recorder", **given)
        assert running.wait() == 1
        assert said in running.output, running.output
    assert not list(tmp_path.glob("*.mcap"))


def test_the_folder_may_be_chosen_by_the_environment(stack, tmp_path: Path) -> None:
    chosen = {"RENXING_RECORDING_DIR": str(tmp_path / "new")}
    running = stack.start("recorder", output="", environment=chosen).wait_until_ready()
    assert running.interrupt() == 0
    assert len(list((tmp_path / "new").glob("20*.mcap"))) == 1
