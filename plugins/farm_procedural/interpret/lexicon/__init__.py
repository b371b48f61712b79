"""The lexicon: several hundred concepts, as tables by what they are about.

Invariant: a phrase stands in one entry; the tables only hold data in the notation of
``concept.py``. Every value that the vocabulary names is itself a phrase of its own axis.
"""

from __future__ import annotations

from farm_procedural.interpret.concept import Concept
from farm_procedural.interpret.lexicon import (
    camera,
    colours,
    feelings,
    forms,
    movement,
    places,
    skies,
    sounds,
    subjects,
    surfaces,
)  # fmt: skip

CONCEPTS: tuple[Concept, ...] = (
    *skies.CONCEPTS, *places.CONCEPTS, *camera.CONCEPTS, *movement.CONCEPTS, *surfaces.CONCEPTS,
    *forms.CONCEPTS, *colours.CONCEPTS, *feelings.CONCEPTS, *sounds.CONCEPTS, *subjects.CONCEPTS,
)  # fmt: skip
