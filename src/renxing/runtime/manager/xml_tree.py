# SPDX-License-Identifier: Apache-2.0
"""XML as a tree that remembers the line of every element, and checks to read it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from renxing.errors import ConfigError


@dataclass(slots=True)
class Tag:
    """One element.

    Attributes:
        name: Of the tag, without a namespace's address.
        attributes: As written.
        line: Where it begins, counted from 1.
        children: In the order of the file.
        text: All text right below it, without surrounding blanks.
    """

    name: str
    attributes: dict[str, str]
    line: int
    children: list["Tag"] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> Iterator["Tag"]:
        """Yield the children of this name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> "Tag | None":
        """Return the first child of this name, if any."""
        return next(self.all(name), None)

    def get(self, attribute: str) -> str | None:
        """Return an attribute without surrounding blanks."""
        value = self.attributes.get(attribute)
        return None if value is None else value.strip()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is, for its messages.

    Attributes:
        words: Names of the elements from the root to here.
    """

    words: str

    def inside(self, tag: Tag) -> "Place":
        """Return the place of a child."""
        name = tag.get("name")
        here = f"{tag.name} '{name}'" if name else f"<{tag.name}>"
        return Place(f"{self.words}: {here}" if self.words else here)

    def error(self, tag: Tag, what: str) -> ConfigError:
        """Return an error about an element."""
        return ConfigError(
            f"robot description, line {tag.line}: {self.words}: {what}".replace(
                ": : ", ": "
            )
        )

    def need(self, tag: Tag, attribute: str) -> str:
        """Return an attribute that must be there.

        Raises:
            ConfigError: If that is not so.
        """
        value = tag.get(attribute)
        if not value:
            raise self.error(tag, f"attribute '{attribute}' is missing")
        return value

    def only(self, tag: Tag, allowed: Iterable[str]) -> None:
        """Refuse children of other names.

        Raises:
            ConfigError: If that is not so.
        """
        for child in tag.children:
            if child.name not in allowed:
                known = ", ".join(f"<{name}>" for name in allowed)
                raise self.error(
                    child, f"invalid tag name '{child.name}'; there are {known}"
                )

    def text_of(self, tag: Tag, child: str) -> str:
        """Return the text of a child that must be there.

        Raises:
            ConfigError: If that is not so.
        """
        found = tag.first(child)
        if found is None or not found.text:
            raise self.error(tag, f"<{child}> is missing")
        return found.text

    def number(self, tag: Tag, value: str) -> float:
        """Read a number; true and false are 1 and 0.

        Raises:
            ConfigError: If that is not so.
        """
        try:
            number = float({"true": "1", "false": "0"}.get(value.lower(), value))
        except ValueError:
            number = math.nan
        if math.isnan(number):
            raise self.error(tag, f"'{value}' is not a number")
        return number

    def truth(self, tag: Tag, attribute: str) -> bool:
        """Return an attribute that must be true or false.

        Raises:
            ConfigError: If that is not so.
        """
        value = self.need(tag, attribute).lower()
        if value not in ("true", "false", "1", "0"):
            raise self.error(tag, f"{attribute}='{value}' is neither true nor false")
        return value in ("true", "1")

    def whole(self, tag: Tag, attribute: str, least: int) -> int:
        """Return an attribute that must be a whole number, at least `least`.

        Raises:
            ConfigError: If that is not so.
        """
        value = self.need(tag, attribute)
        if not re.fullmatch(r"\d+", value) or not least <= int(value) < 2**31:
            raise self.error(
                tag, f"{attribute}='{value}' is not a whole number from {least} on"
            )
        return int(value)

    def unique(self, tag: Tag, kind: str, names: Iterable[str]) -> None:
        """Refuse names that repeat.

        Raises:
            ConfigError: If that is not so.
        """
        for name, count in Counter(names).items():
            if count > 1:
                raise self.error(tag, f"{kind} '{name}' stands there {count} times")


def read_xml(text: str) -> Tag:
    """Return the root of an XML text.

    Raises:
        ConfigError: If it is not XML.
    """
    parser = expat.ParserCreate()
    top = Tag("", {}, 0)
    open_tags = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = Tag(name, attributes, parser.CurrentLineNumber)
        open_tags[-1].children.append(tag)
        open_tags.append(tag)

    def end(_name: str) -> None:
        tag = open_tags.pop()
        tag.text = tag.text.strip()

    def characters(data: str) -> None:
        open_tags[-1].text += data

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.buffer_text = True
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ConfigError(f"robot description: not XML: {error}") from error
    return top.children[0]
