# SPDX-License-Identifier: Apache-2.0
"""The import rule of the house: a room knows signals, never another room or ROS.

Rooms are where the algorithms are. Wanting another room's function means that a
signal is missing; wanting ROS, the clock or the environment means that the code
belongs in a node.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "renxing"

ROOMS = {
    "sensing",
    "estimation",
    "mapping",
    "localization",
    "navigation",
    "perception",
    "world",
    "planning",
    "control",
    "actuation",
    "sim",
}
# What each part may import of this package, besides itself. Parts that are not
# listed (nodes, runtime, evaluation, console, cli) may
# import everything.
BASE = {"errors", "resources", "yaml_file"}
CORE = {
    "signals",
    "spatial",
    "robot",
    "hardware_interface",
    "controller_interface",
    "body_interfaces",
}
ALLOWED = {
    "errors": set(),
    "resources": {"errors"},
    "yaml_file": {"errors"},
    "environment": {"errors"},
    "spatial": {"errors"},
    "signals": {"spatial", "errors"},
    "robot": BASE | {"signals", "spatial"},
    "hardware_interface": {"spatial"},
    "controller_interface": {"hardware_interface", "robot", "spatial"},
    "body_interfaces": {"errors", "hardware_interface", "robot", "signals", "spatial"},
    "language": BASE | {"planning"},
    **{room: BASE | CORE for room in ROOMS},
}
ROS_PACKAGES = {
    "ament_index_python",
    "builtin_interfaces",
    "launch",
    "launch_ros",
    "launch_testing",
    "rclpy",
    "rosidl_runtime_py",
    "std_srvs",
    "tf2_ros",
}
FORBIDDEN_IN_ROOMS = {"print", "time.time", "os.environ", "os.getenv"}


def is_ros(module: str) -> bool:
    top = module.split(".")[0]
    return top in ROS_PACKAGES or top.endswith(("_msgs", "_interfaces"))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and full name of each import; names of a `from` one by one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, f"{'.' * node.level}{node.module}.{alias.name}"


def names_used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.lineno, f"{node.value.id}.{node.attr}"


def part_of(path: Path) -> str:
    return path.with_suffix("").parts[0]


def violations(source: Path) -> list[str]:
    """Return every breach of the rule below a `renxing` folder."""
    found = []
    for file in sorted(source.rglob("*.py")):
        path = file.relative_to(source)
        part = part_of(path)
        tree = ast.parse(file.read_text())
        for line, module in imports(tree):
            where = f"{path}:{line}"
            if module.startswith("."):
                found.append(f"{where}: relative import; write renxing.<...>")
            elif is_ros(module) and part != "nodes":
                found.append(f"{where}: {module}: ROS is for nodes only")
            elif module.startswith("renxing.") and part in ALLOWED:
                other = module.split(".")[1]
                # `from renxing import __version__` names no part.
                if other not in ALLOWED[part] | {part, "__version__"}:
                    found.append(f"{where}: {part} must not know {other}")
        if part in ROOMS:
            for line, name in names_used(tree):
                if name in FORBIDDEN_IN_ROOMS:
                    found.append(f"{path}:{line}: {name} is for nodes only")
    return found


def test_the_house_keeps_the_rule() -> None:
    assert violations(SOURCE) == []


@pytest.mark.parametrize(
    ("path", "code", "complaint"),
    [
        ("control/gait.py", "from renxing.planning import route", "planning"),
        ("control/gait.py", "from renxing import planning", "planning"),
        ("sim/world.py", "def f():\n    import renxing.control.hold", "control"),
        ("planning/route.py", "import rclpy", "ROS"),
        ("runtime/loop.py", "from sensor_msgs.msg import Imu", "ROS"),
        ("console/page.py", "from rclpy.node import Node", "ROS"),
        ("robot/model.py", "from ..control import hold", "relative"),
        ("signals.py", "from renxing.robot import Robot", "robot"),
        ("errors.py", "from renxing.signals import JointState", "signals"),
        ("control/hold.py", "import time\nnow = time.time()", "time.time"),
        ("sensing/imu.py", "print(1)", "print"),
    ],
)
def test_planted_breach_is_caught(
    tmp_path: Path, path: str, code: str, complaint: str
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(code)
    (found,) = violations(tmp_path)
    assert complaint in found


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    for path, code in {
        "nodes/host.py": "import rclpy\nfrom renxing.sim.twin import Twin",
        "control/hold.py": "from renxing.signals import JointCommand\nimport numpy",
        "cli/main.py": "from renxing.runtime import supervisor\nprint(1)",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(code)
    assert violations(tmp_path) == []
