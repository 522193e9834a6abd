# SPDX-License-Identifier: Apache-2.0
"""`renxing version`: what runs here."""

import argparse
import os
import platform
from importlib import metadata

from renxing import __version__
from renxing.cli.terminal import table

# Names of the distributions: pinocchio is called `pin` on PyPI.
_PACKAGES = {
    "mujoco": ("mujoco", "mujoco-core"),
    "pinocchio": ("pin", "pinocchio"),
    "numpy": ("numpy",),
    "rclpy": ("ros-rclpy", "rclpy"),
}
_DISTROS = ("jazzy", "kilted", "rolling")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `version`."""
    parser.add_argument(
        "--verbose", action="store_true", help="also of what it is built on"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the version."""
    print(f"renxing {__version__}")
    if arguments.verbose:
        print(table(("package", "version"), list(versions().items())))
    return 0


def versions() -> dict[str, str]:
    """Return the versions of what renxing is built on; `absent` if not installed."""
    found = {"python": platform.python_version(), "ros": ros_distro()}
    for name, distributions in _PACKAGES.items():
        installed = filter(None, map(_version, distributions))
        found[name] = next(installed, "absent")
    return found


def ros_distro() -> str:
    """Return the ROS distribution: of a sourced workspace, or of the wheels."""
    if distro := os.environ.get("ROS_DISTRO"):
        return distro
    for distro in _DISTROS:
        if _version(f"ros-{distro}-rclpy"):
            return f"{distro} (from PyPI)"
    return "absent"


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
