# SPDX-License-Identifier: Apache-2.0
"""Find a robot's URDF, expand xacro, and remember on which line everything stands."""

import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import xacro

from renxing.errors import ConfigError, ModelError
from renxing.resources import resource_root


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Urdf:
    """A URDF as text and as a tree.

    Attributes:
        path: The file it came from.
        text: The URDF, with absolute `file://` paths to its meshes.
        root: The `<robot>` element of `text`.
        lines: Line of an element by (tag, name); in the expanded text for xacro.
        expanded: Whether it came out of xacro.
    """

    path: Path
    text: str
    root: ET.Element
    lines: Mapping[tuple[str, str], int]
    expanded: bool

    def at(self, tag: str, name: str) -> str:
        """Return `file:line` of an element, for messages."""
        line = self.lines.get((tag, name), 1)
        label = f"{self.path.name} expanded" if self.expanded else self.path.name
        return f"{label}:{line}"

    def joints(self) -> Iterator[tuple[str, ET.Element]]:
        """Yield (name, element) of the robot's joints, not those of ros2_control."""
        for joint in self.root.findall("joint"):
            yield joint.get("name", ""), joint

    def links(self) -> Iterator[tuple[str, ET.Element]]:
        """Yield (name, element) of the links."""
        for link in self.root.findall("link"):
            yield link.get("name", ""), link


def package_share(package: str) -> Path:
    """Return the folder that a `package://` URI points into.

    Raises:
        ConfigError: If the package is not installed.
    """
    prefixes = [
        Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if p
    ]
    shares = [prefix / "share" for prefix in prefixes]
    # Where cmeel wheels (example-robot-data) put their share folder.
    shares += [Path(p) / "cmeel.prefix" / "share" for p in sys.path if p]
    shares += [Path(sys.prefix) / "share"]
    for share in shares:
        if (share / package).is_dir():
            return share / package
    raise ConfigError(f"package '{package}': not installed (no share/{package})")


def resolve_uri(uri: str, near: Path) -> Path:
    """Return the file that a `package://`, `file://` or relative URI names.

    Args:
        uri: As written in a URDF or robot file.
        near: Folder that a relative path starts from.

    Raises:
        ConfigError: If a package is not installed.
    """
    if uri.startswith("package://"):
        package, _, rest = uri.removeprefix("package://").partition("/")
        if package == "renxing":
            return resource_root() / rest
        return package_share(package) / rest
    return near / uri.removeprefix("file://")


def read_urdf(path: Path, arguments: Mapping[str, str]) -> Urdf:
    """Read a URDF or xacro file.

    Args:
        path: The file; it is xacro when its name ends in `.xacro`.
        arguments: Values for xacro's `<xacro:arg>`.

    Raises:
        ConfigError: If the file cannot be read or is not XML.
        ModelError: If it is not a robot.
    """
    expanded = path.suffix == ".xacro"
    if not path.is_file():
        raise ConfigError(f"URDF '{path}': no such file")
    try:
        if expanded:
            document = xacro.process_file(str(path), mappings=dict(arguments))
            text = document.toprettyxml(indent="  ")
        else:
            text = path.read_text(encoding="utf-8")
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise ConfigError(
            f"{path.name}:{error.position[0]}: not XML: {error}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except Exception as error:  # xacro raises its own and bare exceptions
        raise ConfigError(f"{path.name}: xacro: {error}") from error
    if root.tag != "robot":
        raise ModelError(f"{path.name}:1: root element is <{root.tag}>, not <robot>")
    lines = _element_lines(text)
    for mesh in root.iter("mesh"):
        file = resolve_uri(mesh.get("filename", ""), path.parent)
        if not file.is_file():
            raise ModelError(
                f"{path.name}: mesh '{mesh.get('filename')}': no such file"
            )
        mesh.set("filename", f"file://{file}")
    return Urdf(
        path=path,
        text=ET.tostring(root, encoding="unicode"),
        root=root,
        lines=lines,
        expanded=expanded,
    )


def _element_lines(text: str) -> dict[tuple[str, str], int]:
    lines: dict[tuple[str, str], int] = {}
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        # Only direct children of <robot>: <ros2_control> repeats joint names below.
        if depth == 1 and "name" in attributes:
            lines[(tag, attributes["name"])] = parser.CurrentLineNumber
        depth += 1

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(text, True)
    return lines
