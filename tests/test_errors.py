# SPDX-License-Identifier: Apache-2.0
"""Errors reach other processes: pickled, they keep kind, message and attributes."""

import inspect
import pickle
from pathlib import Path

import pytest
from msgspec import Struct

from renxing import errors
from renxing.errors import RenxingError
from renxing.navigation.planner import NoRoute, Reason
from renxing.yaml_file import FileError, read_yaml

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, RenxingError)
]


class Cart(Struct, forbid_unknown_fields=True):
    wheels: int


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_its_message(kind: type[RenxingError]) -> None:
    again = pickle.loads(pickle.dumps(kind("joint 'knee': 2.71 rad outside")))
    assert type(again) is kind
    assert str(again) == "joint 'knee': 2.71 rad outside"


def test_an_error_with_a_form_of_its_own_keeps_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "cart.yaml"
    file.write_text("wheels: four\nwings: 2\n")
    with pytest.raises(FileError) as raised:
        read_yaml(file, Cart)
    error = raised.value
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is FileError
    assert str(again) == str(error) and len(again.problems) == 2
    assert again.problems == error.problems
    assert (again.path, again.data, again.lines) == (file, error.data, error.lines)


def test_an_error_that_is_made_of_two_things_is_made_again() -> None:
    error = NoRoute(Reason.GOAL_OCCUPIED, "something stands there")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason) == (str(error), error.reason)
