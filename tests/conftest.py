# SPDX-License-Identifier: Apache-2.0
"""The robots that tests of several parts need."""

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
