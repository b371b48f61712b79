"""Markdown as a lesson: a heading is a scene, text is narration, pictures are what is on screen.

Invariant: what cannot be said or shown (tables, raw HTML but comments) is refused with its line and
never left out in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from farm_avatar.lesson.refusals import refused
from farm_avatar.lesson.sentences import PAUSE_S, sentences
from farm_avatar.lesson.source import Path, Source
from farm_avatar.lesson.yaml_source import fields_of

_FILMS = frozenset(("mp4", "mov", "mkv", "webm", "avi", "m4v"))
SHOWN = _FILMS | {"png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "pdf"}
_TIMES = re.compile(r"^t=(\d+(?:\.\d+)?)?(?:,(\d+(?:\.\d+)?))?$")
_LINES = re.compile(r"\{([\d,\s-]+)\}")
_INTO_SHOW = ("fit", "motion", "transition", "zoom", "dead_air", "on_end", "speed", "kind", "sound",
              "sound_db")  # fmt: skip


@dataclass
class _Scene:
    title: str
    line: int
    narration: list[str] = field(default_factory=list)
    show: list[dict[str, Any]] = field(default_factory=list)
    shown_at: list[int] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.narration or self.show or self.fields)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.head: dict[str, Any] = {}
        self.lines: dict[Path, int] = {}
        self.scenes: list[_Scene] = []
        self.title = ""

    def scene(self, line: int) -> _Scene:
        if not self.scenes:
            self.scenes.append(_Scene(self.title, line))
        return self.scenes[-1]

    def refuse(self, what: str, line: int, mend: str, **more: str) -> Exception:
        return refused(what, self.file, line, mend=mend, code="lesson.markdown", **more)


def read_markdown(text: str, file: str) -> Source:
    """The lesson in ``text``. Raises InputError with the line."""
    from markdown_it import MarkdownIt

    reader = _Reader(file)
    text = _without_head(reader, text.replace("\r\n", "\n"))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    quiet = 0
    for number, token in enumerate(tokens):
        line = (token.map[0] if token.map else 0) + 1
        if token.type == "heading_open":
            _heading(reader, _plain(tokens[number + 1].children or []), line)
        elif token.type in ("blockquote_open", "blockquote_close"):
            quiet += token.nesting  # A quotation is the author's note and not said.
        elif quiet:
            continue
        elif token.type == "inline" and tokens[number - 1].type != "heading_open":
            _text(reader, token.children or [], line)
        elif token.type == "fence" and token.info.strip().split(" ")[0] == "farm":
            _directives(reader, token.content, line)
        elif token.type in ("fence", "code_block"):
            _code(reader, token.info.strip(), token.content, line)
        elif token.type == "hr":
            reader.scene(line).narration.append(f"[pause {PAUSE_S:g}]")
        elif token.type == "table_open":
            raise reader.refuse(
                "a table can neither be said nor shown", line, "Put it on a slide, as a picture."
            )
        elif token.type == "html_block" and not token.content.lstrip().startswith("<!--"):
            raise reader.refuse(
                "HTML can neither be said nor shown", line, "Write it as plain text."
            )
    return _source(reader)


def _without_head(reader: _Reader, text: str) -> str:
    """The text with empty lines in place of fields between two ``---`` at its top."""
    if not text.startswith("---\n"):
        return text
    head, found, rest = text[4:].partition("\n---\n")
    if not found:
        return text
    reader.head, lines = fields_of(head, reader.file, 2)
    reader.lines |= {path: at for path, at in lines.items() if path}
    return "\n" * (head.count("\n") + 3) + rest


def _heading(reader: _Reader, title: str, line: int) -> None:
    first = not reader.title and not any(not scene.empty for scene in reader.scenes)
    if first:
        reader.title = title
        reader.lines[("title",)] = line
        if reader.scenes:  # Directives stood before the first heading.
            reader.scenes.clear()
    reader.scenes.append(_Scene(title, line))


def _text(reader: _Reader, children: list[Any], line: int) -> None:
    """A paragraph: what is said of it, and what is shown from which sentence on."""
    scene = reader.scene(line)
    said: list[str] = []
    links: list[tuple[int, str]] = []
    for child in children:
        if child.type == "image":
            target = str(child.attrGet("src") or "")
            _shown(reader, scene, target, child.content, "".join(said), line)
        elif child.type == "link_open":
            links.append((len(said), str(child.attrGet("href") or "")))
        elif child.type == "link_close":
            begun, target = links.pop()
            if "://" not in target and _ending(target) in SHOWN:
                label = "".join(said[begun:])
                del said[begun:]
                before = "".join(said)
                _shown(reader, scene, target, label, before, line)
                if before.strip():
                    said.append(label)
        elif child.type in ("softbreak", "hardbreak"):
            said.append("\n")
        elif child.type == "html_inline" and not child.content.startswith("<!--"):
            raise reader.refuse(
                "HTML can neither be said nor shown", line, "Write it as plain text.",
                got=child.content,
            )  # fmt: skip
        elif child.type in ("text", "code_inline"):
            said.append(child.content)
    text = "".join(said).strip()
    if text:
        scene.narration.append(text)


def _shown(reader: _Reader, scene: _Scene, target: str, label: str, before: str, line: int) -> None:
    path, _, fragment = unquote(target).partition("#")
    if "://" in path or path.startswith(("/", "~")) or ".." in path.split("/"):
        raise reader.refuse(
            "what is shown must lie beside the lesson",
            line,
            "Put the file into the folder, and name it without a path that leaves it.",
            got=target,
        )
    entry: dict[str, Any] = {"file": path}
    for part in filter(None, fragment.split("&")):
        times = _TIMES.match(part)
        if times and (times[1] or times[2]):
            entry["start_s"] = float(times[1] or 0)
            if times[2]:
                entry["end_s"] = float(times[2])
        elif part.startswith("page=") and part[5:].isdigit():
            entry["page"] = int(part[5:])
        else:
            raise reader.refuse(
                "it is not clear which part of the file is meant",
                line,
                "Write deck.pdf#page=3, or clip.mp4#t=2,8 for seconds 2 to 8.",
                got=f"#{fragment}",
            )
    _show(scene, entry, before, line)


def _show(scene: _Scene, entry: dict[str, Any], before: str, line: int) -> None:
    count = len(sentences("\n\n".join([*scene.narration, before])))
    if scene.show:
        entry["from"] = count + 1
    scene.show.append(entry)
    scene.shown_at.append(line)


def _code(reader: _Reader, info: str, content: str, line: int) -> None:
    marked = _LINES.search(info)
    words = _LINES.sub("", info).split()
    entry: dict[str, Any] = {"code": content.rstrip("\n")}
    if words:
        entry["language"] = words[0]
    if len(words) > 1:
        entry["caption"] = " ".join(words[1:])
    if marked:
        entry["lines"] = _numbers(reader, marked[1], line)
    _show(reader.scene(line), entry, "", line)


def _numbers(reader: _Reader, text: str, line: int) -> list[int]:
    found: list[int] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()) or len(found) > 10_000:
            raise reader.refuse(
                "lines of code are numbers", line, "Write {3} or {2-4, 7}.", got=text
            )
        found += range(int(first), min(int(last or first), int(first) + 1000) + 1)
    return found


def _directives(reader: _Reader, content: str, line: int) -> None:
    """Fields of the lesson above the first heading, of the scene below one."""
    fields, lines = fields_of(content, reader.file, line + 1)
    if not reader.scenes:
        reader.head |= fields
        reader.lines |= {path: at for path, at in lines.items() if path}
        return
    scene = reader.scenes[-1]
    if "pause" in fields:
        pause = fields.pop("pause")
        if not isinstance(pause, int | float) or isinstance(pause, bool) or not 0 <= pause <= 60:
            raise reader.refuse(
                "a pause is a number of seconds", lines[("pause",)], "Write `pause: 1.5`.",
                expected="0 to 60", got=str(pause),
            )  # fmt: skip
        scene.narration.append(f"[pause {pause}]")
    above = scene.show[-1] if scene.show else {}
    for name in _INTO_SHOW:
        if name == "speed" and _ending(above.get("file", "")) not in _FILMS:
            continue  # What stands still has none: it is the voice's.
        if name in fields:
            if not scene.show:
                raise reader.refuse(
                    f'"{name}" is about what is on screen, and nothing is there yet',
                    lines[(name,)],
                    "Put the picture or clip above it.",
                )
            scene.show[-1][name] = fields.pop(name)
    for name in ("narration", "show"):
        if name in fields:
            raise reader.refuse(
                f'"{name}" is no directive', lines[(name,)],
                "Write the text, or ![](picture.png), under the heading.",
            )  # fmt: skip
    scene.fields |= fields
    scene.lines |= {path: at for path, at in lines.items() if path}


def _source(reader: _Reader) -> Source:
    fields: dict[str, Any] = dict(reader.head)
    if reader.title:
        fields.setdefault("title", reader.title)
    lines: dict[Path, int] = {(): 1, **reader.lines}
    scenes: list[dict[str, Any]] = []
    for number, scene in enumerate(reader.scenes):
        if number == 0 and scene.empty and len(reader.scenes) > 1:
            continue  # A first heading alone is the title of the lesson.
        at: Path = ("scenes", len(scenes))
        lines[at] = scene.line
        for path, line in scene.lines.items():
            lines[at + path] = line
        for index, line in enumerate(scene.shown_at):
            lines[*at, "show", index] = line
        given: dict[str, Any] = {"title": scene.title, **scene.fields}
        if scene.narration:
            given["narration"] = "\n\n".join(scene.narration)
        if scene.show:
            given["show"] = scene.show
        scenes.append(given)
    fields["scenes"] = scenes
    return Source(reader.file, fields, lines)


def _plain(children: list[Any]) -> str:
    return "".join(
        child.content for child in children if child.type in ("text", "code_inline")
    ).strip()


def _ending(target: str) -> str:
    return target.partition("#")[0].rpartition(".")[2].lower()
