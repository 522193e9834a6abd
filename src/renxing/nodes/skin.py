# SPDX-License-Identifier: Apache-2.0
"""What the robot's skin feels, on the graph."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from renxing.errors import ConfigError, DeviceError
from renxing.nodes import skin_messages as messages
from renxing.nodes.controllers.side import LoopClock
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.robot.skin import SkinLayout
from renxing.runtime.boards import core_block
from renxing.runtime.skin_block import SkinReader
from renxing.sensing import (
    Fault,
    SkinCalibration,
    SkinCalibrationConfig,
    SkinContacts,
    SkinContactsConfig,
)
from renxing.signals import SkinSample
from renxing.spatial import Array
from renxing_msgs.msg import SkinContacts as ContactsMessage
from renxing_msgs.msg import SkinPatch as PatchMessage

LATEST = QoSProfile(depth=5)
REPORT_PERIOD = 1.0  # [s] between two diagnostics
LOOK_PERIOD = 0.1  # [s] between two looks for who listens: asking costs, too
# [s] of silence after which counts are those of another life of the core: no core
# starts that quickly, and one that only stalled must not cost a tare.
NEW_LIFE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinNodeConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        poll: Between two looks for new counts [s]; of a loop with 500 Hz they come
            every 4 or 6 ms.
        stale: Age from which counts are no news any more [s].
        overview_rate: Of the overview [Hz].
        calibration: File of gain [counts/Pa] and offset [counts] of all taxels, as
            numpy's savez writes them; without one, what the patches have stored.
        taxels: What is believed of them.
        touch: What is a touch.
        core_timeout: How long to wait for the counts [s].
        niceness: By which the process steps back behind the others.
    """

    robot: str = "rx1"
    poll: float = field(default=0.004, metadata={"min": 0.0005, "max": 0.1})
    stale: float = field(default=0.1, metadata={"min": 0.01, "max": 10.0})
    overview_rate: float = field(default=10.0, metadata={"min": 0.5, "max": 50.0})
    calibration: str = ""
    taxels: SkinCalibrationConfig = field(default_factory=SkinCalibrationConfig)
    touch: SkinContactsConfig = field(default_factory=SkinContactsConfig)
    core_timeout: float = field(default=20.0, metadata={"min": 0.0, "max": 600.0})
    niceness: int = field(default=3, metadata={"min": 0, "max": 19})


