"""The prompt as it arrives: a file of a few sentences.

Invariant: what gets past here is text, without a byte order mark, and not absurdly long.
"""

from __future__ import annotations

import farm
from farm import InputError

LONGEST_PROMPT = 100_000


def read_prompt(file: farm.InputFile) -> str:
    """The prompt's text: UTF-8, with or without a byte order mark.

    Raises
    ------
    InputError : it is not UTF-8 text, or absurdly long.
    """
    data = file.path.read_bytes()
    if len(data) > LONGEST_PROMPT:
        raise InputError(
            "the prompt is too long",
            where=file.path.name,
            expected=f"at most {LONGEST_PROMPT} bytes",
            got=f"{len(data)} bytes",
            mend="Send a few sentences.",
            code="prompt.too-long",
        )
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            "the prompt is not text",
            where=file.path.name,
            expected="UTF-8",
            got=f"byte 0x{data[error.start]:02x} at {error.start}",
            mend="Save the file as plain text in UTF-8.",
            code="prompt.not-text",
        ) from error
