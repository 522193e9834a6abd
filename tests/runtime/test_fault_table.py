# SPDX-License-Identifier: Apache-2.0
"""The table tells what is declared from what is not, and is the same every time."""

from dataclasses import replace

import pytest

from renxing.actuation.ladder import Rung
from renxing.errors import ConfigError
from renxing.runtime import fault_table
from renxing.runtime.fault_table import case_named, try_fault
from renxing.runtime.fault_trial import Task


def task(case, seed=1):
    return Task(case=case, robot="rx1", seed=seed)


@pytest.mark.parametrize(
    "case", ["IMU NaN", "two writers on one joint", "NaN from a controller"]
)
def test_declared_reactions_are_seen(case):
    outcome = try_fault(task(case))
    assert outcome.missed == ""
    assert outcome.reaction is not None
    assert outcome.reaction <= case_named(case).within + 1e-9


def test_a_trial_is_a_pure_function():
    assert try_fault(task("line cut", 3)) == try_fault(task("line cut", 3))


def test_what_is_not_as_declared_is_missed(monkeypatch):
    wrong = replace(case_named("IMU NaN"), rung=Rung.DAMP)
    monkeypatch.setattr(fault_table, "CASES", (wrong,))
    assert "no reaction" in try_fault(task("IMU NaN")).missed
    proud = replace(case_named("IMU NaN"), rung=Rung.RUN, within=0.0)
    monkeypatch.setattr(fault_table, "CASES", (proud,))
    assert "came to hold: attitude lost" in try_fault(task("IMU NaN")).missed


def test_an_unknown_case_is_refused():
    with pytest.raises(ConfigError, match="allowed: knee encoder frozen"):
        try_fault(task("gremlins"))
