# SPDX-License-Identifier: Apache-2.0
"""Whether somebody asked for what a plan does.

A plan of a model may hold what a sign, an object's label or the model's own fancy put
there. What goes somewhere or moves something that the command, less its quotations,
does not mention is not forbidden, but somebody has to approve it.
"""

from dataclasses import dataclass

from renxing.planning.lexicon import Lexicon
from renxing.planning.plan import MARK, Command
from renxing.planning.quoting import separate
from renxing.planning.scene import Scene
from renxing.planning.skill import Arguments
from renxing.planning.state import State

# Skills that have to be asked for, with the verbs that do; walks to a target, looks and
# inspections are judged by the target.
VERBS = {
    "wave": ("wave", "greet"),
    "dock": ("dock",),
    "turn": ("turn", "look"),
    "walk_by": ("go", "back", "ahead"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """What a command mentions.

    Attributes:
        names: Of places.
        labels: Kinds of things.
        colors: Of things.
        skills: Of `VERBS`, those that are asked for.
        point: Whether it has numbers, as coordinates have.
    """

    names: frozenset[str]
    labels: frozenset[str]
    colors: frozenset[str]
    skills: frozenset[str]
    point: bool

    def lacks(self, skill: str, arguments: Arguments, state: State) -> tuple[str, ...]:
        """Return what a step does and nobody asked for."""
        if skill in VERBS and skill not in self.skills:
            return (f"nobody asked to {skill.replace('_', ' ')}",)
        if skill == "walk_to" and getattr(arguments, "x", None) is not None:
            return () if self.point else ("nobody asked to walk to a point",)
        target = getattr(arguments, "target", "")
        if skill not in ("walk_to", "look_at") or not target:
            return ()
        if self._mentions(target, state):
            return ()
        return (f"nobody mentioned '{target}'",)

    def _mentions(self, target: str, state: State) -> bool:
        if target in self.names:
            return True
        scene = state.scene
        place = scene.place(target)
        if place is not None:
            return bool(place.kind) and place.kind in self.labels
        if target.startswith(MARK):
            label, color = state.found.get(target, ("", ""))
        else:
            thing = scene.object(target)
            label, color = (thing.label, thing.color) if thing else ("", "")
            if scene.place_of(target) in self.names:
                return True
        known = label in self.labels or color in self.colors
        return known or "thing" in self.labels


class Mentions:
    """Finds what commands mention."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Take the words."""
        self._lexicon = lexicon

    def of(self, command: Command, scene: Scene) -> Mentioned:
        """Return what a command mentions."""
        lexicon, file = self._lexicon, self._lexicon.file
        text = separate(command.text).text

        def said(words: tuple[str, ...]) -> bool:
            return bool(lexicon.contains(text, words))

        names = {
            p.name
            for p in scene.places
            if said((p.name, p.name.replace("_", " "), *p.en, *p.zh))
        }
        if said(file.verbs["home"].all()):
            names.add("home")
        if scene.dock and said(file.verbs["dock"].all()):
            names.add(scene.dock)
        labels = {n for n, words in file.labels.items() if said(words.all())}
        # Who says "come" means to themselves.
        if said((*file.words["me"].all(), "come", "来", "过来")):
            labels.add("person")
        colors = {n for n, words in file.colors.items() if said(words.all())}
        skills = {
            skill
            for skill, verbs in VERBS.items()
            if any(said(file.verbs[verb].all()) for verb in verbs)
        }
        return Mentioned(
            names=frozenset(names),
            labels=frozenset(labels),
            colors=frozenset(colors),
            skills=frozenset(skills),
            point=any(c.isdigit() for c in text),
        )
