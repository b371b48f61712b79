"""Text that somebody sent, as lines.

Invariant: it is UTF-8 text of a bounded size, or it is refused with the line that is not.
"""

from __future__ import annotations

from pathlib import Path

from farm import InputError

MOST_BYTES = 8_000_000


def read_text(path: Path, label: str) -> str:
    """The text at ``path`` with newlines as line ends, without a byte-order mark.

    Raises
    ------
    InputError : it is too long, or no UTF-8 text.
    """
    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            "is too long for a text",
            where=label,
            expected=f"at most {MOST_BYTES} bytes",
            got=f"{path.stat().st_size}",
            code="captions.too-large",
        )
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_line(
            label,
            data[: error.start].count(b"\n") + 1,
            "is not UTF-8 text",
            got=repr(error.object[error.start : error.start + 8]),
            mend="Save it as UTF-8, and send it again.",
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        number = text[: text.index("\0")].count("\n") + 1
        raise bad_line(label, number, "holds a zero character, as no text does")
    return text


def bad_line(
    label: str, number: int, what: str, *, expected: str = "", got: str = "", mend: str = ""
) -> InputError:
    """A complaint about line ``number``, from 1, of a file of captions."""
    return InputError(
        what,
        where=f"{label}, line {number}",
        expected=expected,
        got=got[:120],
        mend=mend or "Mend that line, and send the file again.",
        code="captions.bad-line",
    )
