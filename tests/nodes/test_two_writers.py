# SPDX-License-Identifier: Apache-2.0
"""Two controllers want one joint, two publishers one controller, two cores a robot."""

import pytest
import yaml
from controller_manager_msgs.srv import (
    ConfigureController,
    ListControllers,
    LoadController,
    SwitchController,
    UnloadController,
)
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

pytestmark = pytest.mark.ros
STRICT, BEST_EFFORT = SwitchController.Request.STRICT, 1
ELBOW = "left_elbow_joint"
KIND = "forward_command_controller/ForwardCommandController"
JOINTS = {"first": ELBOW, "second": ELBOW, "other": "right_elbow_joint"}


class Rivals:
    """Controllers of one joint that are configured, and one of another joint."""

    def __init__(self, bench):
        self.bench = bench

    def call(self, kind, name, /, **fields):
        return self.bench.call(kind, f"controller_manager/{name}", **fields)

    def prepare(self, file):
        for name in JOINTS:
            values = {"type": KIND, "params_file": str(file)}
            parameters = [
                Parameter(
                    name=f"{name}.{key}",
                    value=ParameterValue(
                        type=ParameterType.PARAMETER_STRING, string_value=value
                    ),
                )
                for key, value in values.items()
            ]
            done = self.call(SetParameters, "set_parameters", parameters=parameters)
            assert all(result.successful for result in done.results), done
            assert self.call(LoadController, "load_controller", name=name).ok
            assert self.call(ConfigureController, "configure_controller", name=name).ok

    def switch(self, on=(), off=(), strictness=STRICT):
        return self.call(
            SwitchController,
            "switch_controller",
            activate_controllers=list(on),
            deactivate_controllers=list(off),
            strictness=strictness,
            activate_asap=True,
        )

    def claims(self):
        """Return what each of the active ones has."""
        found = self.call(ListControllers, "list_controllers").controller
        return {
            one.name: list(one.claimed_interfaces)
            for one in found
            if one.name in JOINTS and one.state == "active"
        }

    def comes_to(self, angle):
        """Wait until the elbow is near an angle."""

        def there(message):
            return abs(message.position[message.name.index(ELBOW)] - angle) < 0.1

        self.bench.until(JointState, "joint_states", there)


@pytest.fixture
def rivals(stack, tmp_path):
    assert stack.call(Trigger, "controller_manager/reset_emergency_stop").success
    file = tmp_path / "rivals.yaml"
    values = {
        name: {"ros__parameters": {"joints": [joint], "interface_name": "position"}}
        for name, joint in JOINTS.items()
    }
    file.write_text(yaml.safe_dump(values))
    rivals = Rivals(stack)
    rivals.prepare(file)
    yield rivals
    rivals.switch(off=JOINTS, strictness=BEST_EFFORT)
    for name in JOINTS:
        assert rivals.call(UnloadController, "unload_controller", name=name).ok


@pytest.mark.parametrize("strictness", [STRICT, BEST_EFFORT])
def test_a_claimed_joint_is_refused(rivals, strictness):
    assert rivals.switch(["first"]).ok
    answer = rivals.switch(["second"], strictness=strictness)
    assert not answer.ok
    assert f"{ELBOW}/position" in answer.message
    assert "claimed by 'first'" in answer.message
    assert rivals.claims() == {"first": [f"{ELBOW}/position"]}
    # As in ros2_control a conflict ends the whole request, in best effort too.
    assert not rivals.switch(["other", "second"], strictness=strictness).ok
    assert rivals.claims() == {"first": [f"{ELBOW}/position"]}


@pytest.mark.parametrize("strictness", [STRICT, BEST_EFFORT])
def test_two_that_want_a_joint_at_once_do_not_both_get_it(rivals, strictness):
    assert not rivals.switch(["first", "second"], strictness=strictness).ok
    assert rivals.claims() == {}


def test_a_joint_changes_hands_within_one_request(rivals):
    assert rivals.switch(["first"]).ok
    answer = rivals.switch(["second"], ["first"])
    assert answer.ok, answer.message
    assert rivals.claims() == {"second": [f"{ELBOW}/position"]}


def test_of_two_publishers_the_newest_message_counts(rivals):
    assert rivals.switch(["first"]).ok
    node = rivals.bench.node
    makers = [
        node.create_publisher(Float64MultiArray, "first/commands", 1) for _ in range(2)
    ]
    one, two = makers
    try:
        for maker in makers:
            rivals.bench.wait(lambda m=maker: m.get_subscription_count(), "the node")
        for maker, angle in ((one, -0.6), (two, -1.2), (one, -0.6)):
            maker.publish(Float64MultiArray(data=[angle]))
            rivals.comes_to(angle)
    finally:
        for maker in makers:
            node.destroy_publisher(maker)


def test_a_second_core_is_refused_and_the_first_goes_on(rivals):
    assert rivals.switch(["first"]).ok
    second = rivals.bench.start_core()
    second.forget()
    assert second.wait() == 1
    assert "one writer is allowed" in second.output
    assert rivals.claims() == {"first": [f"{ELBOW}/position"]}
