# SPDX-License-Identifier: Apache-2.0
"""Good backends pass; each kind of wrong one fails the check that is for it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from renxing.actuation.mock_system import MockSystem
from renxing.cli.main import main
from renxing.errors import ConfigError
from renxing.hardware_interface import POSITION, PROPORTIONAL, Result, Return
from renxing.runtime.conformance import bench
from renxing.runtime.conformance.backend import find_backend
from renxing.runtime.conformance.suite import CHECKS, Outcome, check_backend
from renxing.sim import Twin, load_world
from renxing.sim.mujoco_system import MujocoSystem

ONE, OTHER = "neck_yaw_joint", "neck_pitch_joint"  # both are at zero in `stand`
LEG = "left_knee_joint"


@pytest.fixture(scope="module")
def mock():
    return find_backend("mock")


@pytest.fixture(scope="module")
def mujoco():
    return find_backend("mujoco")


def with_class(backend, kind):
    """Return a backend with other hardware in it."""
    plugin = backend.infos[0].plugin
    if not issubclass(kind, MujocoSystem):
        return replace(backend, plugins={plugin: kind})
    twin = Twin(backend.robot, load_world("flat"))
    plugins = {plugin: lambda info: kind(info, twin)}
    return replace(backend, plugins=plugins, restart=twin.reset)


def outcomes(backend, *only, move=False):
    return {v.name: v for v in check_backend(backend, move=move, only=only)}


def failed(verdicts):
    return {name for name, v in verdicts.items() if v.outcome is Outcome.FAIL}


def test_the_twin_conforms(mujoco):
    verdicts = outcomes(mujoco)
    assert len(verdicts) == len(CHECKS)
    assert {v.outcome for v in verdicts.values()} == {Outcome.OK}, verdicts


def test_the_mock_conforms_where_there_are_no_forces_it_is_not_asked(mock):
    verdicts = outcomes(mock)
    assert failed(verdicts) == set()
    skipped = {n for n, v in verdicts.items() if v.outcome is Outcome.SKIP}
    assert skipped == {"weight", "velocity", "effort", "impedance"}
    assert all(v.measured and v.required for v in verdicts.values())


def test_a_robot_whose_urdf_names_no_hardware_is_checked_too(load):
    load("g1")  # skips where its package lacks
    assert failed(outcomes(find_backend("mock", "g1"))) == set()


# --- wrong kinematics, on the mock ----------


class Swapped(MockSystem):
    """Gives two joints each other's commands."""

    def write(self, time, period):
        names = self.command_names()
        pair = [names.index(f"{joint}/{POSITION}") for joint in (ONE, OTHER)]
        self.command[pair] = self.command[pair[::-1]]
        return super().write(time, period)


class WrongSign(MockSystem):
    """Moves a joint against its command."""

    def write(self, time, period):
        self.command[self.command_names().index(f"{ONE}/{POSITION}")] *= -1.0
        return super().write(time, period)


class Frozen(MockSystem):
    """Never moves."""

    def write(self, time, period):
        return Return.OK


class Nan(MockSystem):
    """Loses an encoder once it is active."""

    def write(self, time, period):
        super().write(time, period)
        self.state[self.state_names().index(f"{ONE}/{POSITION}")] = np.nan
        return Return.OK


class Blind(MockSystem):
    """Knows nothing before it is active."""

    def on_configure(self):
        result = super().on_configure()
        self.state[0] = np.nan
        return result

    def on_activate(self):
        self.state[0] = 0.0
        return Result.SUCCESS


class Missing(MockSystem):
    """Exports one interface too few."""

    def state_names(self):
        return super().state_names()[:-1]


class Raising(MockSystem):
    """Breaks whenever it is read."""

    def read(self, time, period):
        raise OSError("no such device")


class Refusing(MockSystem):
    """Cannot be activated a second time."""

    count = 0

    def on_activate(self):
        self.count += 1
        return Result.SUCCESS if self.count == 1 else Result.FAILURE


class Hopeless(MockSystem):
    """Does not recover."""

    def on_error(self):
        return Result.FAILURE


class Crashing(MockSystem):
    """Cannot stand a command that is not there."""

    def write(self, time, period):
        if np.isnan(self.command).any():
            raise ValueError("NaN")
        return super().write(time, period)


class UpsideDown(MockSystem):
    """Feels gravity instead of what holds it up."""

    def on_configure(self):
        result = super().on_configure()
        at = self.state_names().index("pelvis_imu/linear_acceleration.z")
        self.state[at] *= -1.0
        return result


class Random(MockSystem):
    """Is never the same twice."""

    def read(self, time, period):
        self.state[0] += 1e-9 * np.random.default_rng().standard_normal()
        return Return.OK


