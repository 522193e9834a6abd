# SPDX-License-Identifier: Apache-2.0
"""Things are remembered: one each, with the most votes, until they are gone."""

import math
from dataclasses import replace

import numpy as np
import pytest

from renxing.perception import Detection, MemoryConfig, ObjectMemory, Remembered
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, transform

PINHOLE = Pinhole(width=160, height=120, focal=120.0, centre_x=79.5, centre_y=59.5)
# Looks straight down from 2 m; the image's v is -y, u is x... of odom.
ABOVE = SE3(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 2.0]))
FLOOR = np.full((120, 160), 2.0, np.float32)
NOBODY = np.empty((0, 2))

CRATE = Detection(
    label="crate",
    color="red",
    centre=np.array([0.3, 0.2, 0.15]),
    size=(0.35, 0.35, 0.30),
    yaw=0.1,
    support=-1,
    whole=True,
    pixels=900,
    outline=np.empty((0, 2)),
)
CAN = replace(
    CRATE,
    label="can",
    color="blue",
    centre=np.array([0.3, 0.25, 0.36]),
    size=(0.066, 0.066, 0.12),
    support=0,
    pixels=60,
)
SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
TABLE = replace(
    CRATE,
    label="table",
    color="brown",
    centre=np.array([0.0, 0.0, 0.4]),
    size=(1.0, 1.0, 0.8),
    outline=SQUARE,
)


class Look:
    """Shows images to a memory, half a second apart."""

    def __init__(self) -> None:
        self.memory = ObjectMemory(MemoryConfig())
        self.now = 10.0

    def __call__(
        self, *seen: Detection, depth=None, people=NOBODY, times: int = 1
    ) -> tuple[Remembered, ...]:
        # Nearer than anything: hidden, so that nothing is missed.
        near = np.full_like(FLOOR, 0.5)
        for _ in range(times):
            self.now += 0.5
            image = near if depth is None else depth
            known = self.memory.update(seen, self.now, image, PINHOLE, ABOVE, people)
        return known


def test_things_are_believed_after_some_images_and_keep_their_ids() -> None:
    look = Look()
    assert look(CRATE, CAN, times=2) == ()
    crate, can = look(CRATE, CAN)
    assert (crate.id, can.id) == ("crate_1", "can_1")
    assert can.support == "crate_1" and crate.support == ""
    assert (crate.sightings, crate.first_seen, crate.last_seen) == (3, 10.5, 11.5)
    moved = replace(CRATE, centre=CRATE.centre + (0.05, 0.0, 0.0))
    crate, can = look(CAN, moved)
    assert crate.id == "crate_1"
    assert 0.3 < crate.centre[0] < 0.35
    other = replace(CRATE, centre=np.array([-0.5, 0.2, 0.15]))
    assert [one.id for one in look(other, times=3)] == ["crate_1", "can_1", "crate_2"]


def test_the_most_votes_name_a_thing() -> None:
    look = Look()
    box = replace(CAN, label="box", color="purple", support=-1)
    can = replace(CAN, support=-1)
    look(box)
    (one,) = look(can, times=3)
    assert (one.label, one.color, one.id) == ("can", "blue", "can_1")
    assert one.confidence == pytest.approx(0.75)


def test_neighbours_are_not_mixed_up() -> None:
    look = Look()
    blue = replace(CAN, support=-1)
    red = replace(blue, color="red", centre=blue.centre + (0.075, 0.0, 0.0))
    look(blue, red, times=3)
    # Both seem to have shifted towards each other's place.
    shift = np.array([0.03, 0.0, 0.0])
    known = look(replace(red, centre=red.centre - shift), blue)
    assert [(one.color, one.sightings) for one in known] == [("blue", 4), ("red", 4)]
    assert known[1].centre[0] > known[0].centre[0] + 0.05


def test_parts_of_things_are_not_believed_but_are_sightings() -> None:
    look = Look()
    part = replace(CRATE, whole=False, size=(0.1, 0.1, 0.1), label="box")
    assert look(part, times=5) == ()
    look(CRATE, times=3)
    (crate,) = look(replace(part, centre=CRATE.centre * (1, 1, 1 / 3)))
    assert crate.sightings == 4
    assert crate.size == CRATE.size and crate.label == "crate"


def test_what_is_seen_through_is_forgotten_what_is_hidden_is_not() -> None:
    look = Look()
    look(CRATE, CAN, times=3)
    assert len(look(times=20)) == 2
    # The crate is there, the can is not: behind it is the crate's top.
    top = np.full_like(FLOOR, 1.7)
    (left,) = look(CRATE, depth=top, times=4)
    assert left.id == "crate_1"
    assert look(depth=FLOOR, times=3)[0].id == "crate_1"
    assert look(depth=FLOOR) == ()
    # Unknown depth proves nothing.
    look(CRATE, times=3)
    assert len(look(depth=np.zeros_like(FLOOR), times=9)) == 1


def test_what_is_out_of_view_is_remembered() -> None:
    look = Look()
    far = replace(CRATE, centre=np.array([3.0, 0.2, 0.15]))
    look(far, times=3)
    assert len(look(depth=FLOOR, times=20)) == 1


def test_tables_grow_and_hold_their_legs() -> None:
    look = Look()
    more = replace(TABLE, outline=SQUARE + (0.6, 0.0))
    look(TABLE, times=2)
    (table,) = look(more)
    assert table.id == "table_1" and table.color == ""
    assert sorted(table.size) == pytest.approx([0.8, 1.0, 1.6])
    assert table.centre == pytest.approx([0.3, 0.0, 0.4])
    leg = replace(CRATE, label="thing", centre=np.array([1.08, 0.4, 0.2]))
    assert [one.id for one in look(leg, times=5)] == ["table_1"]
    post = replace(leg, size=(0.05, 0.05, 0.4), centre=np.array([1.3, 0.4, 0.2]))
    assert [one.id for one in look(post, times=5)] == ["table_1"]
    bin_ = replace(post, label="can")
    assert [one.id for one in look(bin_, times=5)] == ["table_1", "can_1"]


def test_tables_that_turn_out_to_be_one_are_joined() -> None:
    look = Look()
    far = replace(TABLE, outline=SQUARE + (1.5, 0.0), centre=np.array([1.5, 0.0, 0.4]))
    cup = replace(CAN, centre=np.array([1.5, 0.0, 0.86]))
    assert len(look(TABLE, far, replace(cup, support=1), times=3)) == 3
    between = replace(TABLE, outline=SQUARE + (0.75, 0.0))
    table, can = look(between)
    assert table.id == "table_1" and can.support == "table_1"
    assert max(table.size) == pytest.approx(2.5)


def test_feet_are_nothing() -> None:
    look = Look()
    people = np.array([[0.2, 0.1]])
    assert look(CRATE, people=people, times=5) == ()
    assert len(look(CRATE, people=people + 2.0, times=5)) == 1


def test_all_moves_with_its_frame() -> None:
    look = Look()
    look(TABLE, replace(CAN, centre=np.array([0.2, 0.0, 0.86])), times=3)
    look.memory.move(transform((1.0, 2.0, 0.0), (0.0, 0.0, math.pi / 2)))
    table, can = look.memory.all()
    assert can.centre == pytest.approx([1.0, 2.2, 0.86])
    assert table.centre == pytest.approx([1.0, 2.0, 0.4])
    assert can.support == "table_1"


def test_nothing_is_left_after_a_reset() -> None:
    look = Look()
    look(CRATE, times=3)
    look.memory.reset()
    assert look.memory.all() == ()
    assert look(CRATE, times=3)[0].id == "crate_1"
