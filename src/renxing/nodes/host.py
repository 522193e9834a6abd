# SPDX-License-Identifier: Apache-2.0
"""Run one or several nodes in this process: `python -m renxing.nodes.host console ...`.

How many nodes share a process is configuration (`config/bringup.yaml`); here they are
built, brought to active, spun, and taken down in order.
"""

import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import ExternalShutdownException
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from renxing.errors import RenxingError

# Modules are imported when asked for: a console should not load MuJoCo.
NODES = {
    "robot_state_publisher": (
        "renxing.nodes.robot_state_publisher",
        "RobotStatePublisher",
    ),
    "controller_manager": (
        "renxing.nodes.controller_manager",
        "ControllerManagerNode",
    ),
    "console": ("renxing.nodes.console", "ConsoleNode"),
    "recorder": ("renxing.nodes.recorder", "RecorderNode"),
    "replay": ("renxing.nodes.replay", "ReplayNode"),
    "twin_cameras": ("renxing.nodes.twin_cameras", "TwinCameras"),
    "objects": ("renxing.nodes.objects", "Objects"),
    "terrain": ("renxing.nodes.terrain", "Terrain"),
    "skin": ("renxing.nodes.skin", "SkinNode"),
    "realsense": ("renxing.nodes.realsense", "RealSense"),
    "localization": ("renxing.nodes.localization", "Localization"),
    "map_server": ("renxing.nodes.navigation.map_server", "MapServer"),
    "planner_server": ("renxing.nodes.navigation.planner_server", "PlannerServer"),
    "controller_server": (
        "renxing.nodes.navigation.controller_server",
        "ControllerServer",
    ),
    "bt_navigator": ("renxing.nodes.navigation.navigator", "Navigator"),
    "waypoint_follower": (
        "renxing.nodes.navigation.waypoint_follower",
        "WaypointFollower",
    ),
    "lifecycle_manager_navigation": (
        "renxing.nodes.navigation.lifecycle_manager",
        "NavigationManager",
    ),
    "lifecycle_manager_localization": (
        "renxing.nodes.navigation.lifecycle_manager",
        "LocalizationManager",
    ),
    "brain": ("renxing.nodes.brain.brain", "Brain"),
    "topics_bridge": ("renxing.nodes.topics_bridge", "TopicsBridge"),
    "loopback_robot": ("renxing.nodes.loopback_robot", "LoopbackRobot"),
    **{
        f"servo_{bus}": ("renxing.nodes.servo_driver", bus)
        for bus in ("left_leg", "right_leg", "torso", "left_arm", "right_arm")
    },
}
READY_FD = "RENXING_READY_FD"
# In a namespace `use_sim_time` follows the clock of that namespace, not of all.
OWN_CLOCK = ("--ros-args", "-r", "/clock:=clock")
# [s] A thread of its own publishes what the loop shows; with the usual 5 ms it would
# wait longer for the interpreter than for the loop.
SWITCH_INTERVAL = 1e-4
SPIN_PERIOD = 0.25  # [s] the longest that a signal waits to be noticed
READY_PERIOD = 0.02  # [s] between two looks whether all nodes are ready


def main(arguments: Sequence[str] | None = None) -> int:
    """Host the nodes named before `--ros-args`."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    split = arguments.index("--ros-args") if "--ros-args" in arguments else None
    names = arguments[:split]
    unknown = [name for name in names if name not in NODES]
    if unknown or not names:
        got = " ".join(unknown) or "none"
        print(f"nodes to host: got {got}; have {', '.join(NODES)}", file=sys.stderr)
        return 2
    return host(names, [] if split is None else arguments[split:])


def host(names: Sequence[str], ros_arguments: Sequence[str]) -> int:
    """Run nodes until a signal or a failure.

    Args:
        names: Keys of `NODES`.
        ros_arguments: As ROS wants them, with the leading `--ros-args`.

    Returns:
        0 after a signal, 1 when a node could not start or failed.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    # Own handlers: rclpy's would invalidate the context before the nodes are down.
    rclpy.init(
        args=[*ros_arguments, *OWN_CLOCK],
        signal_handler_options=SignalHandlerOptions.NO,
    )
    stop: Future = Future()

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        if not stop.done():
            stop.set_result(0)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    executor = EventsExecutor()
    nodes: list[LifecycleNode] = []
    try:
        for name in names:
            module, kind = NODES[name]
            node = getattr(importlib.import_module(module), kind)()
            nodes.append(node)
            executor.add_node(node)
            for trigger in (node.trigger_configure, node.trigger_activate):
                if trigger() != TransitionCallbackReturn.SUCCESS:
                    return 1
        ready = False
        while not stop.done() and rclpy.ok():
            if not ready and all(getattr(node, "ready", True) for node in nodes):
                ready = True
                report_ready()
            # EventsExecutor spins hot without a finite time-out.
            period = SPIN_PERIOD if ready else READY_PERIOD
            executor.spin_until_future_complete(stop, timeout_sec=period)
            if any(getattr(node, "failure", None) for node in nodes):
                return 1
        return 0
    except RenxingError as error:
        get_logger(names[0]).fatal(str(error))
        return 1
    except ExternalShutdownException:
        return 0
    finally:
        for node in reversed(nodes):
            with contextlib.suppress(RCLError):  # somebody has shut it down already
                node.trigger_shutdown()
            node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()


def report_ready() -> None:
    """Tell the supervisor, if there is one, that all nodes are active."""
    descriptor = os.environ.get(READY_FD)
    if descriptor is not None:
        with contextlib.suppress(OSError):  # nobody waits for it any more
            os.write(int(descriptor), b"ready\n")
            os.close(int(descriptor))
        del os.environ[READY_FD]


def _host_one(name: str) -> int:
    arguments = sys.argv[1:]
    if arguments and arguments[0] != "--ros-args":
        print(
            f"usage: {name} [--ros-args -p PARAMETER:=VALUE --params-file FILE ...]",
            file=sys.stderr,
        )
        return 0 if arguments[0] in ("-h", "--help") else 2
    return host([name], arguments)


def controller_manager() -> int:
    """Entry point: the real-time core on the graph."""
    return _host_one("controller_manager")


def robot_state_publisher() -> int:
    """Entry point: robot description and transforms."""
    return _host_one("robot_state_publisher")


def console() -> int:
    """Entry point: the operator page."""
    return _host_one("console")


def recorder() -> int:
    """Entry point: the recorder."""
    return _host_one("recorder")


if __name__ == "__main__":
    sys.exit(main())
