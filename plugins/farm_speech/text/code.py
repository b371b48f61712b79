"""Readers of code, addresses and file names, as a person reads them to another.

Invariant: every letter and number of a name is said; brackets and quotes are not.
"""

from __future__ import annotations

import re

from farm_speech.text import numerals
from farm_speech.text.readers import Answer, Context, Reader, plain, spelled
from farm_speech.text.said import Spoken
from farm_speech.text.words import cased, trade

_DOMAINS = "com|org|net|io|dev|edu|gov|ai|co|uk|de|fr|eu|app|info|me|ch|at|nl|es|it|jp|us|ca|tv|xyz"
_ENDINGS = (
    "py|yaml|yml|json|toml|md|txt|html|css|js|ts|c|h|cpp|rs|go|java|sh|csv|tsv|pdf|png|jpe?g|gif|svg|"
    "webp|mp3|mp4|mkv|mov|wav|flac|ogg|srt|vtt|zip|tar|gz|exe|dll|so|cfg|ini|conf|log|lock|sql|db|onnx|"
    "safetensors|ipynb|docx?|xlsx?|pptx?|xml|env"
)
_OPERATORS = {
    "+=": "plus equals", "-=": "minus equals", "*=": "times equals", "/=": "divided by equals",
    "**": "to the power of", "//": "floor divided by", "==": "equals", "===": "strictly equals",
    "!=": "is not equal to", "<=": "is at most", ">=": "is at least", "->": "to", "=>": "gives",
    "&&": "and", "||": "or", ":=": "becomes", "<<": "shifted left by", ">>": "shifted right by",
    "<": "is less than", ">": "is greater than", "=": "equals", "+": "plus", "*": "times",
    "/": "divided by", "%": "modulo", "^": "to the power of", "|": "pipe", "&": "and", "~": "tilde",
    "!": "not", "++": "plus plus", "--": "minus minus", "@": "at", "..": "dot dot", "::": "colon colon",
    "$": "dollar", "#": "hash", "\\": "backslash", "_": "underscore", "-": "minus",
}  # fmt: skip
_OPERATOR = "|".join(re.escape(sign) for sign in sorted(_OPERATORS, key=len, reverse=True))
_PIECE = re.compile(
    r"[A-Z]+(?![a-z])s?(?![a-z])|[A-Z]?[a-z]+|[A-Z]+(?=[A-Z][a-z])|\d+(?:\.\d+)?|[^\W\d_a-zA-Z]+"
)
_IN_CODE = re.compile(
    rf"--?(?P<flag>[A-Za-z][\w-]*)|(?P<name>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d+)*)|(?P<dot>\.)|(?P<sign>{_OPERATOR})"
    r"|(?P<slash>/)|(?P<other>\S)"
)


def named(name: str, context: Context) -> list[Spoken]:
    """An identifier, by its parts: ``snake_case``, ``camelCase``, ``HTTPServer2``."""
    if known := trade(name):
        return known
    parts: list[Spoken] = []
    for piece in _PIECE.findall(name):
        if piece[0].isdecimal():
            parts += plain(numerals.number(piece))
        elif len(piece) == 1 or (len(piece) < 4 and not re.search("[aeiouyAEIOUY]", piece)):
            parts += trade(piece) or spelled(piece)
        else:
            parts += cased(piece, context)
    return parts


def dotted(path: str, context: Context, between: str = "dot") -> list[Spoken]:
    """Names with dots between them, as the last of a file or of an address."""
    parts: list[Spoken] = []
    for at, name in enumerate(path.split(".")):
        parts += plain([between]) if at else []
        parts += [*_ending(name, context)] if at else named(name.replace("-", " dash "), context)
    return parts


def coded(code: str, context: Context) -> list[Spoken]:
    """A piece of code, sign by sign; brackets, quotes and commas are silent."""
    parts: list[Spoken] = []
    before = ""
    for match in _IN_CODE.finditer(code):
        if match["flag"] and (not before or before.isspace()):
            dashes = match[0][: 2 if match[0].startswith("--") else 1]
            parts += plain(["dash"] * len(dashes)) + named(match["flag"], context)
        elif match["flag"]:
            parts += plain(["minus"]) + named(match["flag"], context)
        elif match["name"]:
            parts += named(match["name"], context)
        elif match["number"]:
            parts += plain(_numbers(match["number"]))
        elif match["dot"]:
            parts += plain(["dot"])
        elif match["slash"]:
            parts += plain(["slash"])
        elif match["sign"]:
            alone = code[match.end() : match.end() + 1].isspace() or before.isspace()
            said = "slash" if match[0] == "/" and not alone else _OPERATORS[match[0]]
            said = "dash" if match[0] == "-" and not alone else said
            parts += plain(said.split())
        before = code[match.end() : match.end() + 1]
    return parts


def _numbers(digits: str) -> list[str]:
    words: list[str] = []
    for at, part in enumerate(digits.split(".")):
        words += [*(["point"] if at else []), *numerals.counted(int(part))]
    return words


