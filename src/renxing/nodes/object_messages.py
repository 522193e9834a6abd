# SPDX-License-Identifier: Apache-2.0
"""Things that were seen <-> ROS messages."""

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, Vector3
from sensor_msgs.msg import Image
from std_msgs.msg import ColorRGBA, Header
from vision_msgs.msg import (
    BoundingBox3D,
    Detection3D,
    Detection3DArray,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
)
from visualization_msgs.msg import Marker, MarkerArray

from renxing.errors import DeviceError
from renxing.nodes import convert
from renxing.perception import Detection, Remembered
from renxing.perception.colours import Colour
from renxing.spatial import Array, transform
from renxing_msgs.msg import SceneObject, SceneObjects

# What names of colours look like, for markers.
SHOWN = {
    "red": (0.9, 0.15, 0.1),
    "orange": (0.95, 0.5, 0.1),
    "yellow": (0.95, 0.85, 0.1),
    "green": (0.15, 0.7, 0.25),
    "blue": (0.15, 0.35, 0.9),
    "purple": (0.6, 0.2, 0.7),
    "brown": (0.55, 0.38, 0.2),
    "white": (0.95, 0.95, 0.95),
    "black": (0.1, 0.1, 0.1),
}
GREY = (0.6, 0.6, 0.6)
TEXT = 0.08  # [m] height of letters


def from_colour_image(message: Image) -> Colour:
    """Return red, green and blue of an image, shape (H, W, 3).

    Raises:
        DeviceError: If it is no rgb8 or bgr8, or has too few bytes.
    """
    if message.encoding not in ("rgb8", "bgr8"):
        raise DeviceError(
            f"image of {message.header.frame_id}: encoding '{message.encoding}'; "
            "allowed rgb8, bgr8"
        )
    data = np.frombuffer(message.data, np.uint8)
    used = 3 * message.width
    if message.step < used or data.size != message.step * message.height:
        raise DeviceError(
            f"image of {message.header.frame_id}: {data.size} bytes for "
            f"{message.height} rows of {message.step}, {used} of them used"
        )
    rows = data.reshape(message.height, message.step)[:, :used]
    pixels = rows.reshape(message.height, message.width, 3)
    return pixels if message.encoding == "rgb8" else pixels[..., ::-1]


def to_detections(header: Header, found: Sequence[Detection]) -> Detection3DArray:
    """Return what one image shows; `id` is its place in the list."""
    message = Detection3DArray(header=header)
    for number, one in enumerate(found):
        pose = _pose(one.centre, one.yaw)
        named = ObjectHypothesisWithPose(
            hypothesis=ObjectHypothesis(class_id=one.label, score=float(one.whole))
        )
        named.pose.pose = pose
        box = BoundingBox3D(center=pose, size=_size(one.size))
        message.detections.append(
            Detection3D(header=header, results=[named], bbox=box, id=str(number))
        )
    return message


def to_scene(header: Header, known: Sequence[Remembered]) -> SceneObjects:
    """Return all that is remembered."""
    return SceneObjects(
        header=header,
        objects=[
            SceneObject(
                id=one.id,
                label=one.label,
                color=one.color,
                support=one.support,
                pose=_pose(one.centre, one.yaw),
                size=_size(one.size),
                confidence=float(one.confidence),
                sightings=one.sightings,
                first_seen=_time(one.first_seen),
                last_seen=_time(one.last_seen),
            )
            for one in known
        ],
    )


def to_markers(header: Header, known: Sequence[Remembered]) -> MarkerArray:
    """Return a box and a name for each thing; the first marker deletes the old ones."""
    found = [Marker(header=header, action=Marker.DELETEALL)]
    for number, one in enumerate(known):
        box = Marker(ns="objects", type=Marker.CUBE, scale=_size(one.size))
        text = Marker(ns="names", type=Marker.TEXT_VIEW_FACING, text=one.id)
        text.scale.z = TEXT
        red, green, blue = SHOWN.get(one.color, GREY)
        box.color = ColorRGBA(r=red, g=green, b=blue, a=0.6)
        text.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
        above = one.centre + (0.0, 0.0, 0.5 * one.size[2] + TEXT)
        for marker, place in ((box, one.centre), (text, above)):
            marker.header, marker.id = header, number
            marker.pose = _pose(place, one.yaw)
            found.append(marker)
    return MarkerArray(markers=found)


def _pose(centre: Array, yaw: float) -> Pose:
    place = (float(centre[0]), float(centre[1]), float(centre[2]))
    return convert.to_pose(transform(place, (0.0, 0.0, yaw)))


def _size(size: tuple[float, float, float]) -> Vector3:
    return Vector3(x=float(size[0]), y=float(size[1]), z=float(size[2]))


def _time(stamp: float) -> Time:
    return convert.to_time(stamp)
