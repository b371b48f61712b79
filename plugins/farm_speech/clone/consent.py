"""What must be there before a voice is cloned.

Invariant: light; it opens no file.
"""

from __future__ import annotations

from farm import InputError
from farm.stages import Facts
from farm_speech.params import SayParams


def require_consent(params: SayParams, facts: Facts) -> None:
    """Refuse to clone without consent, a sample, or what is said in it. Raises InputError."""
    if not params.consent:
        raise InputError(
            "a voice is cloned only with its owner's consent",
            where="speech.say/clone: consent",
            expected="true, given by whoever speaks in the reference",
            got="false",
            mend="Ask them; then set consent to true. It is recorded with the speech.",
            code="speech.no-consent",
        )
    if not params.reference_text.strip():
        raise InputError(
            "it is not known what is said in the reference",
            where="speech.say/clone: reference_text",
            expected="the words of the reference",
            got="an empty text",
            mend="Write down what is said in the sample.",
            code="speech.no-reference-text",
        )
    if "reference" in facts and not facts["reference"]:
        raise no_reference()


def no_reference() -> InputError:
    """The refusal of a task without a sample."""
    return InputError(
        "there is no voice to clone",
        where="speech.say/clone: reference",
        expected="a sound file with a few seconds of one person's speech",
        mend="Send the sample as `reference`, or take another provider of speech.say.",
        code="speech.no-reference",
    )
