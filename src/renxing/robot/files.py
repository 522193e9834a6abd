# SPDX-License-Identifier: Apache-2.0
"""Find a robot's two files by name or path, and load the robot."""

from pathlib import Path

from renxing.errors import ConfigError
from renxing.resources import resource_root
from renxing.robot.build import build_robot
from renxing.robot.description import RobotDescription
from renxing.robot.model import Robot
from renxing.robot.urdf import read_urdf, resolve_uri
from renxing.yaml_file import Lines, read_yaml


def robot_file(name: str | Path) -> Path:
    """Return the YAML file of a robot given by name or by path.

    Raises:
        ConfigError: If there is none.
    """
    given = Path(name)
    if given.suffix in {".yaml", ".yml"}:
        path = given if given.exists() else resource_root() / given
        if path.exists():
            return path
        raise ConfigError(f"robot '{name}': no such file")
    folder = resource_root() / "config" / "robots"
    path = folder / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise ConfigError(f"robot '{name}': not in config/robots, which has {known}")
    return path


def read_description(path: Path) -> tuple[RobotDescription, Lines]:
    """Read a robot's YAML file without loading its URDF.

    Raises:
        ConfigError: If the file is not a robot description.
    """
    return read_yaml(path, RobotDescription)


def urdf_file(uri: str, near: Path, extra: str | None = None) -> Path:
    """Return the path of a robot's URDF.

    Args:
        uri: As in the robot's YAML file.
        near: Folder of that file.
        extra: Optional part of renxing that brings the URDF, if any.

    Raises:
        ConfigError: If its package is not installed.
    """
    if "://" not in uri and not (near / uri).exists():
        return resource_root() / uri
    try:
        return resolve_uri(uri, near)
    except ConfigError as error:
        if extra is None:
            raise
        what = f"{error}; to install it: renxing setup --extra {extra}"
        raise ConfigError(what) from error


def load_robot(name: str | Path, backend: str = "mujoco") -> Robot:
    """Load a robot.

    Args:
        name: Of a file in `config/robots`, or the path of such a file.
        backend: Given to xacro; chooses `<hardware>` in `<ros2_control>`.

    Raises:
        ConfigError: If a file is missing or malformed.
        ModelError: If URDF and YAML contradict each other.
    """
    path = robot_file(name)
    description, lines = read_description(path)
    file = urdf_file(description.urdf, path.parent, description.extra)
    urdf = read_urdf(file, {"backend": backend})
    return build_robot(description, lines, urdf)
