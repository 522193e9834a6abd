# SPDX-License-Identifier: Apache-2.0
"""`ros2 launch renxing bringup.launch.py`: config/bringup.yaml on launch_ros.

Without readiness: ros2 launch starts all processes at once, whatever `after` says.
It also starts a node again that has ended well, since it knows no `on-failure`.
"""

import tempfile
from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    OpaqueFunction,
    Shutdown,
)
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from renxing.runtime.arguments import as_text
from renxing.runtime.bringup import (
    ProcessSpec,
    Table,
    default_table,
    load_table,
    resolve,
    write_parameters,
)

RESTARTS = 4  # as many as `renxing up` tries before it gives a process up
RESTART_DELAY = 1.0  # [s]


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments of the table and start what it resolves to."""
    table = load_table(default_table())
    declared = [
        DeclareLaunchArgument(
            argument.name,
            default_value=as_text(argument.default),
            description=argument.help,
            choices=[as_text(choice) for choice in argument.choices] or None,
        )
        for argument in table.arguments
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start, args=[table])])


def start(context: LaunchContext, table: Table) -> list[LaunchDescriptionEntity]:
    """Turn the values of the arguments into processes."""
    given = {
        argument.name: LaunchConfiguration(argument.name).perform(context)
        for argument in table.arguments
    }
    folder = Path(tempfile.mkdtemp(prefix="renxing-launch-"))
    return [process(spec, folder) for spec in resolve(table, given)]


def process(spec: ProcessSpec, folder: Path) -> LaunchDescriptionEntity:
    """Return the launch action of one process."""
    exits = 0

    def on_exit(
        event: ProcessExited, context: LaunchContext
    ) -> list[LaunchDescriptionEntity]:
        # launch calls this at every exit, also when it starts the process again.
        nonlocal exits
        exits += 1
        final = spec.restart == "never" or exits > RESTARTS
        if not (spec.critical and final):
            return []
        return [Shutdown(reason=f"the critical process '{spec.name}' has ended")]

    common = {
        "output": "screen",
        "respawn": spec.restart != "never",
        "respawn_delay": RESTART_DELAY,
        "respawn_max_retries": RESTARTS,
        "on_exit": on_exit,
    }
    if spec.command:
        return ExecuteProcess(cmd=list(spec.command), name=spec.name, **common)
    return Node(
        package="renxing",
        executable=spec.executable,
        # A program that hosts several nodes is told which.
        arguments=list(spec.nodes) if spec.executable == "host" else [],
        namespace=spec.namespace,
        parameters=[str(write_parameters(spec, folder))],
        **common,
    )
