# SPDX-License-Identifier: Apache-2.0
"""Which kinds of things there are, by form, size and colour."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from renxing.perception.forms import Form
from renxing.resources import resource
from renxing.yaml_file import read_yaml

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Range = tuple[float, float]

UNKNOWN = "thing"
TABLE = "table"


class Kind(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind.

    Attributes:
        label: Its name.
        form: What it looks like.
        colors: That it may have; any if empty.
        height: Least and greatest [m].
        wide: The same of its longer side, seen from above [m].
        narrow: The same of the shorter one [m].
    """

    label: Name
    form: Form
    colors: tuple[str, ...] = ()
    height: Range
    wide: Range
    narrow: Range

    def __post_init__(self) -> None:
        """Refuse ranges that nothing fits."""
        for name in ("height", "wide", "narrow"):
            low, high = getattr(self, name)
            if not 0.0 <= low <= high:
                raise ValueError(
                    f"{name}: {low} to {high} m; 0 or more, in rising order wanted"
                )

    def fits(self, form: Form, size: tuple[float, float, float], color: str) -> bool:
        """Say whether something may be one of this kind.

        Args:
            form: What it looks like.
            size: Of its box: two sides, height [m].
            color: Name of its colour.
        """
        wide, narrow = max(size[:2]), min(size[:2])
        measured = ((size[2], self.height), (wide, self.wide), (narrow, self.narrow))
        return (
            form == self.form
            and (not self.colors or color in self.colors)
            and all(low <= value <= high for value, (low, high) in measured)
        )


class Catalogue(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All kinds, the first that fits counts."""

    kinds: tuple[Kind, ...]

    def label(self, form: Form, size: tuple[float, float, float], color: str) -> str:
        """Return the label of something; arguments are those of `Kind.fits`."""
        for kind in self.kinds:
            if kind.fits(form, size, color):
                return kind.label
        return UNKNOWN


def load_catalogue(file: Path | None = None) -> Catalogue:
    """Load a catalogue, `config/objects.yaml` unless another is given.

    Raises:
        ConfigError: If the file is missing or malformed.
    """
    return read_yaml(file or resource("config/objects.yaml"), Catalogue)[0]
