# SPDX-License-Identifier: Apache-2.0
"""Both ends of a bus in one thread: a frame goes one way, its answer the other."""

import os
import uuid

import can
import numpy as np
import pytest

from renxing.actuation.servo.firmware import FirmwareConfig
from renxing.actuation.servo.joint_map import select_buses
from renxing.actuation.servo.table import DriveState, Fault, Kind, Order
from renxing.errors import ConfigError
from renxing.runtime.block_layout import Frame
from renxing.runtime.servo.can_bus import claim_bus, is_simulated, open_bus
from renxing.runtime.servo.drive_bus import DriveBus, DriveRack
from renxing.runtime.servo.joint_bus import state_layout
from renxing.runtime.servo.master import BusMaster

STEP = 0.002  # [s]
HOLD = 0.2  # [s] for which drives go on without setpoints
CORE = 7  # a session of the core
HOST = (Kind.STATE, Kind.ANSWER)
DRIVES = (Kind.ORDER, Kind.SETPOINT, Kind.POLL)


class Line:
    """A host, a bus and drives whose joints stand still."""

    def __init__(self, robot, bus):
        self.url = f"virtual:{uuid.uuid4().hex}"
        (self.map,) = select_buses(robot, [bus])
        self.robot = robot
        self.rack = DriveRack([self.map], robot, FirmwareConfig(hold_time=HOLD))
        self.far = open_bus(self.url, "", DRIVES)
        self.drives = DriveBus(self.far, self.map, self.rack, 0)
        self.report = np.zeros((4, len(robot.joints)))
        self.report[0] = robot.posture("stand")
        self.report[3] = 25.0
        self.near = []
        self.connect(began=0)
        self.now = 0.0
        self.cut = False
        self.rows = np.array(
            [robot.posture("stand"), *np.zeros((2, len(robot.joints)))]
            + [robot.kp, robot.kd]
        )[:, self.map.index]

    def connect(self, began):
        """Put a new host on the bus, as after a restart."""
        self.near.append(open_bus(self.url, "", HOST))
        self.frame = Frame(state_layout(self.map.joints))
        self.master = BusMaster(self.near[-1], self.map, self.frame, began)

    def turn(self, session, rows=True, seconds=0.02):
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            self.master.send(self.rows if rows else None, session, self.now)
            if self.cut:
                while self.far.recv(0.0):
                    pass
            else:
                self.drives.serve(self.now)
            while self.master.receive(0.0, lambda: round(1e9 * self.now)):
                pass
            self.obeyed = self.rack.step(self.report, self.now)[:, self.map.index]

    def states(self):
        return {DriveState(code) for code in self.frame["state"]}

    def close(self):
        for bus in (*self.near, self.far):
            bus.shutdown()


@pytest.fixture(params=["left_leg", "left_arm"])
def line(request, rx1):
    line = Line(rx1, request.param)
    yield line
    line.close()


def test_without_power_the_drives_report_and_do_nothing(line):
    line.turn(0)
    stand = line.robot.posture("stand")[line.map.index]
    assert line.frame["position"] == pytest.approx(stand, abs=2e-4)
    assert line.frame["temperature"].tolist() == [25.0] * len(stand)
    assert line.states() == {DriveState.DISABLED}
    assert not line.obeyed.any()
    assert int(line.frame["unanswered"]) == 0


def test_a_session_of_the_core_gives_power_and_its_end_takes_it(line):
    line.turn(0)
    line.turn(CORE)
    assert line.states() == {DriveState.ENABLED}
    assert line.obeyed == pytest.approx(line.rows, rel=2e-3, abs=2e-4)
    line.turn(0, seconds=0.004)
    line.turn(0, seconds=0.004)
    assert line.states() == {DriveState.DISABLED}
    assert not line.obeyed.any()


