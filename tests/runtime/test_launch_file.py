# SPDX-License-Identifier: Apache-2.0
"""The launch file starts what the table says; runs where ROS brings launch_ros."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from renxing.resources import resource
from renxing.runtime.bringup import ProcessSpec, default_table, load_table

pytest.importorskip("launch_ros.actions")


@pytest.fixture
def launch_file() -> ModuleType:
    path = resource("launch/bringup.launch.py")
    spec = importlib.util.spec_from_file_location("bringup_launch", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_declares_the_arguments_of_the_table(launch_file: ModuleType) -> None:
    entities = launch_file.generate_launch_description().entities
    names = [entity.name for entity in entities if hasattr(entity, "choices")]
    assert names == [a.name for a in load_table(default_table()).arguments]


def test_it_starts_the_processes_of_the_table(launch_file: ModuleType) -> None:
    from launch import LaunchContext

    context = LaunchContext()
    for entity in launch_file.generate_launch_description().entities[:-1]:
        entity.visit(context)
    context.launch_configurations["record"] = "walk.mcap"
    nodes = launch_file.start(context, load_table(default_table()))
    started = [node.node_executable for node in nodes if hasattr(node, "node_package")]
    wanted = ["controller_manager", "robot_state_publisher", "console", "recorder"]
    assert started == wanted
    assert len(nodes) == len(wanted) + 1  # the core is no node


def test_a_critical_process_ends_the_launch_after_its_last_restart(
    launch_file: ModuleType, tmp_path: Path
) -> None:
    spec = ProcessSpec(
        name="a",
        executable="a",
        nodes=(),
        parameters={},
        command=("false",),
        restart="on-failure",
        critical=True,
    )
    action = launch_file.process(spec, tmp_path)
    on_exit = action._ExecuteLocal__on_exit
    ends = [bool(on_exit(None, None)) for _ in range(launch_file.RESTARTS + 1)]
    assert ends == [False] * launch_file.RESTARTS + [True]
