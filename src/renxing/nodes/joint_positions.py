# SPDX-License-Identifier: Apache-2.0
"""Joint positions out of joint_states, at the rate of the loop and at little cost.

They come hundreds of times a second, and reading one as a message takes ten times
longer than all that is done with it. Their layout hardly ever changes: what was found
out about one message serves for all others that begin like it.
"""

import struct

import numpy as np
import numpy.typing as npt
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

from renxing.nodes import convert
from renxing.robot import Robot
from renxing.spatial import Array

# A message as CDR (RTPS 2.3, 10.5): four bytes that say how it is written, the stamp,
# then frame and names as text, then numbers, each aligned to its size.
LITTLE = 1  # second byte of one whose numbers are little-endian
HEAD = 4
STAMP = struct.Struct("<iI")
TEXTS = HEAD + STAMP.size


class JointPositions:
    """The newest positions of a robot's joints.

    Attributes:
        positions: Of all joints; those that nobody told are 0 [rad], shape (n,).
        stamp: Of the last message [s].
    """

    def __init__(self, robot: Robot) -> None:
        """Know nothing yet."""
        self.positions: Array = np.zeros(len(robot.joints))
        self.stamp = -np.inf
        self._place = {name: i for i, name in enumerate(robot.joints)}
        self._texts = b""
        self._first = 0
        nowhere = np.empty(0, np.intp)
        self._source: npt.NDArray[np.intp] = nowhere
        self._target: npt.NDArray[np.intp] = nowhere
        self._count = 0

    def read(self, data: bytes) -> None:
        """Take a message, of some of the joints or all; numbers not finite are left."""
        end = TEXTS + len(self._texts)
        if data[1] == LITTLE and self._texts and data[TEXTS:end] == self._texts:
            seconds, nanoseconds = STAMP.unpack_from(data, HEAD)
            self.stamp = seconds + 1e-9 * nanoseconds
            given = np.frombuffer(data, "<f8", self._count, self._first)
        else:
            given = self._learn(data)
        values = given[self._source]
        if np.isfinite(values).all():
            self.positions[self._target] = values
        else:
            good = np.isfinite(values)
            self.positions[self._target[good]] = values[good]

    def _learn(self, data: bytes) -> Array:
        message = deserialize_message(data, JointState)
        self.stamp = convert.to_seconds(message.header.stamp)
        count = min(len(message.name), len(message.position))
        known = [i for i in range(count) if message.name[i] in self._place]
        self._source = np.array(known, np.intp)
        places = [self._place[message.name[i]] for i in known]
        self._target = np.array(places, np.intp)
        self._texts, self._count = b"", len(message.position)
        if message.name and message.position:
            last = message.name[-1].encode()
            end = data.rindex(last + b"\0") + len(last) + 1
            size = HEAD + _up(end - HEAD, 4)
            self._first = HEAD + _up(size + 4 - HEAD, 8)
            # Up to and with the number of positions, all has to be the same.
            self._texts = data[TEXTS : size + 4]
        return np.array(message.position)


def _up(offset: int, step: int) -> int:
    """Return the next multiple."""
    return -(-offset // step) * step
