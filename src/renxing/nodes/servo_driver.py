# SPDX-License-Identifier: Apache-2.0
"""An operator's hands and eyes on one bus of servos.

The bus itself is driven by a real-time process (`renxing.runtime.servo.bus_process`);
this node may come and go while the robot stands.
"""

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_srvs.srv import Trigger

from renxing.actuation.servo.joint_map import select_buses
from renxing.actuation.servo.table import DriveState, Fault, Order
from renxing.errors import DeviceError, RenxingError
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.runtime.servo.follower import Follower
from renxing.runtime.servo.joint_bus import (
    COUNTS,
    RATES,
    bus_name,
    orders_layout,
    state_layout,
)
from renxing.runtime.shared_block import BlockReader, BlockWriter

REPORT_PERIOD = 1.0  # [s] between two diagnostics
POLL = 0.005  # [s] between looks for the outcome of an order


@dataclass(frozen=True, slots=True, kw_only=True)
class ServoDriverConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        bus: Name of the bus; empty takes it from the node's own, servo_<bus>.
        stale_after: Age of a drive's last answer that is an error [s].
        answer_timeout: Longest wait for the drives to carry out an order [s].
    """

    robot: str = "rx1"
    bus: str = ""
    stale_after: float = field(default=0.1, metadata={"min": 0.005, "max": 10.0})
    answer_timeout: float = field(default=0.5, metadata={"min": 0.05, "max": 10.0})


class ServoDriver(ManagedNode):
    """One bus of servos on the graph.

    Publishes: /diagnostics (DiagnosticArray, 1 Hz): the bus and each of its joints.
    Subscribes: nothing.
    Services: ~/enable, ~/disable, ~/clear_fault, ~/set_zero for all drives of the bus,
    ~/<joint>/clear_fault, ~/<joint>/set_zero for one (Trigger). `disable` takes the
    power until `enable`, whatever the core wants.
    Parameters: `ServoDriverConfig`.
    Stale behaviour: none of its own; an order that is not carried out in time is
    answered so, and drives that do not answer are errors in the diagnostics. The
    real-time process goes on without this node.
    """

    def __init__(self, name: str) -> None:
        """Create the node, unconfigured."""
        super().__init__(name)

    def configure(self) -> None:
        """Load the bus's map and join joint bus and graph."""
        self.config = load_config(self, ServoDriverConfig)
        robot = load_robot(self.config.robot)
        bus = self.config.bus or self.get_name().removeprefix("servo_")
        (self._map,) = select_buses(robot, [bus])
        name = f"{bus_name(self.get_namespace())}.{bus}"
        joints = self._map.joints
        self._state = Follower(f"{name}.state", state_layout(joints))
        self._orders = BlockWriter(f"{name}.orders", orders_layout(joints))
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        for order in Order:
            self._serve(order.name.lower(), order, (1 << len(joints)) - 1)
        for place, joint in enumerate(joints):
            for order in (Order.CLEAR_FAULT, Order.SET_ZERO):
                self._serve(f"{joint}/{order.name.lower()}", order, 1 << place)

    def activate(self) -> None:
        """Start reporting."""
        self._timer = self.create_wall_timer(REPORT_PERIOD, self.report)

    def deactivate(self) -> None:
        """Stop reporting; the drives keep their power."""
        self.destroy_timer(self._timer)

    def clean(self) -> None:
        """Leave the joint bus."""
        self._orders.close()

    # --- orders ----------

    def _serve(self, name: str, order: Order, drives: int) -> None:
        def callback(_request: Any, response: Any) -> Any:
            try:
                response.message = self._order(order, drives)
                response.success = True
            except RenxingError as error:
                response.message, response.success = str(error), False
            return response

        self.create_service(Trigger, f"~/{name}", callback)

    def _order(self, order: Order, drives: int) -> str:
        """Give an order and wait for its outcome.

        Raises:
            DeviceError: If the bus's process does not answer, or drives refuse.
        """
        number = time.monotonic_ns()
        frame = self._orders.frame
        frame["number"][...], frame["order"][...] = number, order
        frame["drives"][...] = drives
        self._orders.publish()
        end = time.monotonic() + self.config.answer_timeout
        while time.monotonic() < end:
            reader = self._state.read(time.monotonic())
            if reader is not None and int(reader.frame["answered"]) == number:
                return self._outcome(order, drives, int(reader.frame["obeyed"]))
            time.sleep(POLL)
        raise DeviceError(
            f"bus {self._map.name}: {order.name.lower()} not answered in "
            f"{self.config.answer_timeout:g} s; do its process and its drives run?"
        )

    def _outcome(self, order: Order, drives: int, obeyed: int) -> str:
        joints = self._map.joints
        refused = [
            joint
            for place, joint in enumerate(joints)
            if (drives & ~obeyed) >> place & 1
        ]
        if refused:
            raise DeviceError(f"{order.name.lower()}: refused by {', '.join(refused)}")
        return f"{order.name.lower()}: {drives.bit_count()} drives"

    # --- diagnostics ----------

    def report(self) -> None:
        """Publish how bus and drives are."""
        reader = self._state.read(time.monotonic())
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        name = self._map.name
        if reader is None:
            message.status = [
                _status(name, DiagnosticStatus.STALE, "no process drives this bus", {})
            ]
        else:
            message.status = [self._of_bus(reader), *self._of_joints(reader)]
        self._diagnostics.publish(message)

    def _of_bus(self, reader: BlockReader) -> DiagnosticStatus:
        frame = reader.frame
        values = {key: str(int(frame[key])) for key in COUNTS}
        values |= {key: f"{float(frame[key]):.6g}" for key in RATES}
        late = reader.age() > self.config.stale_after
        inhibited = bool(frame["inhibited"])
        level, text = DiagnosticStatus.OK, f"{values['frames_per_second']} frames/s"
        if inhibited:
            level, text = DiagnosticStatus.WARN, "disabled by an operator"
        if late:
            level, text = DiagnosticStatus.ERROR, f"silent for {reader.age():.2f} s"
        return _status(self._map.name, level, text, values)

    def _of_joints(self, reader: BlockReader) -> list[DiagnosticStatus]:
        frame, now = reader.frame, time.monotonic_ns()
        found = []
        for place, joint in enumerate(self._map.joints):
            age = 1e-9 * (now - int(frame["heard"][place]))
            state = DriveState(int(frame["state"][place]))
            fault = Fault(int(frame["fault"][place]))
            level = DiagnosticStatus.OK
            if fault is not Fault.NONE or age > self.config.stale_after:
                level = DiagnosticStatus.ERROR
            text = state.name.lower()
            if fault is not Fault.NONE:
                text += f": {fault.name.lower()}"
            values = {
                "state": state.name.lower(),
                "fault": fault.name.lower(),
                "temperature": f"{float(frame['temperature'][place]):.1f}",
                "last_answer_age": f"{age:.4f}",
            }
            found.append(_status(f"{self._map.name}: {joint}", level, text, values))
        return found


def _status(
    name: str, level: bytes, message: str, values: dict[str, str]
) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=level,
        name=f"servo {name}",
        message=message,
        hardware_id="servo",
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )


# One for each usual bus; the node's name says which.
left_leg = partial(ServoDriver, "servo_left_leg")
right_leg = partial(ServoDriver, "servo_right_leg")
torso = partial(ServoDriver, "servo_torso")
left_arm = partial(ServoDriver, "servo_left_arm")
right_arm = partial(ServoDriver, "servo_right_arm")