class SkinNode(ManagedNode):
    """Publishes what the skin feels.

    Publishes: skin/contacts (SkinContacts, every sample); skin/<patch> (SkinPatch),
    skin/markers (MarkerArray) and skin/overview (32FC1, all taxels as one row, at a low
    rate), each only while somebody listens; /diagnostics (1 Hz).
    Services: ~/tare (Trigger): takes what it feels for nothing.
    Parameters: `SkinNodeConfig`.
    Stale behaviour: without new counts it publishes nothing but diagnostics that say
    so; with those of another life of the core it begins with a tare. For a robot
    without skin it says so and does nothing.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("skin")

    def configure(self) -> None:
        """Load the robot and find the counts."""
        config = self.config = load_config(self, SkinNodeConfig)
        robot = load_robot(config.robot)
        self._base = robot.description.base
        self._layout = SkinLayout(robot.description.sensors.skin)
        publisher = self.create_publisher
        self._diagnostics = publisher(DiagnosticArray, "/diagnostics", 10)
        self._samples = 0
        self._reader: SkinReader | None = None
        if not self._layout.size:
            self.get_logger().warning(f"{robot.name} has no skin: nothing to do")
            return
        block = core_block(self.get_namespace())
        self._reader = SkinReader(
            block, robot.name, self._layout, timeout=config.core_timeout
        )
        self._lives = -1
        self._last = -np.inf
        self._calibration: SkinCalibration | None = None
        self._touch = SkinContacts(config.touch, self._layout)
        self._loop_clock = LoopClock(self.now)
        self._sample: SkinSample | None = None
        self._touches = 0
        self._contacts = publisher(ContactsMessage, "skin/contacts", LATEST)
        self._markers = publisher(MarkerArray, "skin/markers", LATEST)
        self._overview = publisher(Image, "skin/overview", LATEST)
        self._patches = [
            publisher(PatchMessage, f"skin/{patch.name}", LATEST)
            for patch in self._layout.patches
        ]
        self._heard: list[int] = []
        self._marked = False
        self.create_service(Trigger, "~/tare", self.tare)
        # Last: what failed before must not slow down who asked.
        os.nice(config.niceness)

    def activate(self) -> None:
        """Start feeling."""
        timer, config = self.create_wall_timer, self.config
        self._timers_on = [timer(REPORT_PERIOD, self.report)]
        if self._reader is not None:
            self._timers_on += [
                timer(config.poll, self.tick),
                timer(LOOK_PERIOD, self.look),
                timer(1.0 / config.overview_rate, self.show),
            ]

    def deactivate(self) -> None:
        """Stop feeling."""
        for one in self._timers_on:
            self.destroy_timer(one)

    def tare(self, _request: object, response: Trigger.Response) -> Trigger.Response:
        """Take what it feels for nothing."""
        if self._calibration is None:
            response.message = "no counts have come yet"
            return response
        self._calibration.tare()
        self._touch.reset()
        response.success = True
        response.message = f"from the next {self.config.taxels.tare_samples} samples"
        return response

    def look(self) -> None:
        """Find out who listens."""
        self._heard = [
            place
            for place, topic in enumerate(self._patches)
            if topic.get_subscription_count()
        ]
        self._marked = bool(self._markers.get_subscription_count())

    def tick(self) -> None:
        """Publish a sample, if there is a new one."""
        reader = self._reader
        if reader is None:
            return
        another_life = reader.age > NEW_LIFE
        try:
            new = reader.read()
        except DeviceError:
            # The core is being started anew, or has ended: `report` says so.
            return
        if not new or reader.time == self._last:
            return
        if self._calibration is None or another_life:
            self._calibration = self._calibrated(reader)
            self._touch.reset()
        self._last = reader.time
        self._loop_clock.observe(reader.time, reader.due)
        self._publish(self._calibration, reader)

    def _publish(self, calibration: SkinCalibration, reader: SkinReader) -> None:
        sample = calibration.step(reader.time, reader.counts, reader.warmth)
        touches = self._touch.step(sample)
        self._sample = sample
        self._samples += 1
        self._touches = len(touches)
        stamp, layout = self._loop_clock.to_ros(sample.stamp), self._layout
        self._contacts.publish(messages.to_contacts(stamp, self._base, layout, touches))
        if self._marked:
            self._markers.publish(messages.to_markers(stamp, layout, touches))
        for place in self._heard:
            patch, part = layout.patches[place], layout.slices[place]
            message = messages.to_patch(stamp, patch, part, place, sample)
            self._patches[place].publish(message)

    def _calibrated(self, reader: SkinReader) -> SkinCalibration:
        gain, offset = reader.gain, reader.offset
        if self.config.calibration:
            gain, offset = _read_calibration(Path(self.config.calibration))
        return SkinCalibration(self.config.taxels, self._layout, gain, offset)

    @property
    def _stale(self) -> bool:
        return self._reader is None or self._reader.age > self.config.stale

    def show(self) -> None:
        """Publish the overview, if somebody looks and there is something new."""
        if self._stale or self._sample is None:
            return
        if self._overview.get_subscription_count():
            stamp = self._loop_clock.to_ros(self._sample.stamp)
            self._overview.publish(
                messages.to_overview(stamp, self._base, self._sample)
            )

    def report(self) -> None:
        """Publish how it goes."""
        level, text = DiagnosticStatus.OK, "feels"
        values: dict[str, Any] = {"taxels": self._layout.size}
        reader, calibration = self._reader, self._calibration_or_none()
        if reader is None:
            text = "the robot has no skin"
        elif self._stale:
            level = DiagnosticStatus.ERROR
            text = f"no counts for {reader.age:.1f} s"
        elif calibration is None or not calibration.ready:
            text = "tares"
        if calibration is not None:
            faults = np.bincount(calibration.fault, minlength=len(Fault))
            values |= {fault.name.lower(): int(faults[fault]) for fault in Fault}
            values["touched_at_tare"] = int(calibration.touched.sum())
            values["contacts"] = self._touches
            values["samples"] = self._samples
        name = f"{self.get_namespace().strip('/')}: skin".removeprefix(": ")
        status = DiagnosticStatus(level=level, name=name, message=text)
        status.values = [KeyValue(key=k, value=str(v)) for k, v in values.items()]
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _calibration_or_none(self) -> SkinCalibration | None:
        return None if self._reader is None else self._calibration


def _read_calibration(file: Path) -> tuple[Array, Array]:
    """Read gain and offset of all taxels.

    Raises:
        ConfigError: If the file has them not.
    """
    try:
        with np.load(file) as stored:
            return stored["gain"].astype(float), stored["offset"].astype(float)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"skin calibration {file}: {error}") from error
