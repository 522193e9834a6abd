# SPDX-License-Identifier: Apache-2.0
"""What the commands show: tables, a box, a few colours."""

import sys
import unicodedata
from collections.abc import Sequence

from renxing.runtime.logs import wants_colour

_COLOURS = {"green": 32, "yellow": 33, "red": 31, "grey": 90, "bold": 1}


def paint(text: str, colour: str) -> str:
    """Colour a text if the screen shows colours."""
    if not wants_colour(sys.stdout):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows of text below a head; numbers are aligned to the right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(width, column)) for column in columns]
    right = [
        bool(column[1:]) and all(_is_number(cell) for cell in column[1:])
        for column in columns
    ]
    lines = []
    for row in (head, *rows):
        cells = [
            " " * (space - width(cell)) + cell
            if aligned
            else cell + " " * (space - width(cell))
            for cell, space, aligned in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def box(lines: Sequence[str]) -> str:
    """Draw a frame around lines."""
    inner = max(map(width, lines), default=0)
    middle = [f"│ {line}{' ' * (inner - width(line))} │" for line in lines]
    edge = "─" * (inner + 2)
    framed = "\n".join([f"╭{edge}╮", *middle, f"╰{edge}╯"])
    encoding = sys.stdout.encoding or "ascii"
    try:
        framed.encode(encoding)
    except UnicodeEncodeError:  # LANG=C, a serial console
        return "\n".join(lines)
    return framed


def width(text: str) -> int:
    """Return how many columns a text takes; a 人 takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _is_number(cell: str) -> bool:
    return cell in ("", "-") or cell.replace(".", "", 1).lstrip("-").isdigit()
