"""The commands ``farm interpret`` and ``farm knowledge``.

Invariant: nothing here decides anything; words go to the parser, knowledge to its keeping.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from farm import CommandContext, InputError
from farm_procedural.interpret import printing
from farm_procedural.learn import keeping


def interpret(context: CommandContext) -> int:
    """``farm interpret "a calm red sea"``: what the words decide, and why."""
    parser = argparse.ArgumentParser("farm interpret", description=interpret.__doc__)
    parser.add_argument("text", nargs="+", help="the prompt; - reads standard input")
    parser.add_argument("--json", action="store_true", help="print the instruction as JSON")
    given = parser.parse_args(context.arguments)
    text = sys.stdin.read() if given.text == ["-"] else " ".join(given.text)
    context.echo(printing.main(text, given.json))
    return 0


def knowledge(context: CommandContext) -> int:
    """``farm knowledge list``: what the farm has learned from its own films."""
    parser = argparse.ArgumentParser("farm knowledge", description=knowledge.__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    for name, told in (("list", "every learned entry"), ("search", "entries with these words")):
        one = acts.add_parser(name, help=told)
        one.add_argument("words", nargs="*" if name == "list" else "+", metavar="WORD")
        one.add_argument("--json", action="store_true", help="print JSON")
    acts.add_parser("export", help="write everything as JSON").add_argument("file", type=Path)
    acts.add_parser("import", help="add what a bundle has").add_argument("file", type=Path)
    acts.add_parser("forget", help="remove an entry for good").add_argument("name")
    given = parser.parse_args(context.arguments)
    documents = context.documents
    if given.act in ("list", "search"):
        found = keeping.search(documents, " ".join(given.words))
        context.echo(_as_json(found) if given.json else _table(found))
    elif given.act == "export":
        bundle = json.dumps(keeping.export(documents), indent=2)
        given.file.write_text(bundle + "\n", encoding="utf-8")
        context.echo(f"written: {given.file}")
    elif given.act == "import":
        added = keeping.import_bundle(documents, _read(given.file))
        context.echo("added: " + ", ".join(f"{n} {what}" for what, n in added.items()))
    else:
        entry = keeping.forget(documents, given.name)
        context.echo(f"forgotten: {entry.name} ({entry.kind}); the name stays taken")
    return 0


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            "the bundle cannot be read",
            where=str(file),
            expected="a JSON file that `farm knowledge export` wrote",
            got=str(error),
            code="knowledge.unreadable",
        ) from error


def _as_json(found: Sequence[keeping.Known]) -> str:
    return json.dumps([known.record() for known in found], indent=2)


def _table(found: Sequence[keeping.Known]) -> str:
    if not found:
        return "Nothing was learned yet. The pipeline learning-loop teaches the farm."
    lines = [f"{'NAME':20} {'KIND':12} {'FILMS':>5} {'RATING':>6}  FROM"]
    lines += [
        f"{k.entry.name:20} {k.entry.kind:12} {k.films:5} {k.rating:6.2f}  {k.entry.prompt[:60]}"
        for k in found
    ]
    return "\n".join(lines)
