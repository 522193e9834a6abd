# SPDX-License-Identifier: Apache-2.0
"""Parameters from dataclasses: names, types, ranges and what is refused."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from renxing.errors import ConfigError
from renxing.nodes.navigation.controller_server import ControllerServerConfig
from renxing.nodes.navigation.planner_server import PlannerServerConfig
from renxing.nodes.parameters import load_config
from renxing.nodes.terrain import TerrainConfig

pytestmark = pytest.mark.ros


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A part.

    Attributes:
        gain: Of the loop [-], in words that
            take two lines.
    """

    gain: float = field(default=1.0, metadata={"min": 0.0, "max": 2.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """A whole.

    Attributes:
        name: What it is called.
        mode: How it works.
        count: How many.
        on: Whether it works.
        inner: Its part.
    """

    name: str = "x"
    mode: Literal["fast", "slow"] = "fast"
    count: int = field(default=3, metadata={"min": 1})
    on: bool = True
    inner: Inner = field(default_factory=Inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wider:
    """What wants another default of a part than the part itself.

    Attributes:
        inner: Its part.
        whole: Likewise, one further down.
    """

    inner: Inner = field(default_factory=lambda: Inner(gain=1.5))
    whole: Outer = field(default_factory=lambda: Outer(inner=Inner(gain=0.5)))


class Maker:
    """Makes nodes with given parameters."""

    def __init__(self, domain: int) -> None:
        self.context = rclpy.Context()
        self.context.init(domain_id=domain)
        self.nodes: list[Node] = []

    def node(self, **given: object) -> Node:
        values = [Parameter(n.replace("__", "."), value=v) for n, v in given.items()]
        node = Node(
            f"parameters_{len(self.nodes)}",
            context=self.context,
            parameter_overrides=values,
            start_parameter_services=False,
            enable_rosout=False,
        )
        self.nodes.append(node)
        return node

    def load(self, **given: object) -> Outer:
        return load_config(self.node(**given), Outer)


@pytest.fixture(scope="module")
def maker(free_domain: Callable[[], int]) -> Iterator[Maker]:
    maker = Maker(free_domain())
    yield maker
    for node in maker.nodes:
        node.destroy_node()
    maker.context.shutdown()


def test_defaults_are_those_of_the_dataclass(maker: Maker) -> None:
    assert maker.load() == Outer()


def test_given_values_also_nested(maker: Maker) -> None:
    got = maker.load(name="y", mode="slow", count=5, on=False, inner__gain=0.5)
    inner = Inner(gain=0.5)
    assert got == Outer(name="y", mode="slow", count=5, on=False, inner=inner)


def test_a_whole_number_is_good_enough_for_a_float(maker: Maker) -> None:
    gain = maker.load(inner__gain=2).inner.gain
    assert gain == 2.0
    assert type(gain) is float


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"inner__gain": 2.1}, ["'inner.gain'", "2.1", "0.0 to 2.0"]),
        ({"inner__gain": float("nan")}, ["'inner.gain'", "nan"]),
        ({"inner__gain": True}, ["'inner.gain'", "True", "float"]),
        ({"inner__gain": "1.0"}, ["'inner.gain'", "'1.0'", "float"]),
        ({"count": 0}, ["'count'", "got 0", "1 to inf"]),
        ({"count": 2.0}, ["'count'", "2.0", "int"]),
        ({"count": True}, ["'count'", "True", "int"]),
        ({"on": 1}, ["'on'", "got 1", "bool"]),
        ({"name": 7}, ["'name'", "got 7", "str"]),
        ({"mode": "brisk"}, ["'mode'", "'brisk'", "fast", "slow"]),
    ],
)
def test_what_is_refused(maker: Maker, given, words) -> None:
    with pytest.raises(ConfigError) as caught:
        maker.load(**given)
    assert all(word in str(caught.value) for word in [*words, "parameters_"])


def test_they_are_described_and_read_only(maker: Maker) -> None:
    node = maker.node()
    load_config(node, Outer)
    gain = node.describe_parameter("inner.gain")
    assert gain.description == "Of the loop [-], in words that take two lines."
    assert gain.additional_constraints == "0.0 to 2.0"
    assert gain.read_only
    assert node.describe_parameter("mode").additional_constraints == "one of fast, slow"
    (answer,) = node.set_parameters([Parameter("count", value=4)])
    assert not answer.successful


def test_loading_twice_and_with_a_prefix(maker: Maker) -> None:
    node = maker.node(left__count=9)
    assert load_config(node, Outer, "left.").count == 9
    assert load_config(node, Outer, "left.").count == 9
    assert load_config(node, Outer).count == 3


def test_a_class_may_want_other_defaults_of_its_parts(maker: Maker) -> None:
    assert load_config(maker.node(), Wider) == Wider()
    node = maker.node(inner__gain=0.25)
    found = load_config(node, Wider)
    assert (found.inner.gain, found.whole.inner.gain) == (0.25, 0.5)
    assert node.get_parameter("whole.inner.gain").value == 0.5


@pytest.mark.parametrize(
    "config", [TerrainConfig, PlannerServerConfig, ControllerServerConfig]
)
def test_nodes_begin_with_the_defaults_of_their_classes(
    maker: Maker, config: type
) -> None:
    assert load_config(maker.node(), config) == config()
