"""Words in capitals, abbreviations and names of the trade: spelled, said in full, or said as a word.

Invariant: what is said of a word depends on the word alone, and on whether the dictionary has it.
"""

from __future__ import annotations

import re

from farm_speech.text import numerals
from farm_speech.text.readers import Answer, Context, Reader, plain, spelled
from farm_speech.text.said import Spoken

_AS_WORDS_TEXT = """
NASA UNESCO NATO RAM ROM LASER SCUBA GIF LIDAR RADAR CAPTCHA OPEC FIFA UNICEF COVID AIDS LAN WAN
CRUD BIOS SIM PIN SWAT ASAP GUI SQL JSON YAML TOML CUDA ASCII JPEG MPEG SATA SCSI RAID MIDI REST
SOAP SAN CAD CAM ZIP BASIC COBOL FORTRAN LISP SPAM NAND NOR XOR
"""
_AS_WORDS = frozenset(_AS_WORDS_TEXT.split())
_SMALL_TEXT = """
AND ARE NOT THE ALL NEW ANY BUT CAN YES NO ONE TWO FOR YOU HOW WHY WHO OUT OFF OLD NOW SEE SAY DO
GO IF OR IN ON OF TO SO UP WE HE BE BY MY IS IT AT AS AN ADD SET GET RUN END TRY USE LET BIG TOP
BAD HOT RED LOW OWN FEW FAR BOX KEY WAS HAS HAD HER HIS ITS OUR MAY
"""
_SMALL = frozenset(_SMALL_TEXT.split())
_TITLES = {
    "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Misses", "Ms.": "Miz", "Prof.": "Professor",
    "St.": "Saint", "Jr.": "Junior", "Sr.": "Senior", "Gen.": "General", "Rev.": "Reverend",
    "Hon.": "Honorable", "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant",
}  # fmt: skip
_SHORT = {
    "e.g.": "for example", "eg.": "for example", "i.e.": "that is", "ie.": "that is",
    "etc.": "etcetera", "vs.": "versus", "vs": "versus", "cf.": "compare", "viz.": "namely",
    "approx.": "approximately", "ca.": "about", "resp.": "respectively", "a.k.a.": "also known as",
    "Fig.": "Figure", "fig.": "figure", "Figs.": "Figures", "Eq.": "Equation", "eq.": "equation",
    "Sec.": "Section", "Ch.": "Chapter", "ch.": "chapter", "Vol.": "Volume", "vol.": "volume",
    "pp.": "pages", "ed.": "edition", "Inc.": "Incorporated", "Ltd.": "Limited",
    "Corp.": "Corporation", "Co.": "Company", "dept.": "department", "Dept.": "Department",
    "est.": "established", "max.": "maximum", "min.": "minimum", "avg.": "average",
    "w/o": "without", "w/": "with", "b/c": "because", "et al.": "and others", "Ave.": "Avenue",
    "Blvd.": "Boulevard", "Rd.": "Road", "Mt.": "Mount", "Jan.": "January", "Feb.": "February",
    "Aug.": "August", "Sept.": "September", "Oct.": "October", "Nov.": "November",
    "Dec.": "December",
}  # fmt: skip
_BEFORE_NUMBERS = {
    "No.": "Number",
    "no.": "number",
    "Nos.": "Numbers",
    "p.": "page",
    "§": "section",
}
_TRADE = {
    "json": "/ʤˈAsən/", "yaml": "/jˈæmᵊl/", "toml": "/tˈɑmᵊl/", "nginx": "engine X",
    "kubectl": "cube control", "kubernetes": "/kˌubəɹnˈɛTiz/", "sqlite": "S Q L light",
    "postgresql": "postgres Q L", "postgres": "/pˈOstɡɹɛs/", "mysql": "my S Q L",
    "numpy": "num pie", "scipy": "sigh pie", "pytorch": "pie torch", "pypi": "pie P I",
    "pytest": "pie test", "mypy": "my pie", "pydantic": "/pIdˈæntɪk/", "scikit": "sigh kit",
    "github": "git hub", "gitlab": "git lab", "async": "/ˈAsˌɪŋk/", "sync": "/sˈɪŋk/",
    "stdin": "standard in", "stdout": "standard out", "stderr": "standard error",
    "regex": "/ɹˈɛɡˌɛks/", "enum": "/ˈinəm/", "sudo": "/sˈudu/", "wi-fi": "/wˈIfI/",
    "wifi": "/wˈIfI/", "latex": "/lˈAtɛk/", "jpeg": "/ʤˈApˌɛɡ/", "mpeg": "/ˈɛmpˌɛɡ/",
    "cuda": "/kˈudə/", "lora": "/lˈɔɹə/", "ascii": "/ˈæski/", "ubuntu": "/ubˈuntu/",
    "debian": "/dˈɛbiən/", "redis": "/ɹˈɛdɪs/", "valkey": "/vˈælki/", "ffmpeg": "F F /ˈɛmpˌɛɡ/",
    "onnx": "/ˈɑnɪks/", "oauth": "/ˈOˌɔθ/", "ios": "I O S", "macos": "mac O S",
    "iphone": "/ˈIfˌOn/", "openai": "open A I", "chatgpt": "chat G P T", "youtube": "you tube",
    "javascript": "java script", "typescript": "type script", "webgl": "web G L",
    "opencv": "open C V", "opengl": "open G L", "repo": "/ɹˈipO/", "repos": "/ɹˈipOz/",
    "dict": "/dˈɪkt/", "dicts": "/dˈɪkts/", "str": "string", "int": "/ˈɪnt/", "bool": "/bˈul/",
    "tuple": "/tˈupᵊl/", "tuples": "/tˈupᵊlz/", "init": "/ɪnˈɪt/", "config": "/kˈɑnfɪɡ/",
    "args": "/ˈɑɹɡz/", "kwargs": "keyword /ˈɑɹɡz/", "env": "/ˈɛnv/", "cli": "C L I", "xml": "X M L",
    "html": "H T M L", "css": "C S S", "http": "H T T P", "https": "H T T P S", "url": "U R L",
    "api": "A P I", "gpu": "G P U", "cpu": "C P U",
    "llm": "L L M", "usb": "U S B", "pdf": "P D F", "png": "P N G", "csv": "C S V", "id": "I D",
    "ui": "U I", "ux": "U X", "os": "O S", "vram": "V /ɹˈæm/", "linux": "/lˈɪnəks/",
    "localhost": "local host", "backend": "back end", "frontend": "front end", "dev": "/dˈɛv/",
    "admin": "/ˈædmɪn/", "tmp": "temp", "src": "source", "cmd": "command", "ctrl": "control",
    "yml": "/jˈæmᵊl/", "ipynb": "notebook", "ok": "/ˌOkˈA/",
}  # fmt: skip
"""What is known of small letters; single capitals are spelled."""
_ONLY_AS_WRITTEN = {"LaTeX": "latex", "LoRA": "lora", "iOS": "ios", "macOS": "macos"}
_NOT_SMALL = frozenset(["latex", "lora", "id", "os", "ui"])
"""Also words of English: read as of the trade only in capitals."""
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_NUMBERED = (
    "Chapter|Part|Section|Volume|Act|Scene|Phase|Type|Appendix|Article|Book|World War|Figure|Table|"
    "Level|Stage|Class"
)
_KINGS = "Henry|Louis|Elizabeth|George|Charles|Edward|Richard|William|James|Pope|Napoleon|Philip"


