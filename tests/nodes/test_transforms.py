# SPDX-License-Identifier: Apache-2.0
"""The transforms are one tree from odom to every link, and agree with pinocchio."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pinocchio
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from renxing.nodes import convert
from renxing.spatial import SE3

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def seen(stack):
    """Return joint states, moving and fixed transforms of one moment."""
    states: dict[tuple[int, int], JointState] = {}
    moving: dict[tuple[int, int], TFMessage] = {}

    def key(stamp) -> tuple[int, int]:
        return stamp.sec, stamp.nanosec

    def on_tf(message: TFMessage) -> None:
        if len(message.transforms) > 1:  # the twin sends the base alone
            moving[key(message.transforms[0].header.stamp)] = message

    node = stack.node
    both = [
        node.create_subscription(
            JointState,
            "joint_states",
            lambda m: states.update({key(m.header.stamp): m}),
            10,
        ),
        node.create_subscription(TFMessage, "tf", on_tf, 10),
    ]
    # Both know the moment; and some messages before that would have set the joints.
    common = stack.wait(lambda: sorted(states.keys() & moving.keys())[5:], "a moment")
    for subscription in both:
        node.destroy_subscription(subscription)
    base = stack.until(
        TFMessage, "tf", lambda m: m.transforms[0].child_frame_id == "base_link"
    )
    fixed = stack.latched(TFMessage, "tf_static")
    return states[common[0]], moving[common[0]], fixed, base


def test_one_tree_holds_every_link(stack, seen) -> None:
    _, moving, fixed, base = seen
    edges = [*base.transforms, *moving.transforms, *fixed.transforms]
    parents = {edge.child_frame_id: edge.header.frame_id for edge in edges}
    assert len(parents) == len(edges), "a frame with two parents"
    text = stack.latched(String, "robot_description").data
    links = {link.get("name") for link in ElementTree.fromstring(text).iter("link")}
    assert set(parents) == links
    for link in links:
        way = [link]
        while way[-1] in parents:
            way.append(parents[way[-1]])
            assert len(way) <= len(links) + 1, f"a circle: {way}"
        assert way[-2:] == ["base_link", "odom"]


def test_transforms_agree_with_forward_kinematics(seen, robot) -> None:
    state, moving, fixed, _ = seen
    placements = {"base_link": SE3.Identity()}
    edges = [*moving.transforms, *fixed.transforms]
    while edges:
        ready = [e for e in edges if e.header.frame_id in placements]
        assert ready
        for edge in ready:
            step = convert.from_transform(edge.transform)
            placements[edge.child_frame_id] = placements[edge.header.frame_id] * step
            edges.remove(edge)
    model, data = robot.model, robot.model.createData()
    q = robot.configuration(np.array(state.position))
    pinocchio.framesForwardKinematics(model, data, q)
    base = data.oMf[model.getFrameId("base_link")]
    for link, placement in placements.items():
        expected = base.actInv(data.oMf[model.getFrameId(link)])
        assert placement.isApprox(expected, 1e-6), link
