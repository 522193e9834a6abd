# SPDX-License-Identifier: Apache-2.0
"""The robots, and the room in the network, that tests of several parts need."""

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from renxing.errors import ConfigError

if TYPE_CHECKING:
    from renxing.robot import Robot


@pytest.fixture(scope="session")
def load() -> "Callable[[str], Robot]":
    """Load a robot once a session; skip where its optional package lacks."""
    # Here, so that tests of other parts start without loading robot models.
    from renxing.robot import load_robot

    loaded: dict[str, Robot] = {}

    def robot(name: str) -> "Robot":
        if name not in loaded:
            try:
                loaded[name] = load_robot(name)
            except ConfigError as error:
                if "renxing setup --extra" not in str(error):
                    raise
                pytest.skip(str(error))
        return loaded[name]

    return robot


@pytest.fixture(params=["rx1", "g1"])
def robot(request: pytest.FixtureRequest, load: "Callable[[str], Robot]") -> "Robot":
    return load(request.param)


@pytest.fixture
def rx1(load: "Callable[[str], Robot]") -> "Robot":
    return load("rx1")


@pytest.fixture(scope="session")
def free_domain() -> "Callable[[], int]":
    """Find a ROS domain in which nobody listens on this machine."""

    def find() -> int:
        first = os.getpid() % 100
        for domain in (1 + (first + i) % 100 for i in range(100)):
            # RTPS 2.3, 9.6.1.1: where the first participant of a domain is met.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind(("127.0.0.1", 7400 + 250 * domain + 10))
                except OSError:
                    continue
            return domain
        raise RuntimeError("all ROS domains of this machine are in use")

    return find
