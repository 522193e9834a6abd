# SPDX-License-Identifier: Apache-2.0
"""A YAML file becomes a typed value, or every mistake is said with its line."""

from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from renxing.errors import ConfigError
from renxing.yaml_file import FileError, read_yaml


class Wheel(Struct, forbid_unknown_fields=True, tag="wheel", tag_field="kind"):
    radius: Annotated[float, Meta(gt=0.0)]


class Track(Struct, forbid_unknown_fields=True, tag="track", tag_field="kind"):
    length: float
    width: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.width[0] > self.width[1]:
            raise ValueError(f"width: {list(self.width)}: must rise")


class Cart(Struct, forbid_unknown_fields=True):
    name: str
    drives: tuple[Wheel | Track, ...] = ()
    loads: dict[str, dict[str, float]] = {}
    spare: Wheel | None = None


@pytest.fixture
def read(tmp_path: Path):
    def reader(text: str):
        path = tmp_path / "cart.yaml"
        path.write_text(text, encoding="utf-8")
        return read_yaml(path, Cart)

    return reader


def test_reads(read) -> None:
    cart, lines = read(
        "# a comment\n"
        "name: one\n"
        "drives:\n"
        "  - {kind: wheel, radius: 1}\n"
        "  - kind: track\n"
        "    length: 2.0\n"
        "loads:\n"
        "  empty: {}\n"
        "  full: {sand: 3, stone: 4.5}\n"
        "spare: {kind: wheel, radius: 0.5}\n"
    )
    assert cart.drives == (Wheel(radius=1.0), Track(length=2.0))
    assert cart.loads["full"] == {"sand": 3.0, "stone": 4.5}
    assert cart.spare == Wheel(radius=0.5)
    assert lines.of("drives", 1, "length") == 6
    assert lines.of("loads", "full", "stone") == 9
    assert lines.at("loads", "empty") == "cart.yaml:8"


def test_line_of_what_is_not_there_is_that_of_its_parent(read) -> None:
    _cart, lines = read("name: one\n\nloads:\n  full: {sand: 3}\n")
    assert lines.of("loads", "full", "gold") == 4
    assert lines.of("loads", "half", "gold") == 3
    assert lines.of("spare", "radius") == 1


def test_anchors_are_followed(read) -> None:
    cart, lines = read("name: one\nloads:\n  a: &a {sand: 3}\n  b: *a\n")
    assert cart.loads["a"] == cart.loads["b"]
    assert lines.of("loads", "b", "sand") == 3


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ["1: the file: Expected `object`, got `null`"]),
        ("- 1", ["1: the file: Expected `object`, got `array`"]),
        ("name: 1", ["1: name: Expected `str`, got `int`; got 1"]),
        ("spare: null", ["1: the file: key 'name' is missing"]),
        ("name: a\nnmae: b", ["2: nmae: unknown key; there are name, drives, loads"]),
        ("name: a\nname: b", ["2: name: stands on line 1 already"]),
        (
            "name: a\nloads:\n  b: {c: 1, c: 2}",
            ["3: loads.b.c: stands on line 3 already"],
        ),
        (
            "name: a\nloads:\n  b: {c: 1e-3, d: x}",
            [
                "3: loads.b.c: Expected `float`, got `str`; got '1e-3'; YAML wants",
                "3: loads.b.d: Expected `float`, got `str`; got 'x'",
            ],
        ),
        ("name: a\nloads: {b: {c: .inf}}", ["2: loads.b.c: inf: a finite number"]),
        ("name: a\nspare: {kind: wheel, radius: 0}", ["2: spare.radius: Expected `fl"]),
        (
            "name: a\ndrives:\n - {kind: track, length: 1,\n    width: [2, 1]}",
            ["4: drives.0.width: [2.0, 1.0]: must rise"],
        ),
        (
            "name: a\ndrives:\n - {kind: sail}\n - {kind: wheel, radius: x}\n - 5",
            [
                "3: drives.0.kind: Invalid value 'sail'",
                "4: drives.1.radius",
                "5: drives",
            ],
        ),
        ("name: [", ["1: not YAML"]),
        ("name: a\n\tb", ["2: not YAML: "]),
        ("name: &x [*x]", ["1: not YAML: a value holds itself"]),
        ("name: 2020-13-01", ["1: not YAML: month must be in 1..12"]),
        (
            "name: !!python/name:os.system",
            ["1: not YAML: could not determine a constr"],
        ),
        ("name: a\n---\nname: b", ["2: not YAML: expected a single document"]),
    ],
)
def test_every_mistake_has_its_line(read, text: str, wanted: list[str]) -> None:
    with pytest.raises(FileError) as caught:
        read(text)
    said = str(caught.value).splitlines()
    assert len(said) == len(wanted), said
    for got, start in zip(said, wanted, strict=True):
        assert got.startswith(f"cart.yaml:{start}"), got
    assert isinstance(caught.value, ConfigError)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none.yaml: cannot be read"):
        read_yaml(tmp_path / "none.yaml", Cart)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: Müller".encode("latin-1"))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(latin, Cart)
