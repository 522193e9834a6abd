# SPDX-License-Identifier: Apache-2.0
"""What the skin feels -> ROS messages.

Numbers go into messages as `array.array`: rclpy copies any other sequence element by
element.
"""

import array
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Vector3
from sensor_msgs.msg import Image
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from renxing.robot.description import SkinPatch
from renxing.robot.skin import SkinLayout
from renxing.signals import SkinSample, Touch
from renxing_msgs.msg import SkinContact, SkinContacts
from renxing_msgs.msg import SkinPatch as PatchMessage

NEWTONS = 200.0  # that an arrow of one metre stands for
SHORTEST = 0.02  # [m] of an arrow
LIFETIME = 100_000_000  # [ns] of a marker: it ends with the node


def to_patch(
    stamp: Time, patch: SkinPatch, part: slice, place: int, sample: SkinSample
) -> PatchMessage:
    """Return what one patch feels.

    Args:
        stamp: Of the sample.
        patch: Of the robot's file.
        part: Where its taxels stand.
        place: Of the patch among all.
        sample: Of the whole skin.
    """
    return PatchMessage(
        header=Header(stamp=stamp, frame_id=patch.frame),
        patch=patch.name,
        rows=patch.rows,
        columns=patch.columns,
        pitch=patch.pitch,
        pressure=array.array("f", sample.pressure[part].astype(np.float32).tobytes()),
        valid=sample.valid[part].tolist(),
        temperature=float(sample.temperature[place]),
    )


def to_contacts(
    stamp: Time, frame: str, layout: SkinLayout, touches: Sequence[Touch]
) -> SkinContacts:
    """Return all touches; each is in the frame of its patch.

    Args:
        stamp: Of the sample.
        frame: Of the header, the robot's base.
        layout: Of the taxels.
        touches: Of one moment.
    """
    message = SkinContacts(header=Header(stamp=stamp, frame_id=frame))
    message.contacts = [_contact(layout, touch) for touch in touches]
    return message


def _contact(layout: SkinLayout, touch: Touch) -> SkinContact:
    patch = layout.patches[touch.patch]
    x, y, z = map(float, touch.position)
    return SkinContact(
        patch=patch.name,
        frame_id=patch.frame,
        position=Point(x=x, y=y, z=z),
        normal=Vector3(x=0.0, y=0.0, z=1.0),
        force=touch.force,
        area=touch.area,
        peak=touch.peak,
    )


def to_markers(
    stamp: Time, layout: SkinLayout, touches: Sequence[Touch]
) -> MarkerArray:
    """Return an arrow into the skin for each touch, as long as its force is great."""
    markers = []
    for number, touch in enumerate(touches):
        patch = layout.patches[touch.patch]
        marker = Marker(
            header=Header(stamp=stamp, frame_id=patch.frame),
            ns="skin",
            id=number,
            type=Marker.ARROW,
            color=ColorRGBA(r=0.88, g=0.19, b=0.19, a=1.0),
            scale=Vector3(x=0.006, y=0.014, z=0.0),
        )
        marker.pose.orientation.w = 1.0
        marker.lifetime.nanosec = LIFETIME
        x, y, _ = map(float, touch.position)
        length = max(touch.force / NEWTONS, SHORTEST)
        marker.points = [Point(x=x, y=y, z=length), Point(x=x, y=y, z=0.0)]
        markers.append(marker)
    return MarkerArray(markers=markers)


def to_overview(stamp: Time, frame: str, sample: SkinSample) -> Image:
    """Return all taxels as one row of pixels [Pa], NaN where one is not usable.

    In the order of the robot's file, patch after patch, in each row after row.
    """
    pressure = np.where(sample.usable, sample.pressure, np.nan).astype(np.float32)
    return Image(
        header=Header(stamp=stamp, frame_id=frame),
        height=1,
        width=len(pressure),
        encoding="32FC1",
        is_bigendian=0,
        step=pressure.nbytes,
        data=array.array("B", pressure.tobytes()),
    )
