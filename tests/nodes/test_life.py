# SPDX-License-Identifier: Apache-2.0
"""The life cycle of a node, and its clock when it is the one that makes time."""

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from mujoco_ros2_control_msgs.srv import ResetWorld, SetPause
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from renxing.nodes.convert import to_seconds

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def twin(bench):
    """A simulation that publishes the clock."""
    bench.start_core("--clock", "true").wait_until_ready()
    given = {"use_sim_time": True, "publish_clock": True}
    bench.start("controller_manager", **given).wait_until_ready()
    return bench


def change(twin, transition: int) -> bool:
    message = Transition(id=transition)
    return bool(
        twin.call(
            ChangeState, "controller_manager/change_state", transition=message
        ).success
    )


def state(twin) -> str:
    return str(twin.call(GetState, "controller_manager/get_state").current_state.label)


def test_the_clock_and_every_stamp_are_simulated_time(twin) -> None:
    stamps = [to_seconds(m.clock) for m in twin.collect(Clock, "clock", 200)]
    steps = np.diff(stamps)
    assert (steps > 0.0).all()
    assert np.median(steps) == pytest.approx(0.002, abs=1e-6)
    for kind, topic, rate in (
        (JointState, "joint_states", 500.0),
        (Odometry, "ground_truth/odom", 50.0),
    ):
        found = [to_seconds(m.header.stamp) for m in twin.collect(kind, topic, 30)]
        assert (np.diff(found) > 0.0).all()
        assert np.median(np.diff(found)) == pytest.approx(1.0 / rate, rel=0.01)
        assert 0.0 < found[0] < 1000.0
    # The clock of this namespace, so that two simulations can run side by side.
    assert twin.node.get_publishers_info_by_topic("/clock") == []
    follows = twin.node.get_subscriptions_info_by_topic(twin.full("clock"))
    assert [info.node_name for info in follows] == ["controller_manager"]


def test_the_clock_stands_still_while_paused_and_goes_back_at_a_reset(twin) -> None:
    twin.until(Clock, "clock", lambda m: to_seconds(m.clock) > 1.0)
    assert twin.call(SetPause, "twin/set_pause", paused=True).success
    first, *_, last = [to_seconds(m.clock) for m in twin.collect(Clock, "clock", 10)][
        3:
    ]
    assert first == last
    assert twin.call(ResetWorld, "twin/reset_world").success
    twin.until(Clock, "clock", lambda m: to_seconds(m.clock) == 0.0)
    assert twin.call(SetPause, "twin/set_pause", paused=False).success


def test_clean_up_and_configure_again(twin) -> None:
    assert change(twin, Transition.TRANSITION_DEACTIVATE)
    assert change(twin, Transition.TRANSITION_CLEANUP)
    assert state(twin) == "unconfigured"
    joint_states = twin.full("joint_states")
    twin.wait(
        lambda: not twin.node.get_publishers_info_by_topic(joint_states), "no publisher"
    )
    assert change(twin, Transition.TRANSITION_CONFIGURE)
    assert change(twin, Transition.TRANSITION_ACTIVATE)
    twin.collect(JointState, "joint_states", 10)
    # Nothing is there twice.
    assert len(twin.node.get_publishers_info_by_topic(joint_states)) == 1
    answer = twin.call(Trigger, "controller_manager/reset_emergency_stop")
    assert answer.message == "not stopped"


def test_an_impossible_transition_is_refused_and_harms_nobody(twin) -> None:
    assert state(twin) == "active"
    assert not change(twin, Transition.TRANSITION_ACTIVATE)
    assert not change(twin, Transition.TRANSITION_CONFIGURE)
    assert state(twin) == "active"
    twin.collect(JointState, "joint_states", 10)


def test_parameters_are_described_typed_and_read_only(twin) -> None:
    node = "controller_manager"
    names = ["robot", "publish_tf"]
    asked = twin.call(DescribeParameters, f"{node}/describe_parameters", names=names)
    text, flag = asked.descriptors
    assert text.type == ParameterType.PARAMETER_STRING
    assert flag.type == ParameterType.PARAMETER_BOOL
    assert all(d.description and d.read_only for d in asked.descriptors)
    values = twin.call(GetParameters, f"{node}/get_parameters", names=["robot"]).values
    assert values[0].string_value == "rx1"
    new = Parameter("publish_tf", value=False).to_parameter_msg()
    answer = twin.call(SetParameters, f"{node}/set_parameters", parameters=[new])
    assert not answer.results[0].successful


def test_shutting_it_down_twice_is_no_error(twin) -> None:
    assert change(twin, Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert state(twin) == "finalized"
    for running in twin.started[::-1]:
        assert running.interrupt() == 0, running.output