def test_a_silent_core_lets_the_drives_hold_then_damp_and_stay_so(line):
    line.turn(0)
    line.turn(CORE)
    line.turn(CORE, rows=False, seconds=HOLD)
    assert line.states() == {DriveState.HOLDING}
    assert line.obeyed == pytest.approx(line.rows, rel=2e-3, abs=2e-4)
    line.turn(CORE, rows=False, seconds=0.03)
    assert line.states() == {DriveState.DAMPING}
    assert {Fault(code) for code in line.frame["fault"]} == {Fault.TIMEOUT}
    kd = line.robot.kd[line.map.index]
    assert line.obeyed[4] == pytest.approx(kd)
    assert not line.obeyed[:4].any()
    line.turn(CORE, seconds=1.2)  # the core is back: not good enough
    assert line.states() == {DriveState.FAULT}
    line.turn(CORE + 1)
    assert line.states() == {DriveState.ENABLED}


def test_a_core_that_is_back_in_time_finds_the_robot_held(line):
    line.turn(0)
    line.turn(CORE)
    line.turn(CORE, rows=False, seconds=0.05)
    line.turn(0, seconds=0.05)  # a new one, which has not asked for power yet
    assert line.states() == {DriveState.HOLDING}
    line.turn(CORE + 1, seconds=0.02)
    assert line.states() == {DriveState.ENABLED}


@pytest.mark.parametrize("lost", [True, False])
def test_the_end_of_a_session_takes_the_power_also_if_the_order_is_lost(line, lost):
    line.turn(0)
    line.turn(CORE)
    line.cut = lost
    line.turn(0, seconds=0.03)
    line.cut = False
    line.turn(0, seconds=0.05)
    assert line.states() == {DriveState.DISABLED}


def test_an_operator_takes_the_power_of_drives_that_hold(line):
    line.turn(0)
    line.turn(CORE)
    line.turn(CORE, rows=False, seconds=0.05)
    line.master.operate(1, Order.DISABLE, -1, line.now)
    line.turn(CORE, rows=False)
    assert line.states() == {DriveState.DISABLED}


def test_a_new_host_goes_on_with_drives_that_hold(line):
    line.turn(0)
    line.turn(CORE)
    line.cut = True
    line.turn(CORE, seconds=0.1)
    line.cut = False
    line.connect(began=CORE)
    line.turn(0)
    assert line.states() == {DriveState.HOLDING}
    line.turn(CORE)
    assert line.states() == {DriveState.ENABLED}


def test_a_cut_bus_is_counted_and_nothing_that_was_heard_changes(line):
    line.turn(0)
    line.turn(CORE)
    heard, unanswered = line.frame["heard"].copy(), int(line.frame["unanswered"])
    line.cut = True
    line.turn(CORE, seconds=0.02)
    assert (line.frame["heard"] == heard).all()
    missed = int(line.frame["unanswered"]) - unanswered
    assert missed == 9 * len(line.map.segments)  # the tenth cycle is not over


def test_a_new_host_gives_no_power_by_itself(line):
    line.turn(0)
    line.turn(CORE)
    line.cut = True
    line.turn(CORE, seconds=HOLD + 1.2)
    line.cut = False
    line.connect(began=CORE)
    line.turn(0)  # it has not found the core yet
    line.turn(CORE, seconds=0.1)
    assert line.states() == {DriveState.FAULT}
    line.master.operate(1, Order.CLEAR_FAULT, -1, line.now)
    line.turn(CORE)
    assert line.states() == {DriveState.DISABLED}
    line.master.operate(2, Order.ENABLE, -1, line.now)
    line.turn(CORE)
    assert line.states() == {DriveState.ENABLED}
    assert int(line.frame["answered"]) == 2


def test_a_new_host_gives_power_to_a_core_that_asks_after_it_began(line):
    line.connect(began=CORE - 1)
    line.turn(CORE)
    assert line.states() == {DriveState.ENABLED}


def test_an_operator_s_disable_rules_until_enable(line):
    line.turn(0)
    line.turn(CORE)
    line.master.operate(1, Order.DISABLE, -1, line.now)
    line.turn(CORE, seconds=0.1)
    assert line.states() == {DriveState.DISABLED}
    line.turn(CORE + 1, seconds=0.1)
    assert line.states() == {DriveState.DISABLED}
    assert int(line.frame["inhibited"]) == 1
    line.master.operate(2, Order.ENABLE, -1, line.now)
    line.turn(CORE + 1)
    assert line.states() == {DriveState.ENABLED}


