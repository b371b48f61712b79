"""The command ``farm story``: projects, their shots as a tree, and one project in full.

Invariant: reads the memory and changes nothing but with ``forget``, which is asked for by name.
"""

from __future__ import annotations

import argparse
import json

from farm import CommandContext, InputError
from farm_story.bank import Bank, Shot, projects


def story(context: CommandContext) -> int:
    """``farm story ls``: projects; ``farm story show PROJECT``: its shots as a tree of branches."""
    parser = argparse.ArgumentParser("farm story", description=story.__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    listed = acts.add_parser("ls", help="every project with a memory")
    shown = acts.add_parser("show", help="the shots of a project")
    shown.add_argument("project")
    forgotten = acts.add_parser("forget", help="remove a shot that no other goes on from")
    forgotten.add_argument("project")
    forgotten.add_argument("shot")
    for one in (listed, shown):
        one.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(context.arguments)
    if given.act == "ls":
        names = projects(context.documents)
        found = [(name, Bank(context.documents, name).shots()) for name in names]
        if given.json:
            records = [{"project": name, "shots": len(shots)} for name, shots in found]
            context.echo(json.dumps(records, indent=2))
            return 0
        for name, shots in found:
            context.echo(f"{name}: {len(shots)} {'shot' if len(shots) == 1 else 'shots'}")
        if not found:
            context.echo("No project remembers a shot yet. The pipeline remember teaches it one.")
    elif given.act == "show":
        shots = _shots(context, given.project)
        if given.json:
            records = [shot.record() for shot in shots]
            context.echo(json.dumps(records, indent=2))
        else:
            for line in tree(shots):
                context.echo(line)
    else:
        Bank(context.documents, given.project).forget(given.shot)
        context.echo(f"forgotten: {given.shot}")
    return 0


def tree(shots: list[Shot]) -> list[str]:
    """Lines: each shot under the one it goes on from."""
    names = {shot.name for shot in shots}
    lines: list[str] = []

    def add(shot: Shot, depth: int) -> None:
        sharpest = max(kept.quality for kept in shot.kept)
        lines.append(
            f"{'  ' * depth}{shot.name}  {len(shot.kept)} kept, best {sharpest:.2f}"
            + (f"  {shot.prompt[:60]}" if shot.prompt else "")
        )
        for other in shots:
            if other.parent == shot.name and depth < len(shots):
                add(other, depth + 1)

    for shot in shots:
        if shot.parent not in names:
            add(shot, 0)
    return lines


def _shots(context: CommandContext, project: str) -> list[Shot]:
    shots = Bank(context.documents, project).shots()
    if not shots:
        raise InputError(
            "no shot of this project is remembered",
            where=f"story {project}",
            mend="`farm story ls` lists the projects.",
            code="story.unknown-project",
        )
    return shots
