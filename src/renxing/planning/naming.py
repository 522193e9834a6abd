# SPDX-License-Identifier: Apache-2.0
"""How the robot calls places and things when it speaks.

A label or colour that the lexicon lacks is never spoken: it may be anybody's text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from renxing.planning.lexicon import Lexicon
from renxing.planning.phrases import enumerate_words, phrase
from renxing.planning.plan import Language
from renxing.planning.scene import Place, Scene, Zone


class Naming:
    """Names in one language."""

    def __init__(self, lexicon: Lexicon, language: Language) -> None:
        """Take the words."""
        self._lexicon = lexicon
        self.language = language

    def kind(self, label: str, color: str = "") -> str:
        """Return `red crate` or `红色的箱子`."""
        file = self._lexicon.file
        noun_of = label if label in file.labels else "thing"
        noun = self._lexicon.spoken(file.labels, noun_of, self.language)
        if color not in file.colors:
            return noun
        adjective = self._lexicon.spoken(file.colors, color, self.language)
        joint = "的" if self.language == "zh" else " "
        return f"{adjective}{joint}{noun}"

    def color(self, color: str) -> str:
        """Return the word for a colour; empty if there is none."""
        file = self._lexicon.file
        if color not in file.colors:
            return ""
        return self._lexicon.spoken(file.colors, color, self.language)

    def place(self, place: Place | Zone) -> str:
        """Return `the side table` or `边桌`."""
        if self.language == "zh":
            return place.zh[0] if place.zh else place.name
        name = place.name.replace("_", " ")
        return name if name == "home" else f"the {name}"

    def of(self, scene: Scene, name: str, measured: Mapping[str, Any]) -> str:
        """Return the name of a place, a zone or a thing.

        Args:
            scene: That may know it.
            name: Of the file, or an id.
            measured: Where `label` and `color` may stand if the scene forgot it.
        """
        known = scene.place(name) or scene.zone(name)
        if known is not None:
            return self.place(known)
        thing = scene.object(name)
        label = thing.label if thing else str(measured.get("label", "thing"))
        color = thing.color if thing else str(measured.get("color", ""))
        noun = self.kind(label, color)
        return noun if self.language == "zh" else f"the {noun}"

    def some(self, things: Iterable[tuple[str, str]]) -> str:
        """Return `a red crate, 2 blue cans and a ball` of labels and colours."""
        words = []
        for (label, color), count in Counter(things).items():
            noun = self.kind(label, color)
            if self.language == "zh":
                words.append(f"{'一' if count == 1 else count}个{noun}")
            elif count == 1:
                words.append(f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}")
            else:
                words.append(f"{count} {self._plural(noun, label)}")
        return enumerate_words(words, self.language)

    def where(self, scene: Scene, name: str) -> str:
        """Return where a thing is: on what, or at which point of the map."""
        thing = scene.object(name)
        if thing is not None and thing.support:
            support = scene.place_of(thing.support) or thing.support
            if scene.knows(support):
                on = self.of(scene, support, {})
                return phrase("on", self.language, name=on)
        point = scene.where(name) or (0.0, 0.0)
        return self.point(*point)

    def point(self, x: float, y: float) -> str:
        """Return a point of the map in words."""
        return phrase("at", self.language, x=f"{x:.1f}", y=f"{y:.1f}")

    def _plural(self, noun: str, label: str) -> str:
        singular = self.kind(label)
        words = self._lexicon.file.labels.get(label)
        plural = words.en[1] if words and len(words.en) > 1 else f"{singular}s"
        return noun.removesuffix(singular) + plural
