# SPDX-License-Identifier: Apache-2.0
"""Core and skin as processes: a push is felt, and a dead core is noticed."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from mujoco_ros2_control_msgs.msg import ExternalWrench
from mujoco_ros2_control_msgs.srv import ApplyExternalWrench
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from renxing.nodes.convert import to_seconds
from renxing.robot import Robot
from renxing.robot.skin import SkinLayout
from renxing.runtime.block_file import SHARED_FOLDER
from renxing_msgs.msg import SkinContacts, SkinPatch

pytestmark = [pytest.mark.ros, pytest.mark.slow]


@pytest.fixture(scope="module")
def stack(bench: Any) -> Any:
    core = bench.start_core("--world", "flat")
    core.wait_until_ready()
    manager = bench.start("controller_manager", robot="rx1", wait_for_core=True)
    skin = bench.start("skin", robot="rx1", niceness=0)
    for process in (manager, skin):
        process.wait_until_ready()
    bench.core = core
    return bench


def push(bench: Any, force: float, seconds: int) -> None:
    wrench = ExternalWrench()
    wrench.wrench.header.frame_id = "torso_link"
    wrench.wrench.wrench.force.x = -force
    wrench.application_point.y, wrench.application_point.z = 0.05, 0.25
    wrench.duration.sec = seconds
    request = ApplyExternalWrench.Request()
    request.wrenches.external_wrenches = [wrench]
    done = bench.call(ApplyExternalWrench, "twin/apply_wrench", **fields(request))
    assert done.success


def fields(message: Any) -> dict[str, Any]:
    names = message.get_fields_and_field_types()
    return {name: getattr(message, name) for name in names}


def told(bench: Any, is_so: Any) -> Any:
    """Return the first status of the skin for which something is so."""
    name = f"{bench.namespace}: skin"

    def status(message: DiagnosticArray) -> Any:
        return [one for one in message.status if one.name == name]

    message = bench.until(
        DiagnosticArray, "/diagnostics", lambda m: any(map(is_so, status(m)))
    )
    return status(message)[0]


def test_a_push_is_a_contact_with_its_force_and_place(stack: Any) -> None:
    told(stack, lambda one: one.message == "feels")
    stack.until(SkinContacts, "skin/contacts", lambda m: not m.contacts)
    push(stack, 20.0, 20)
    message = stack.until(SkinContacts, "skin/contacts", lambda m: m.contacts)
    (contact,) = message.contacts
    assert (contact.patch, contact.frame_id) == ("chest", "chest_skin")
    # Taxels whose gain is known to 2 %, and perhaps a broken one.
    assert contact.force == pytest.approx(20.0, rel=0.1)
    # x of the patch points down, from 0.22 m above the torso's origin.
    assert contact.position.x == pytest.approx(-0.03, abs=0.01)
    assert contact.position.y == pytest.approx(0.05, abs=0.01)
    assert contact.area == pytest.approx(0.003, abs=0.002)
    assert message.header.frame_id == "base_link"


def test_the_patch_s_image_shows_it(stack: Any, robot: Robot) -> None:
    push(stack, 20.0, 20)
    message = stack.until(
        SkinPatch, "skin/chest", lambda m: max(m.pressure) > 2000.0 and any(m.valid)
    )
    assert (message.rows, message.columns, message.header.frame_id) == (
        *(12, 10),
        "chest_skin",
    )
    assert message.pitch == pytest.approx(0.02)
    assert len(message.valid) == len(message.pressure) == 120
    assert 24.0 < message.temperature < 31.0
    layout = SkinLayout(robot.description.sensors.skin)
    overview = stack.one(Image, "skin/overview")
    pressure = np.frombuffer(overview.data, np.float32)
    assert pressure.shape == (layout.size,)
    chest = pressure[layout.slices[-1]]
    assert np.nanargmax(chest) == np.argmax(message.pressure)
    arrow = stack.until(MarkerArray, "skin/markers", lambda m: m.markers).markers[0]
    assert arrow.header.frame_id == "chest_skin"


def test_samples_come_at_their_rate_and_the_stamps_are_ros_time(stack: Any) -> None:
    messages = stack.collect(SkinContacts, "skin/contacts", 100)
    stamps = [to_seconds(message.header.stamp) for message in messages]
    steps = np.diff(stamps)
    # 500 Hz cycles: 4 or 6 ms apart, whatever the machine's load. Some may be lost.
    assert np.quantile(steps, 0.1) >= 0.0035
    assert np.median(steps) == pytest.approx(0.005, abs=0.0015)
    now = stack.node.get_clock().now().nanoseconds * 1e-9
    assert abs(now - stamps[-1]) < 5.0


def test_a_core_that_stalls_does_not_cost_a_tare(stack: Any) -> None:
    push(stack, 20.0, 20)
    stack.until(SkinContacts, "skin/contacts", lambda m: m.contacts)
    found: list[Any] = []
    subscription = stack.node.create_subscription(
        SkinPatch, "skin/chest", found.append, 10
    )
    stack.wait(lambda: found, "the chest")
    stack.core.process.send_signal(signal.SIGSTOP)
    try:
        stack.spin(0.4)
        found.clear()
    finally:
        stack.core.process.send_signal(signal.SIGCONT)
    stack.wait(lambda: found, "the chest again")
    stack.node.destroy_subscription(subscription)
    assert any(found[0].valid)


def test_a_tare_takes_what_it_feels_for_nothing(stack: Any) -> None:
    answer = stack.call(Trigger, "skin/tare")
    assert answer.success
    told(stack, lambda one: one.message == "feels")


def test_broken_taxels_are_counted(stack: Any) -> None:
    status = told(stack, lambda one: one.message == "feels")
    values = {pair.key: int(pair.value) for pair in status.values}
    assert values["taxels"] == 504
    assert 1 <= values["dead"] + values["stuck"] <= 20
    assert values["none"] + values["dead"] + values["stuck"] == 504


def test_a_robot_without_skin_says_so(bench: Any, load: Any) -> None:
    load("g1")
    process = bench.start("skin", robot="g1", namespace="bare")
    process.wait_until_ready()
    name = "bare: skin"
    message = bench.until(
        DiagnosticArray,
        "/diagnostics",
        lambda m: any(one.name == name for one in m.status),
    )
    (status,) = [one for one in message.status if one.name == name]
    assert status.message == "the robot has no skin"
    assert process.interrupt() == 0
    assert "no skin" in process.output


def test_a_calibration_file_of_other_taxels_ends_it(stack: Any, tmp_path: Path) -> None:
    file = tmp_path / "few.npz"
    np.savez(file, gain=np.ones(3), offset=np.zeros(3))
    process = stack.start("skin", robot="rx1", calibration=str(file))
    process.forget()
    assert process.wait() == 1
    assert "504 finite numbers wanted" in process.output


def test_a_dead_core_is_noticed_and_nothing_old_is_published(stack: Any) -> None:
    stack.core.process.kill()
    stack.core.wait()
    status = told(stack, lambda one: one.message.startswith("no counts"))
    assert status.level == DiagnosticStatus.ERROR
    heard: list[Any] = []
    topics = ((SkinContacts, "skin/contacts"), (Image, "skin/overview"))
    for kind, topic in topics:
        stack.node.create_subscription(kind, topic, heard.append, 10)
    stack.spin(1.0)
    assert not heard
    # What a core that was killed leaves behind, the next of its name would take over.
    for file in SHARED_FOLDER.glob(f"renxing.core.{stack.namespace}.*"):
        file.unlink()
