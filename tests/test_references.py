# SPDX-License-Identifier: Apache-2.0
"""Keys of papers in docstrings lead to a work."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
# [Flash1985], [Pratt2006, Englsberger2015]
KEY = r"[A-Z][A-Za-z]+(?:19|20)\d{2}"
GROUP = re.compile(rf"\[({KEY}(?:, {KEY})*)\]")


def keys(text: str) -> set[str]:
    return {key for group in GROUP.findall(text) for key in group.split(", ")}


def test_every_key_is_listed_and_every_listed_one_used() -> None:
    files = [*(ROOT / "src" / "renxing").rglob("*.py")]
    used = set().union(*(keys(file.read_text()) for file in files))
    used |= keys((ROOT / "docs" / "walking.md").read_text())
    assert used == keys((ROOT / "docs" / "REFERENCES.md").read_text())
