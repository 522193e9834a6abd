# SPDX-License-Identifier: Apache-2.0
"""A RealSense that is not there: as much of pyrealsense2 as the driver asks for.

Every image has a wall at 1.5 m, something too near on the left and holes above.
"""

import os
import time
from types import SimpleNamespace

import numpy as np

stream = SimpleNamespace(depth="depth", color="color")
format = SimpleNamespace(z16="z16", rgb8="rgb8")
timestamp_domain = SimpleNamespace(hardware_clock=0, system_time=1, global_time=2)

SCALE = 0.00025  # [m] of a count: not a millimetre, so that nobody takes it for one
FOCAL = 310.0


class config:
    def __init__(self):
        self.serial, self.streams = "", {}

    def enable_device(self, serial):
        self.serial = serial

    def enable_stream(self, kind, width, height, form, rate):
        self.streams[kind] = (width, height, form, rate)


class pipeline:
    def start(self, wanted):
        if wanted.serial == "missing":
            raise RuntimeError("No device connected")
        self.width, self.height, form, self.rate = wanted.streams[stream.depth]
        assert form == format.z16
        assert wanted.streams[stream.color][2] == format.rgb8
        self.begun, self.shown = time.monotonic(), 0
        return profile(self.width, self.height)

    def poll_for_frames(self):
        limit = float(os.environ.get("FAKE_REALSENSE_SECONDS", "inf"))
        passed = time.monotonic() - self.begun
        if passed > limit:
            raise RuntimeError("device disconnected")
        if passed * self.rate < self.shown:
            return frameset(self.width, 0)
        self.shown += 1
        return frameset(self.width, self.height)

    def stop(self):
        self.begun = float("nan")


class profile:
    def __init__(self, width, height):
        self.width, self.height = width, height

    def get_device(self):
        return self

    def first_depth_sensor(self):
        return self

    def get_depth_scale(self):
        return SCALE

    def get_stream(self, kind):
        assert kind == stream.depth
        return self

    def as_video_stream_profile(self):
        return self

    def get_intrinsics(self):
        return SimpleNamespace(
            width=self.width,
            height=self.height,
            fx=FOCAL,
            fy=FOCAL,
            ppx=0.5 * self.width,
            ppy=0.5 * self.height,
            coeffs=[0.0] * 5,
        )


class frame:
    def __init__(self, data):
        self.data = data

    def __bool__(self):
        return True

    def get_data(self):
        return self.data

    def get_timestamp(self):
        return 1e3 * time.time()

    def get_frame_timestamp_domain(self):
        return timestamp_domain.global_time


class frameset:
    def __init__(self, width, height):
        self.width, self.height = width, height

    def __bool__(self):
        return self.height > 0

    def get_depth_frame(self):
        depth = np.full((self.height, self.width), 1.5 / SCALE, np.uint16)
        depth[:, :20] = 0.05 / SCALE
        depth[:10] = 0
        return frame(depth)

    def get_color_frame(self):
        colour = np.zeros((self.height, self.width, 3), np.uint8)
        colour[..., 0] = 200
        return frame(colour)


class align:
    def __init__(self, kind):
        assert kind == stream.depth

    def process(self, frames):
        return frames