def trade(word: str) -> list[Spoken] | None:
    """How people of the trade say a word, if they say it otherwise than it is written."""
    small = _ONLY_AS_WRITTEN.get(word)
    if small is None:
        small = word.lower()
        if small in _NOT_SMALL and not word.isupper():
            return None
    known = _TRADE.get(small)
    return respelled(known, word) if known else None


def respelled(text: str, word: str) -> list[Spoken]:
    """Another spelling of a word: words, letters in capitals, phones between slashes."""
    parts: list[Spoken] = []
    for piece in re.findall(r"/[^/]+/|[^\s/]+", text):
        if piece.startswith("/"):
            phones = piece.strip("/")
            parts.append(Spoken(_plain_part(text, word), phones))
        elif piece.isupper() and len(piece) < 6:
            parts += spelled(piece)
        else:
            parts.append(Spoken(piece))
    merged: list[Spoken] = []
    for part in parts:
        if merged and part.spelled and merged[-1].spelled:
            merged[-1] = Spoken(merged[-1].word + part.word, spelled=True)
        else:
            merged.append(part)
    return merged


def _plain_part(text: str, word: str) -> str:
    """How phones look in plain words: as the word they are of, or as what it ends with."""
    before = re.sub(r"/[^/]+/|\s", "", text).lower()
    return word[len(before) :] if before and word.lower().startswith(before) else word


