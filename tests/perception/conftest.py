# SPDX-License-Identifier: Apache-2.0
"""A robot that is led through a room and looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from renxing.errors import DeviceError
from renxing.evaluation.wandering import Wanderer
from renxing.robot import load_robot
from renxing.sim import load_world


@pytest.fixture(scope="module")
def wanderer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wanderer]:
    """Yield rx1 in the world that the module calls `ROOM`."""
    file: Path = tmp_path_factory.mktemp("worlds") / "room.yaml"
    file.write_text(request.module.ROOM)
    try:
        made = Wanderer(load_robot("rx1"), load_world(file))
    except DeviceError as error:
        pytest.skip(str(error))
    yield made
    made.close()