def test_enable_without_a_core_is_answered_and_gives_no_power(line):
    line.turn(0)
    line.master.operate(3, Order.ENABLE, -1, line.now)
    line.turn(0, seconds=0.1)
    assert (int(line.frame["answered"]), int(line.frame["obeyed"])) == (3, -1)
    assert line.states() == {DriveState.DISABLED}


def test_zero_is_set_at_one_joint_and_refused_under_power(line):
    line.turn(0)
    last = len(line.map.joints) - 1
    line.report[0, line.map.index[last]] = 0.25
    line.turn(0)
    assert line.frame["position"][last] == pytest.approx(0.25, abs=2e-4)
    line.master.operate(1, Order.SET_ZERO, 1 << last, line.now)
    line.turn(0)
    assert int(line.frame["obeyed"]) == 1 << last
    assert line.frame["position"][last] == pytest.approx(0.0, abs=2e-4)
    line.rows[0, last] = 0.1
    line.turn(CORE)
    # The drive counts from its new zero, the joint is where it is.
    assert line.obeyed[0, last] == pytest.approx(0.35, abs=2e-4)
    line.master.operate(2, Order.SET_ZERO, -1, line.now)
    line.turn(CORE)
    assert (int(line.frame["answered"]), int(line.frame["obeyed"])) == (2, 0)


def test_damaged_and_foreign_frames_are_counted_and_dropped(line):
    line.turn(0)
    before = line.frame["position"].copy()
    wrong = can.Message(
        arbitration_id=0x300, is_extended_id=False, is_fd=True, data=bytes(64)
    )
    line.far.send(wrong)
    line.turn(0, seconds=0.002)
    assert int(line.frame["damaged"]) == 1
    assert (line.frame["position"] == before).all()
    line.near[0].send(
        can.Message(arbitration_id=0x1FF, is_extended_id=False, is_fd=True, data=b"x")
    )
    line.drives.serve(line.now)
    assert line.drives.damaged == 1


def test_multicast_stays_on_this_machine_and_drops_a_sender_s_own_frames():
    name = uuid.uuid4().hex
    host, drives = open_bus("udp", name, HOST), open_bus("udp", name, DRIVES)
    other = open_bus("udp", f"{name}.other", DRIVES)
    try:
        data = bytes(range(64))
        message = can.Message(
            arbitration_id=0x100, is_extended_id=False, is_fd=True, data=data
        )
        host.send(message)
        got = drives.recv(1.0)
        assert (got.arbitration_id, bytes(got.data)) == (0x100, data)
        assert host.recv(0.0) is None
        assert other.recv(0.0) is None
    finally:
        for bus in (host, drives, other):
            bus.shutdown()


@pytest.mark.parametrize("url", ["tcp:x", "udp:10.0.0.1:5", "udp:239.1.1.1:x", "udpx"])
def test_a_wrong_url_is_refused(url):
    with pytest.raises(ConfigError, match="bus '"):
        open_bus(url, "", HOST)


def test_only_kernel_interfaces_that_are_not_virtual_are_real():
    urls = ("socketcan:can0", "socketcan:vcan0", "udp")
    assert [is_simulated(url) for url in urls] == [False, True, True]


def test_a_bus_has_one_master_whatever_its_namespace():
    url = f"udp:239.74.200.1:{41000 + os.getpid() % 1000}"
    claim = claim_bus(url, "renxing.servo.one.left_leg")
    with pytest.raises(ConfigError, match=f"bus {url}: another process"):
        claim_bus(url, "renxing.servo.two.left_leg")
    claim.close()
    claim_bus(url, "renxing.servo.two.left_leg").close()
    # Without an address each namespace has its own.
    with claim_bus("udp", f"a{os.getpid()}"), claim_bus("udp", f"b{os.getpid()}"):
        pass
    with pytest.raises(ConfigError, match="is no multicast address"):
        claim_bus("udp:10.0.0.1", "")
