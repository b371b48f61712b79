"""A piece of code as a picture: a quiet window, numbered lines, colours by meaning.

Invariant: no character of the code is left out or cut off: lines that are too long make the letters
smaller, and past the smallest that can be read the listing is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from farm import InputError
from farm_avatar.compose.fonts import clean, face
from farm_avatar.compose.ground import rounded_mask
from farm_avatar.compose.theme import CodeColours, Palette, Rgb

_LINE = 1.5
_SMALLEST, _LARGEST = 0.021, 0.048
"""Size of the letters, in shares of the picture's shorter side."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one colour."""

    text: str
    ink: Rgb


def listing(
    code: str,
    language: str,
    lines: tuple[int, ...],
    name: str,
    room: tuple[int, int],
    unit: int,
    colours: Palette,
    where: str,
) -> Image.Image:
    """A window (RGB, even size) with the code, as large as it needs within ``room``.

    lines : numbers of those that are emphasised, from 1; the others stand back.

    Raises
    ------
    InputError : ``compose.code-too-long``; or no such language.
    """
    paint = CodeColours()
    rows = highlighted(code, language, paint, where)
    digits = len(str(len(rows)))
    longest = max((sum(len(run.text) for run in row) for row in rows), default=0)
    size = _size(longest + digits + 2, len(rows), room, unit, where)
    font = face("code", size)
    step = font.getlength("0")
    pitch, pad, bar = round(size * _LINE), round(size * 1.1), round(size * 2.1)
    gutter = round(step * (digits + 2))
    wide = min(room[0], max(round(room[0] * 0.62), round(gutter + longest * step) + 2 * pad))
    high = min(room[1], bar + pitch * len(rows) + round(pad * 1.7))
    picture = Image.new("RGB", (wide - wide % 2, high - high % 2), paint.ground)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, picture.width, bar - 1), fill=paint.bar)
    _dots(picture, size, bar)
    if name:
        small = face("text", max(8, round(size * 0.82)))
        draw.text((picture.width / 2, bar / 2), clean(name)[:60], paint.faint, small, anchor="mm")
    top = bar + round(pad * 0.85)
    for number, row in enumerate(rows, 1):
        y = top + (number - 1) * pitch
        bright = not lines or number in lines
        if lines and bright:
            tint = _mixed(paint.ground, colours.accent, 0.2)
            draw.rectangle((0, y, picture.width, y + pitch - 1), fill=tint)
            draw.rectangle((0, y, max(2, round(size * 0.18)), y + pitch - 1), fill=colours.accent)
        baseline = y + round(pitch / 2 + size * 0.34)
        ink = paint.ink if lines and bright else _mixed(paint.ground, paint.faint, 0.7)
        place = (pad + digits * step, baseline)
        draw.text(place, str(number), ink, font, anchor="rs")
        x = float(pad + gutter)
        for run in row:
            colour = run.ink if bright else _mixed(paint.ground, run.ink, 0.58)
            draw.text((x, baseline), run.text, colour, font, anchor="ls")
            x += step * len(run.text)
    return picture


def highlighted(code: str, language: str, paint: CodeColours, where: str) -> list[list[Run]]:
    """Rows of coloured runs. Raises InputError for a language that is not known."""
    from pygments.lexers import TextLexer, get_lexer_by_name
    from pygments.util import ClassNotFound

    plain = clean(code).strip("\n").rstrip()
    try:
        lexer = get_lexer_by_name(language, stripnl=False) if language else TextLexer()
    except ClassNotFound as error:
        raise InputError(
            "is no language that can be highlighted",
            where=f"{where}: language",
            expected="a name such as python, bash, json or c++",
            got=language,
            mend="Leave it out to show the code in one colour.",
            code="compose.code-language",
        ) from error
    rows: list[list[Run]] = [[]]
    for token, text in lexer.get_tokens(plain):
        ink = _ink(token, paint)
        for number, part in enumerate(text.split("\n")):
            if number:
                rows.append([])
            if part:
                rows[-1].append(Run(part, ink))
    while len(rows) > 1 and not rows[-1]:
        rows.pop()
    return rows


def _ink(token: object, paint: CodeColours) -> Rgb:
    from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String

    for kinds, ink in (
        ((Comment,), paint.comment),
        ((Keyword.Constant, Number), paint.number),
        ((Keyword.Type, Name.Class, Name.Builtin, Name.Exception), paint.kind),
        ((Keyword, Operator.Word), paint.keyword),
        ((String,), paint.string),
        ((Name.Function, Name.Decorator, Name.Tag, Name.Attribute), paint.name),
        ((Operator,), paint.operator),
        ((Error,), paint.error),
    ):
        if any(token in kind for kind in kinds):
            return ink
    return paint.ink


def _size(columns: int, rows: int, room: tuple[int, int], unit: int, where: str) -> int:
    smallest = max(8, round(unit * _SMALLEST))
    size = max(smallest, round(unit * _LARGEST))
    while size >= smallest:
        wide = face("code", size).getlength("0") * columns + 2 * round(size * 1.1)
        high = round(size * 2.1) + round(size * _LINE) * rows + round(size * 1.1 * 1.7)
        if wide <= room[0] and high <= room[1]:
            return size
        size -= 1
    step = face("code", smallest).getlength("0")
    across = int((room[0] - 2 * smallest * 1.1) / step) - columns + (columns - 2)
    raise InputError(
        "has too much code for the picture",
        where=where,
        expected=f"at most {int((room[1] - smallest * 4) / (smallest * _LINE))} lines of about "
        f"{max(1, across)} characters",
        got=f"{rows} lines, the longest of {columns - len(str(rows)) - 2} characters",
        mend="Show a part of it, or break its lines.",
        code="compose.code-too-long",
    )


def _dots(picture: Image.Image, size: int, bar: int) -> None:
    across = max(4, round(size * 0.62))
    mask = rounded_mask((across, across), across // 2)
    for number, colour in enumerate(((255, 95, 87), (254, 188, 46), (40, 200, 64))):
        x = round(size * 1.0) + number * round(across * 1.6)
        picture.paste(colour, (x, (bar - across) // 2), mask)


def _mixed(one: Rgb, two: Rgb, share: float) -> Rgb:
    mixed = [round(a + (b - a) * share) for a, b in zip(one, two, strict=True)]
    return mixed[0], mixed[1], mixed[2]
