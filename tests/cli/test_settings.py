# SPDX-License-Identifier: Apache-2.0
"""What values of arguments need is fetched before anything starts."""

import pytest

from renxing.cli import settings
from renxing.runtime.bringup import default_table, load_table


@pytest.mark.parametrize(
    ("given", "fetched"),
    [
        ({}, []),
        ({"backend": "mujoco"}, []),
        ({"backend": "servo"}, ["servo"]),
        ({"cameras": "true"}, ["cameras"]),
        ({"backend": "servo", "cameras": "true"}, ["servo", "cameras"]),
        ({"cameras": "false"}, []),
    ],
)
def test_extras_of_arguments(monkeypatch, given, fetched) -> None:
    found: list[str] = []
    monkeypatch.setattr(settings, "require_extra", found.append)
    settings.fetch_for_settings(load_table(default_table()), given)
    assert found == fetched