def cased(word: str, context: Context) -> list[Spoken]:
    """A word of letters: as one of the trade, spelled if its capitals say so, or as it stands."""
    if found := trade(word):
        return found
    bare = word[:-1] if re.fullmatch(r"[A-Z]{2,}s", word) else word
    if bare != word and (found := trade(bare)):
        return ended(found)
    if len(bare) < 2 or not bare.isupper() or not bare.isascii():
        return [Spoken(word)]
    if bare in _AS_WORDS or bare in _SMALL or (len(bare) > 3 and context.known(bare.lower())):
        return [Spoken(bare if bare in _AS_WORDS else bare.lower() + word[len(bare) :])]
    if len(bare) > 6:
        return [Spoken(word.lower())]
    return ended(spelled(bare)) if bare != word else spelled(bare)


def ended(parts: list[Spoken]) -> list[Spoken]:
    """With an s at the end, as more than one has it and an owner."""
    *before, last = parts
    return [*before, Spoken(last.word, last.phones, last.spelled, "'s")]


def _short(match: re.Match[str], _: Context) -> Answer:
    return plain(_SHORT[match[0]].split())


def _title(match: re.Match[str], _: Context) -> Answer:
    return plain([_TITLES[match["title"]]])


def _numbered(match: re.Match[str], context: Context) -> Answer:
    return plain(
        [_BEFORE_NUMBERS[match["short"]], *numerals.number(match["number"], context.british)]
    )


def _roman(match: re.Match[str], _: Context) -> Answer:
    return plain([*match["name"].split(), *numerals.counted(_value(match["roman"]))])


def _king(match: re.Match[str], _: Context) -> Answer:
    return plain([match["name"], "the", *numerals.ordinal(_value(match["roman"]))])


def _value(roman: str) -> int:
    values = [_ROMAN[sign] for sign in roman]
    later = [*values[1:], 0]
    return sum(
        -value if value < after else value for value, after in zip(values, later, strict=True)
    )


def _mixed(match: re.Match[str], context: Context) -> Answer:
    """``MP4``, ``H.264``, ``GPT-4``, ``x86``, ``3D``, ``B2B``, ``utf-8``."""
    parts: list[Spoken] = []
    for piece in re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", match[0]):
        if piece[0].isdecimal():
            whole = piece.partition(".")[0]
            years = 3 <= len(whole) <= 4 and "." not in piece and not whole.endswith("00")
            parts += plain(_model_number(piece) if years else numerals.number(piece))
        elif found := trade(piece):
            parts += found
        elif len(piece) <= 4 and (piece.isupper() or len(piece) < 3 or not context.known(piece)):
            parts += cased(piece.upper(), context) if len(piece) > 1 else spelled(piece)
        else:
            parts += cased(piece, context)
    return parts


def _model_number(digits: str) -> list[str]:
    """``two sixty four``, ``forty ninety``."""
    head, tail = digits[:-2], digits[-2:]
    words = numerals.counted(int(head))
    return [
        *words,
        *(["oh", *numerals.counted(int(tail))] if tail[0] == "0" else numerals.counted(int(tail))),
    ]


def _initials(match: re.Match[str], _: Context) -> Answer:
    return spelled(match[0].replace(".", ""))


def _word(match: re.Match[str], context: Context) -> Answer:
    word = match[0].replace("’", "'").replace("‘", "'")
    base, quote, ending = word.partition("'")
    if quote and base.isupper() and len(base) > 1 and ending.lower() == "s":
        return ended(cased(base, context))
    if quote:
        return [Spoken(word)]
    return cased(word, context)


def _either(table: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(table, key=len, reverse=True))


BEFORE: tuple[Reader, ...] = (
    (re.compile(rf"(?P<title>{_either(_TITLES)})(?=\s+[A-Z])"), _title),
    (re.compile(rf"(?<!\w)(?:{_either(_SHORT)})(?!\w)"), _short),
    (re.compile(rf"(?P<short>{_either(_BEFORE_NUMBERS)})\s?(?P<number>\d+)"), _numbered),
    (re.compile(rf"(?P<name>{_NUMBERED})\s(?P<roman>[IVX]+)\b(?!')"), _roman),
    (re.compile(rf"(?P<name>{_KINGS})\s(?P<roman>[IVX]+)\b"), _king),
    (re.compile(r"(?:[A-Z]\.){2,}(?!\w)"), _initials),
)
"""Tried before numbers and code."""
MIXED: tuple[Reader, ...] = (
    (
        re.compile(
            r"(?:[A-Za-z]{1,5}[.-]?\d+(?:\.\d+)?[A-Za-z]{0,4}(?:\d+)?|\d+[A-Z]{1,3}(?:\d+[A-Z]?)?|\d+[a-z]\d+)"
            r"(?![\w.]*\w)",
            re.ASCII,
        ),
        _mixed,
    ),
)
AFTER: tuple[Reader, ...] = ((re.compile(r"[^\W\d_]+(?:['’‘][^\W\d_]+)*"), _word),)