@pytest.mark.parametrize(
    ("kind", "wrong", "because"),
    [
        (Swapped, {"moves"}, OTHER),
        (WrongSign, {"moves"}, "-100 %"),
        (Frozen, {"moves"}, "0 %"),
        (Blind, {"inactive_read"}, "not finite"),
        (Missing, {"names"}, "missing"),
        (Refusing, {"life_cycle", "error_path"}, "on_activate: failure"),
        (Hopeless, {"error_path"}, "finalized"),
        (Crashing, {"no_command"}, "NaN"),
        (UpsideDown, {"imu"}, "-9.81"),
        (Random, {"determinism"}, "differ"),
    ],
)
def test_a_wrong_backend_fails_its_check_and_no_other(mock, kind, wrong, because):
    verdicts = outcomes(with_class(mock, kind))
    assert failed(verdicts) == wrong
    assert any(because in verdicts[name].measured for name in wrong)


def test_nan_states_and_a_raising_read_fail_what_needs_them(mock):
    lost = outcomes(with_class(mock, Nan))
    assert {"finite", "limits", "moves"} <= failed(lost)
    assert f"{ONE}/{POSITION}" in lost["finite"].measured
    raising = outcomes(with_class(mock, Raising))
    assert "names" not in failed(raising)
    assert "life_cycle" not in failed(raising)
    assert {"inactive_read", "finite", "deactivated", "error_path"} <= failed(raising)
    assert "OSError: no such device" in raising["inactive_read"].measured


def test_without_interfaces_there_is_nothing_more_to_check(mock):
    verdicts = outcomes(with_class(mock, Missing))
    rest = {v.outcome for name, v in verdicts.items() if name != "names"}
    assert rest == {Outcome.SKIP}


# --- wrong dynamics, on the twin ----------


class Twisted(MujocoSystem):
    """Tampers with the command, and with what is reported of a joint."""

    def place(self, joint, kind):
        return self.state_names().index(f"{joint}/{kind}")


class WrongReports(Twisted):
    def read(self, time, period):
        super().read(time, period)
        self.state[self.place(ONE, "velocity")] *= -1.0
        self.state[self.place(LEG, "effort")] *= -1.0
        self.state[self.place("l_sole_ft", "force.z")] *= -1.0
        return Return.OK


class WrongLeg(Twisted):
    """Drives each of two leg joints with the other's command."""

    def write(self, time, period):
        names = self.command_names()
        pair = [
            names.index(f"{joint}/{POSITION}") for joint in (LEG, "right_knee_joint")
        ]
        self.command[pair] = self.command[pair[::-1]]
        return super().write(time, period)


class NeverLimp(Twisted):
    """Has a floor below its stiffness."""

    def write(self, time, period):
        rows = self.command.reshape(5, -1)
        rows[3] = np.maximum(rows[3], 60.0)
        return super().write(time, period)


class ToZero(Twisted):
    """Takes a position that nobody gives for zero."""

    def write(self, time, period):
        names = self.command_names()
        places = [i for i, n in enumerate(names) if not n.endswith(PROPORTIONAL)]
        self.command[places] = np.nan_to_num(self.command[places])
        return super().write(time, period)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (WrongReports, {"velocity": ONE, "effort": LEG, "weight": "N of"}),
        (WrongLeg, {"effort": LEG}),
        (NeverLimp, {"impedance": "when limp"}),
        (ToZero, {"no_command": "position NaN"}),
    ],
)
def test_wrong_forces_fail_their_checks(mujoco, kind, wrong, monkeypatch):
    monkeypatch.setattr(bench, "MOVE_TIME", 0.1)  # [s] enough to be caught
    verdicts = outcomes(with_class(mujoco, kind), *wrong)
    assert failed(verdicts) == set(wrong)
    for name, because in wrong.items():
        assert because in verdicts[name].measured


# --- devices and the command ----------


def test_a_device_is_not_moved_unless_asked_for(mock):
    given = []

    class Watching(MockSystem):
        def write(self, time, period):
            given.append(bool(np.isfinite(self.command).any()))
            return super().write(time, period)

    device = replace(with_class(mock, Watching), simulated=False)
    checks = ("finite", "moves", "no_command", "deactivated", "error_path")
    verdicts = outcomes(device, *checks)
    assert failed(verdicts) == set()
    assert "hoist" in verdicts["moves"].measured
    assert given
    assert not any(given)
    assert outcomes(device, "finite", move=True)["finite"].outcome is Outcome.OK
    assert any(given)


def test_a_plugin_can_be_checked_without_a_description_of_its_own():
    backend = find_backend("renxing/MockSystem")
    assert {info.plugin for info in backend.infos} == {"renxing/MockSystem"}


@pytest.mark.parametrize("name", ["gazebo", "nothing"])
def test_an_unknown_backend_names_the_known_ones(name):
    known = "allowed: mujoco, topics, mock, servo, or a plugin"
    with pytest.raises(ConfigError, match=known):
        find_backend(name)


def test_the_command_prints_json_and_tells_failures_by_its_code(capsys, monkeypatch):
    assert main(["backend", "check", "mock", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in document] == [c.__name__ for c in CHECKS]
    monkeypatch.setattr(MockSystem, "on_error", lambda self: Result.FAILURE)
    assert main(["backend", "check", "mock"]) == 1
    out = capsys.readouterr().out
    assert "FAIL  error_path" in out
    assert "1 FAIL" in out
    assert main(["backend", "check", "my_package/Nothing"]) == 2
    assert "allowed: mujoco, topics, mock, servo" in capsys.readouterr().err
