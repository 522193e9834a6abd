# SPDX-License-Identifier: Apache-2.0
"""Find a robot's URDF, expand xacro, and remember where everything is written."""

import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers.expat import ExpatError

import xacro

from renxing.errors import ConfigError, ModelError
from renxing.resources import resource_root
from renxing.robot.source import Element, Place, element_lines, xacro_places
from renxing.yaml_file import FileError, Problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Urdf:
    """A URDF as text and as a tree.

    Attributes:
        path: The file it came from.
        text: The URDF, with absolute `file://` paths to its meshes.
        root: The `<robot>` element of `text`.
        places: File and line of each named element; for xacro, where most likely.
    """

    path: Path
    text: str
    root: ET.Element
    places: Mapping[Element, Place]

    def place(self, tag: str, name: str) -> Place:
        """Return file and line of an element."""
        return self.places.get((tag, name), (self.path, 1))

    def at(self, tag: str, name: str) -> str:
        """Return `file:line` of an element, for messages."""
        file, line = self.place(tag, name)
        return f"{file.name}:{line}"

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
        ModelError: If it is not a robot, or lacks a mesh.
    """
    urdf, missing = parse_urdf(path, arguments)
    if missing:
        raise ModelError(
            "\n".join(f"{urdf.at('link', link)}: {what}" for link, what in missing)
        )
    return urdf


def parse_urdf(
    path: Path, arguments: Mapping[str, str]
) -> tuple[Urdf, list[tuple[str, str]]]:
    """Read a URDF or xacro file that may lack meshes.

    Args:
        path: As for `read_urdf`.
        arguments: As for `read_urdf`.

    Returns:
        The URDF, and (link, what is wrong) of each mesh that is not there.

    Raises:
        ConfigError: If the file cannot be read or is not XML.
        ModelError: If it is not a robot.
    """
    if not path.is_file():
        raise ConfigError(f"URDF '{path}': no such file")
    expanded = path.suffix == ".xacro"
    try:
        text = _expand(path, arguments) if expanded else path.read_text("utf-8")
        root = ET.fromstring(text)
    except ET.ParseError as error:
        line = error.position[0]
        raise FileError(path, [Problem(line, f"not XML: {error}")]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if root.tag != "robot":
        raise ModelError(f"{path.name}:1: root element is <{root.tag}>, not <robot>")
    lines = element_lines(text)
    places = (
        xacro_places(path, lines)
        if expanded
        else {element: (path, line) for element, line in lines.items()}
    )
    missing = []
    for link in root.findall("link"):
        for mesh in link.iter("mesh"):
            uri = mesh.get("filename", "")
            try:
                file = resolve_uri(uri, path.parent)
            except ConfigError as error:
                missing.append((link.get("name", ""), f"mesh '{uri}': {error}"))
                continue
            if not file.is_file():
                missing.append((link.get("name", ""), f"mesh '{uri}': no such file"))
            mesh.set("filename", f"file://{file}")
    urdf = Urdf(
        path=path,
        text=ET.tostring(root, encoding="unicode"),
        root=root,
        places=places,
    )
    return urdf, missing


def _expand(path: Path, arguments: Mapping[str, str]) -> str:
    try:
        document = xacro.process_file(str(path), mappings=dict(arguments))
    except ExpatError as error:
        broken = _broken_file(path) or path
        raise FileError(broken, [Problem(error.lineno, f"not XML: {error}")]) from error
    except Exception as error:  # xacro raises its own and bare exceptions
        raise ConfigError(f"{path.name}: xacro: {error}") from error
    return str(document.toprettyxml(indent="  "))


def _broken_file(path: Path) -> Path | None:
    """Return the xacro file that is not XML: `path` or one that it includes."""
    try:
        root = ET.parse(path).getroot()
    except ET.ParseError:
        return path
    except OSError:
        return None
    for include in root.iter("{http://www.ros.org/wiki/xacro}include"):
        found = _broken_file(path.parent / include.get("filename", ""))
        if found:
            return found
    return None
