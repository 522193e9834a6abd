# SPDX-License-Identifier: Apache-2.0
"""Lend values to a controller that stand in several arrays."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from renxing.controller_interface import EMPTY, Loan
from renxing.spatial import Array

Indices = npt.NDArray[np.intp]


class MixedLoan(Loan):
    """A loan of values that stand in several arrays."""

    def __init__(self, names: Sequence[str], parts: Sequence[tuple[Indices, Loan]]):
        """Put loans together.

        Args:
            names: Of all values, in the order asked for.
            parts: Places in that order, and the loan of the values there.
        """
        super().__init__(names, np.empty(0), np.empty(0, dtype=np.intp))
        self._parts = tuple(parts)

    def get(self) -> Array:
        """Return a copy of the values."""
        values = np.empty(len(self))
        for places, loan in self._parts:
            values[places] = loan.get()
        return values

    def set(self, values: npt.ArrayLike) -> None:
        """Set all values."""
        every = np.broadcast_to(np.asarray(values, dtype=float), (len(self),))
        for places, loan in self._parts:
            loan.set(every[places])


def lend(names: Sequence[str], places: Sequence[tuple[Array, int]]) -> Loan:
    """Return a loan.

    Args:
        names: Of the values.
        places: The array and the index of each value.
    """
    arrays: dict[int, tuple[Array, list[int], list[int]]] = {}
    for order, (array, index) in enumerate(places):
        _, orders, indices = arrays.setdefault(id(array), (array, [], []))
        orders.append(order)
        indices.append(index)
    loans = [
        (
            np.array(orders, dtype=np.intp),
            Loan([names[o] for o in orders], array, np.array(indices, dtype=np.intp)),
        )
        for array, orders, indices in arrays.values()
    ]
    if len(loans) > 1:
        return MixedLoan(names, loans)
    return loans[0][1] if loans else EMPTY