def _ending(name: str, context: Context) -> list[Spoken]:
    if re.fullmatch(r"[a-z]{1,3}\d?|html|yml|json|flac|onnx|jpeg", name) and name not in (
        "com",
        "net",
        "org",
        "log",
        "lock",
        "gov",
        "app",
        "dev",
        "zip",
        "env",
        "info",
        "conf",
    ):
        from_table = cased(name.upper(), context)
        return from_table if not name[-1].isdecimal() else named(name.upper(), context)
    return named(name, context)


def _span(match: re.Match[str], context: Context) -> Answer:
    return coded(match["code"], context) or None


def _address(match: re.Match[str], context: Context) -> Answer:
    host, _, rest = match["address"].partition("/")
    parts = dotted(host.removeprefix("www."), context)
    rest = re.split(r"[?#]", rest)[0].strip("/")
    for step in rest.split("/") if rest else []:
        parts += [Spoken("slash"), *dotted(step, context)]
    return parts


def _mail(match: re.Match[str], context: Context) -> Answer:
    who: list[Spoken] = []
    for name in match["who"].split("."):
        who += [*(plain(["dot"]) if who else []), *named(name, context)]
    return [*who, Spoken("at"), *dotted(match["host"], context)]


def _path(match: re.Match[str], context: Context) -> Answer:
    parts: list[Spoken] = []
    text = match[0].rstrip("/")
    steps = text.split("/")
    for at, step in enumerate(steps):
        if at:
            parts += plain(["slash"])
        if step == "~":
            parts += plain(["home"])
        elif step in (".", ".."):
            parts += plain(["dot"] * len(step))
        elif step.startswith("."):
            parts += [Spoken("dot"), *dotted(step[1:], context)]
        elif step:
            parts += dotted(step, context)
    return parts


def _file(match: re.Match[str], context: Context) -> Answer:
    return dotted(match[0].lstrip("."), context)


def _flag(match: re.Match[str], context: Context) -> Answer:
    return plain(["dash"] * len(match["dashes"])) + named(match["name"], context)


def _name(match: re.Match[str], context: Context) -> Answer:
    text = match["name"]
    if match["called"] is None and not re.search(
        r"_|[a-z][A-Z]|[A-Z]{2,}[a-z]{2,}|\w\.\w|::", text
    ):
        return None
    parts: list[Spoken] = []
    for at, name in enumerate(re.split(r"\.|::", text)):
        parts += plain(["dot"]) if at else []
        parts += named(name, context)
    return parts or None


def _assignment(match: re.Match[str], context: Context) -> Answer:
    return coded(match[0], context)


def _operator(match: re.Match[str], _: Context) -> Answer:
    return plain(_OPERATORS[match[0]].split())


_VALUE = r"(?:[A-Za-z_][\w.]*(?:\[\w*\]|\(\w*\))?(?:\*\*\w+)?|-?\d+(?:\.\d+)?)"
_BETWEEN = r"(?:[-+*/%]=|===?|!=|<=|>=|:=|<<|>>|\*\*|&&|\|\||=>|->|[=<>+*^|])"

SPANS: tuple[Reader, ...] = ((re.compile(r"`+(?P<code>[^`]+)`+"), _span),)
ADDRESSES: tuple[Reader, ...] = (
    (
        re.compile(rf"(?P<who>[\w.+-]+)@(?P<host>[\w-]+(?:\.[\w-]+)*\.(?:{_DOMAINS}))\b", re.ASCII),
        _mail,
    ),
    (re.compile(r"(?:https?|ftp)://(?P<address>[^\s<>()\"'`]+[^\s<>()\"'`.,;:!?])"), _address),
    (
        re.compile(
            rf"(?P<address>(?:www\.)?(?:[a-z0-9-]+\.)+(?:{_DOMAINS})(?:/[\w./#?=&%-]*\w)?)(?![\w.(]*\w)",
            re.ASCII,
        ),
        _address,
    ),
)
PATHS: tuple[Reader, ...] = (
    (re.compile(r"(?:~|\.{1,2})?(?:/[\w.+-]*[\w+-])+/?(?![\w])", re.ASCII), _path),
    (
        re.compile(
            rf"(?:[\w-]+/)+[\w-]+(?:\.[\w-]+)*\.(?:{_ENDINGS})(?!\w)|(?:[\w-]+/){{2,}}[\w-]*",
            re.ASCII,
        ),
        _path,
    ),
    (re.compile(rf"\.?[A-Za-z_][\w-]*(?:\.[\w-]+)*\.(?:{_ENDINGS})(?!\w)", re.ASCII), _file),
    (re.compile(r"(?<![\w-])(?P<dashes>--?)(?P<name>[A-Za-z][\w-]*)", re.ASCII), _flag),
)
ASSIGNMENTS: tuple[Reader, ...] = (
    (re.compile(rf"{_VALUE}(?:\s{_BETWEEN}\s{_VALUE})+", re.ASCII), _assignment),
)
NAMES: tuple[Reader, ...] = (
    (
        re.compile(r"(?P<name>[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)*)(?P<called>\(\))?", re.ASCII),
        _name,
    ),
    (re.compile(rf"(?<!\S)(?:{_BETWEEN}|\+\+)(?!\S)"), _operator),
)
