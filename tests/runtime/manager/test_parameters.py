# SPDX-License-Identifier: Apache-2.0
"""Parameter files as ROS reads them, and the manager's own parameters."""

import pytest
import yaml

from renxing.errors import ConfigError
from renxing.runtime.manager.parameters import (
    ParameterStore,
    flatten,
    nest,
    parameters_of,
    parse_parameters,
    parse_value,
    read_parameter_file,
)
from renxing.runtime.manager.plugins import CONTROLLERS, HARDWARE, Plugins
from renxing.runtime.manager.settings import read_settings
from renxing.runtime.manager.switching import Strictness


def of(node: str, namespace: str, *texts: str):
    files = [parse_parameters(yaml.safe_load(text), "f") for text in texts]
    return parameters_of(node, namespace, files)


@pytest.mark.parametrize(
    ("key", "namespace", "fits"),
    [
        ("arm", "/", True),
        ("arm", "/lab", True),
        ("/arm", "/", True),
        ("/lab/arm", "/lab", True),
        ("/lab/arm", "/", False),
        ("lab/arm", "/lab", True),
        ("/**", "/lab", True),
        ("/**/arm", "/lab/left", True),
        ("/*/arm", "/lab", True),
        ("/*/arm", "/lab/left", False),
        ("/**/leg", "/lab", False),
        ("leg", "/", False),
    ],
)
def test_who_is_meant(key, namespace, fits) -> None:
    found = of("arm", namespace, f"'{key}': {{ros__parameters: {{a: 1}}}}")
    assert found == ({"a": 1} if fits else {})


def test_nested_namespaces_and_dotted_names() -> None:
    text = "lab: {left: {arm: {ros__parameters: {gains.knee.p: 1.0, gains: {hip: 2}}}}}"
    assert of("arm", "/lab/left", text) == {"gains": {"knee": {"p": 1.0}, "hip": 2}}


def test_what_stands_later_wins() -> None:
    first = "/**: {ros__parameters: {a: 1, b: {c: 1, d: 1}}}"
    second = "arm: {ros__parameters: {b: {c: 2}}}"
    assert of("arm", "/", first, second) == {"a": 1, "b": {"c": 2, "d": 1}}
    assert of("arm", "/", second, first) == {"a": 1, "b": {"c": 1, "d": 1}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("arm: 3", "'ros__parameters' is missing"),
        ("[a]", "'ros__parameters' is missing"),
        ("arm: {ros__parameters: [1]}", "holds no names"),
        ("arm: {a: 1", "not YAML"),
    ],
)
def test_no_parameter_file(tmp_path, text, complaint) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        read_parameter_file(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_parameter_file(tmp_path / "none.yaml")


def test_flat_and_nested_are_the_same() -> None:
    flat = {"a.b.c": 1, "a.d": [1, 2], "e": "x"}
    assert flatten(nest(flat)) == flat


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("[a.yaml, b.yaml]", ["a.yaml", "b.yaml"]),
        ("['a', 'b']", ["a", "b"]),
        ("my_pkg/Type", "my_pkg/Type"),
        ("{a: 1}", "{a: 1}"),
        ("[[1], 2]", "[[1], 2]"),
        ("[a", "[a"),
        ("", ""),
    ],
)
def test_values_that_come_as_text(text, value) -> None:
    assert parse_value(text) == value


def test_store() -> None:
    store = ParameterStore({"a.b": 1, "list": ["x"], "one": "y", "yaml": "['p', 'q']"})
    store.set("a.c", True)
    assert store.get("a") == {"b": 1, "c": True} and store.get("a.x.y") is None
    store.set("a.b", None)
    assert store.get("a") == {"c": True}
    assert store.texts("list") == ("x",) and store.texts("one") == ("y",)
    assert store.texts("yaml") == ("p", "q") and store.texts("none") == ()
    assert store.truth("a.c", False) and store.number("z", 3.0) == 3.0
    for read in (
        lambda: store.text("list"),
        lambda: store.texts("a.c"),
        lambda: store.number("a.c", 0.0),
        lambda: store.truth("one", False),
    ):
        with pytest.raises(ConfigError, match="parameter '"):
            read()


def test_settings() -> None:
    store = ParameterStore(
        {
            "update_rate": 500,
            "defaults.switch_controller.strictness": "strict",
            "hardware_components_initial_state": {
                "unconfigured": ["a"],
                "shutdown_on_initial_state_failure": False,
            },
        }
    )
    settings = read_settings(store)
    assert settings.update_rate == 500 and settings.strictness is Strictness.STRICT
    assert settings.initial.unconfigured == ("a",)
    assert not settings.initial.shutdown_on_failure
    plain = read_settings(ParameterStore())
    assert plain.update_rate == 100 and plain.strictness is Strictness.BEST_EFFORT
    assert plain.stop_on_rest and not plain.allow_inactive
    for name, value in (
        ("defaults.switch_controller.strictness", "firm"),
        ("update_rate", 0),
        ("update_rate", "fast"),
    ):
        with pytest.raises(ConfigError):
            read_settings(ParameterStore({name: value}))


def test_files_of_a_controller_and_what_is_set(stage, tmp_path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_text("c: {ros__parameters: {commands: [j1/position], speed: 1}}")
    second.write_text("/**: {ros__parameters: {speed: 2, gains.p: 3}}")
    manager = stage()
    manager.loader.parameters.set("c.type", "test/Doll")
    manager.loader.parameters.set("c.params_file", f"['{first}', '{second}']")
    manager.loader.set("c", "gains.d", 4)
    assert manager.load_controller("c").ok
    assert manager.configure_controller("c").ok
    assert manager.loader.flat("c") == {
        "commands": ["j1/position"],
        "speed": 2,
        "gains.p": 3,
        "gains.d": 4,
    }
    assert manager.doll("c").info.parameters["gains"] == {"p": 3, "d": 4}
    assert manager.list_controllers()[0].required_command_interfaces == ("j1/position",)
    manager.loader.parameters.set("d.params_file", str(tmp_path / "none.yaml"))
    answer = manager.load_controller("d", "test/Doll")
    assert not answer.ok and "cannot be read" in answer.message


def test_plugins_are_imported_when_asked_for() -> None:
    plugins = Plugins(
        {
            "a/Fraction": "fractions:Fraction",
            "b/None": "no.such:Thing",
            "c/Pi": "math:pi",
        }
    )
    assert list(plugins) == ["a/Fraction", "b/None", "c/Pi"] and "b/None" in plugins
    assert plugins["a/Fraction"](1, 2) == 0.5
    for name in ("b/None", "c/Pi"):
        with pytest.raises(ConfigError, match=f"plugin '{name}'"):
            plugins[name]
    with pytest.raises(KeyError):
        plugins["d"]
    given = Plugins({"a/Fraction": "x:y"}, given={"a/Fraction": int})
    assert given["a/Fraction"]("3") == 3
    plugins.reload()
    assert plugins["a/Fraction"](1, 2) == 0.5


@pytest.mark.parametrize("name", sorted(CONTROLLERS))
def test_every_controller_of_the_table_is_there(name) -> None:
    assert Plugins(CONTROLLERS)[name]


def test_names_of_the_robot_descriptions_are_known() -> None:
    for name in (
        "mujoco_ros2_control/MujocoSystemInterface",
        "mock_components/GenericSystem",
    ):
        assert name in Plugins(HARDWARE)
