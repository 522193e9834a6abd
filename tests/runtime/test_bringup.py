# SPDX-License-Identifier: Apache-2.0
"""The bringup table: what it resolves to, and that every mistake is named."""

from pathlib import Path

import pytest
import yaml

from renxing.errors import ConfigError
from renxing.runtime.bringup import (
    ProcessSpec,
    default_table,
    load_table,
    resolve,
    write_parameters,
)

GOOD = """
arguments:
  robot: {default: rx1, help: which}
  backend: {default: mujoco, choices: [mujoco, mock], help: what}
  console: {default: true, help: page}
  record: {default: false, type: switch, help: bag}
  rate: {default: 500.0, help: Hz}
  port: {default: 8080, help: port}
  clock: {default: false, help: clock}
  namespace: {default: "", help: ns}
namespace: $(namespace)
every_node: {use_sim_time: $(clock)}
processes:
  twin:
    when: backend == mujoco
    restart: on-failure
    critical: true
    nodes:
      twin: {robot: $(robot), rate: $(rate), path: "a/$(robot)/$(port)"}
  pair:
    after: [twin]
    nodes:
      left: {sides: [$(robot), b]}
      right: {use_sim_time: false}
  console:
    when: console
    after: [twin, pair]
    nodes: {console: {port: $(port)}}
  recorder:
    when: record
    nodes: {recorder: {output: $(record)}}
  bridge:
    command: [gz, sim, $(port)]
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "table.yaml"
        path.write_text(text)
        return path

    return write


def by_name(write, **given: str) -> dict[str, ProcessSpec]:
    specs = resolve(load_table(write(GOOD)), given)
    return {spec.name: spec for spec in specs}


def test_a_lone_reference_keeps_its_type(write) -> None:
    specs = by_name(write, port="9000", clock="true", rate="1")
    assert specs["console"].parameters["console"]["port"] == 9000
    rate = specs["twin"].parameters["twin"]["rate"]
    assert isinstance(rate, float)
    assert rate == 1.0
    assert specs["twin"].parameters["twin"]["use_sim_time"] is True
    assert specs["twin"].parameters["twin"]["path"] == "a/rx1/9000"
    assert specs["pair"].parameters["left"]["sides"] == ["rx1", "b"]
    assert specs["bridge"].command == ("gz", "sim", "9000")


def test_a_node_may_overrule_what_every_node_gets(write) -> None:
    assert by_name(write, clock="true")["pair"].parameters["right"] == {
        "use_sim_time": False
    }


def test_a_process_that_is_left_out_is_not_waited_for(write) -> None:
    specs = by_name(write, backend="mock")
    assert "twin" not in specs
    assert specs["console"].after == ("pair",)
    assert "console" not in by_name(write, console="false")


def test_a_switch_is_off_on_or_a_text(write) -> None:
    assert "recorder" not in by_name(write)
    assert by_name(write, record="true")["recorder"].parameters["recorder"] == {
        "use_sim_time": False,
        "output": "",
    }
    named = by_name(write, record="walk.mcap")["recorder"]
    assert named.parameters["recorder"]["output"] == "walk.mcap"


def test_several_nodes_are_started_by_the_host(write) -> None:
    specs = by_name(write, namespace="/lab/rx/")
    assert (specs["pair"].executable, specs["pair"].nodes) == (
        "host",
        ("left", "right"),
    )
    assert specs["twin"].executable == "twin"
    assert specs["twin"].namespace == "lab/rx"


def test_the_parameters_file_is_what_ros_reads(write, tmp_path: Path) -> None:
    path = write_parameters(by_name(write)["pair"], tmp_path / "new")
    assert yaml.safe_load(path.read_text()) == {
        "/**/left": {"ros__parameters": {"use_sim_time": False, "sides": ["rx1", "b"]}},
        "/**/right": {"ros__parameters": {"use_sim_time": False}},
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"robbot": "x"}, ["robbot", "unknown", "robot, backend"]),
        ({"backend": "gazebo"}, ["backend", "gazebo", "mujoco, mock"]),
        ({"console": "maybe"}, ["console", "maybe", "true, false"]),
        ({"port": "80.5"}, ["port", "80.5", "whole number"]),
        ({"namespace": "7up"}, ["namespace", "7up"]),
    ],
)
def test_wrong_arguments_are_named(write, given, words) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(load_table(write(GOOD)), given)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("critical: true", "critcal: true", ["processes.twin.critcal", "unknown key"]),
        ("critical: true", "critical: 1", ["twin.critical", "got 1", "bool"]),
        ("on-failure", "sometimes", ["twin.restart", "sometimes", "on-failure"]),
        ("when: console", "when: konsole", ["console.when", "konsole", "unknown"]),
        ("when: console", "when: robot", ["console.when", "robot == value"]),
        ("backend == mujoco", "backend == gz", ["twin.when", "gz", "mujoco, mock"]),
        ("port: $(port)}}", "port: $(prt)}}", ["console.nodes.console.port", "$(prt)"]),
        ("after: [twin]", "after: [console]", ["processes", "circle", "pair"]),
        ("after: [twin]", "beside: [console]", ["processes", "circle", "pair"]),
        ("after: [twin]", "after: [twim]", ["pair.after", "twim", "twin, pair"]),
        ("after: [twin]", "beside: [twim]", ["pair.beside", "twim", "twin, pair"]),
        ("sides: [$(robot), b]", "sides: []", ["left.sides", "[]"]),
        ("sides: [$(robot), b]", "sides: [a, 1]", ["left.sides", "allowed"]),
        ("choices: [mujoco, mock]", "choices: [mock]", ["backend", "mujoco"]),
        ("default: 8080, ", "default: 8080, typ: int, ", ["port.typ", "unknown key"]),
        ("default: 8080, ", "default: [1], ", ["port.default", "[1]"]),
        ("default: 8080, ", "", ["arguments.port", "'default' is missing"]),
        ("command: [gz, sim, $(port)]", "restart: never", ["bridge", "nodes"]),
        ("nodes: {console: {port", "nodes: {left: {port", ["left", "already"]),
        ("namespace: $(namespace)", "namspace: x", ["namspace", "unknown key"]),
    ],
)
def test_mistakes_in_the_table_are_named(write, old, new, words) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        load_table(write(GOOD.replace(old, new)))
    message = str(caught.value)
    assert "table.yaml:" in message
    assert all(word in message for word in words), message


def test_the_table_of_the_project() -> None:
    specs = {spec.name: spec for spec in resolve(load_table(default_table()), {})}
    names = ["core", "controller_manager", "robot_state_publisher", "console"]
    assert list(specs) == names
    assert specs["core"].critical
    words = specs["core"].command
    assert words[1:3] == ("-m", "renxing.runtime.core_process")
    given = dict(zip(words[3::2], words[4::2], strict=True))
    assert given["--robot"] == "rx1"
    assert given["--clock"] == "false"
    assert specs["controller_manager"].beside == ("core",)
    assert specs["controller_manager"].parameters["controller_manager"] == {
        "use_sim_time": False,
        "robot": "rx1",
        "publish_clock": False,
        "wait_for_core": True,
    }


def test_a_robot_may_be_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("x: 1")
    specs = resolve(load_table(default_table()), {"robot": str(mine)})
    parameters = {spec.name: spec.parameters for spec in specs}
    assert parameters["console"]["console"]["robot"] == str(mine)
    with pytest.raises(ConfigError, match="rx1"):
        resolve(load_table(default_table()), {"robot": "nobody"})
