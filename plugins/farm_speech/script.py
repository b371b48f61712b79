"""What a voice without a dictionary of its own here is given to read.

Invariant: English is read by the farm's own rules whoever speaks it, so that captions, phones and
voices agree on the words.
"""

from __future__ import annotations

from farm import InputError
from farm_speech.casting import Role
from farm_speech.text.plain import read_plainly
from farm_speech.text.readers import Context
from farm_speech.text.reading import read
from farm_speech.text.said import Reading, Warned
from farm_speech.utterance import Utterance


def spoken_script(
    utterance: Utterance, role: Role, *, can_take_phones: bool
) -> tuple[Reading, list[Warned]]:
    """The words, and what the voice can not do as it is asked.

    Raises
    ------
    InputError : nothing of the text can be said.
    """
    if role.language.startswith("en"):
        context = Context(british=role.language.startswith("en-gb"))
        reading = read(utterance.text, context, utterance.pronunciations)
    else:
        reading = read_plainly(utterance.text, utterance.pronunciations)
    if not reading.words:
        raise InputError(
            "nothing of the text can be said",
            where="utterance: text",
            expected=f"words of the language {role.language}",
            got=utterance.text[:200],
            mend="Write it in that language, or give its pronunciation.",
            code="speech.unpronounceable",
        )
    asked = [word for word, said in utterance.pronunciations.items() if said.startswith("/")]
    if can_take_phones or not asked:
        return reading, []
    text = f"this voice takes no phones, so it reads {', '.join(asked)} as written"
    return reading, [Warned("speech.phones-unused", text)]
