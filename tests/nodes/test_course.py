# SPDX-License-Identifier: Apache-2.0
"""Who leads a robot over a course: waits until it stands, then says what is wanted."""

import json
from pathlib import Path

import pytest
from geometry_msgs.msg import TwistStamped

from renxing_msgs.msg import LocomotionStatus

pytestmark = pytest.mark.ros


def test_it_leads_a_robot_that_stands_and_then_falls_silent(
    bench, tmp_path: Path
) -> None:
    course = {
        "times": [0.2, 1.0],
        "velocities": [[0.4, 0.1, -0.2], [0.0, 0.0, 0.5]],
        "silent_from": 1.6,
        "duration": 2.5,
        "namespace": bench.namespace,
    }
    file = tmp_path / "course.json"
    file.write_text(json.dumps(course))
    heard: list[TwistStamped] = []
    status = bench.node.create_publisher(LocomotionStatus, "locomotion/status", 1)
    bench.node.create_subscription(TwistStamped, "cmd_vel", heard.append, 50)
    mode = ["walk"]
    timer = bench.node.create_timer(
        0.1, lambda: status.publish(LocomotionStatus(mode=mode[0]))
    )
    running = bench.start_command("renxing.nodes.course", str(file))
    bench.wait(lambda: status.get_subscription_count(), "it to listen")
    bench.spin(2.0)
    assert not heard and "begin" not in running.output  # it does not stand yet
    mode[0] = "stand"
    bench.wait(lambda: running.process.poll() is not None, "its end")
    bench.node.destroy_timer(timer)
    assert running.wait() == 0, running.output
    assert running.output.splitlines()[0] == "begin"
    assert json.loads(running.output.splitlines()[-1]) == {}  # no core, no ledger
    wanted = [(m.twist.linear.x, m.twist.linear.y, m.twist.angular.z) for m in heard]
    order = list(dict.fromkeys(wanted))
    assert order == [(0.0, 0.0, 0.0), (0.4, 0.1, -0.2), (0.0, 0.0, 0.5)]
    stamps = [m.header.stamp.sec + 1e-9 * m.header.stamp.nanosec for m in heard]
    assert stamps[-1] - stamps[0] < 1.9  # and then it was silent
