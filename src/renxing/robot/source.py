# SPDX-License-Identifier: Apache-2.0
"""Tell where an element of an expanded xacro file was written.

xacro forgets the lines. What remains is the name: `left_knee_joint` was written as
`name="${side}_knee_joint"`, so every name of the xacro files becomes a pattern, and
the pattern with the most letters of its own wins.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

Element = tuple[str, str]  # tag and name, such as ("joint", "left_knee_joint")
Place = tuple[Path, int]  # file and line, counted from 1

_BLANK = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)")
# These have names too, but make no links and joints.
_OTHERS = {"xacro:macro", "xacro:property", "xacro:arg", "material", "plugin"}


@dataclass(frozen=True, slots=True)
class _Pattern:
    match: re.Pattern[str]
    letters: int
    joins: bool  # whether it names a parent, as joints do
    place: Place


def element_lines(text: str) -> dict[Element, int]:
    """Return the line of each named element right below the root of a URDF."""
    return {
        (tag, attributes["name"]): line
        for tag, attributes, depth, line in _elements(text)
        # Further below, <ros2_control> repeats the names of joints.
        if depth == 1 and "name" in attributes
    }


def xacro_places(path: Path, elements: Iterable[Element]) -> Mapping[Element, Place]:
    """Return where the elements of an expanded xacro file were most likely written.

    Args:
        path: The xacro file; its includes are searched too.
        elements: Of the expanded text.
    """
    patterns = list(_patterns(path, set()))
    places = {}
    for tag, name in elements:
        fitting = [
            pattern
            for pattern in patterns
            if pattern.match.fullmatch(name) and (pattern.joins or tag != "joint")
        ]
        if fitting:
            best = max(fitting, key=lambda p: (p.letters, p.joins == (tag == "joint")))
            places[(tag, name)] = best.place
    return places


def _patterns(path: Path, seen: set[Path]) -> Iterator[_Pattern]:
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for tag, attributes, _depth, line in _elements(path.read_text(encoding="utf-8")):
        if tag == "xacro:include":
            yield from _patterns(path.parent / attributes.get("filename", ""), seen)
        elif "name" in attributes and tag not in _OTHERS:
            words = _BLANK.split(attributes["name"])
            yield _Pattern(
                match=re.compile(".+".join(map(re.escape, words))),
                letters=sum(map(len, words)),
                joins="parent" in attributes
                or (tag == "joint" and "type" in attributes),
                place=(path, line),
            )


def _elements(text: str) -> list[tuple[str, dict[str, str], int, int]]:
    """Return tag, attributes, depth and line of every element."""
    found = []
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        found.append((tag, attributes, depth, parser.CurrentLineNumber))
        depth += 1

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(text, True)
    return found
