"""The command ``farm project``: lessons that were sent in, their scenes and files, rendered again.

Invariant: reads what is kept and changes nothing; a new rendering is handed in as every other job is,
by ``farm submit``, with the files that the store has.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from farm import CommandContext, InputError
from farm_avatar.lesson.projects import Project, projects


def project(context: CommandContext) -> int:
    """``farm project ls``, ``show PROJECT``, ``scene PROJECT SCENE``, ``render PROJECT``."""
    parser = argparse.ArgumentParser("farm project", description=project.__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    listed = acts.add_parser("ls", help="every lesson that was sent in")
    shown = acts.add_parser("show", help="a lesson, its scenes and its files")
    one = acts.add_parser("scene", help="one scene: what is said in it, and its files")
    rendered = acts.add_parser(
        "render", help="render a lesson again; what follows is passed on to `farm submit`"
    )
    for each in (shown, one, rendered):
        each.add_argument("project")
    one.add_argument("scene")
    rendered.add_argument("--scene", default="", help="the one scene that is rendered")
    rendered.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                          help="a parameter of the pipeline, such as aspect=9:16")  # fmt: skip
    rendered.add_argument("--provider", action="append", default=[], metavar="WHAT=WHO",
                          help="who does a capability, such as speech.say=piper")  # fmt: skip
    rendered.add_argument("--dry-run", action="store_true", help="print the manifest alone")
    for each in (listed, shown, one):
        each.add_argument("--json", action="store_true", help="print JSON")
    given, rest = parser.parse_known_args(context.arguments)
    if rest and given.act != "render":
        parser.error(f"unknown: {' '.join(rest)}")
    if given.act == "ls":
        _list(context, given.json)
    elif given.act == "show":
        _show(context, Project(context.documents, given.project), given.json)
    elif given.act == "scene":
        _scene(context, Project(context.documents, given.project), given.scene, given.json)
    else:
        return _render(context, given, rest)
    return 0


def manifest(
    found: Project, scene: str, settings: list[str], providers: list[str]
) -> dict[str, Any]:
    """The manifest that renders a project, or one scene of it, from the files in the store.

    Raises
    ------
    InputError : there is no such project or scene.
    """
    record, assets = found.record(), found.assets()
    inputs: dict[str, Any] = {"lesson": record["lesson"]}
    for asset in assets:
        source = {name: asset[name] for name in ("sha256", "kind", "suffix")}
        if asset["role"] == "assets":
            inputs.setdefault("assets", []).append(source)
        else:
            inputs[asset["role"]] = source
    params: dict[str, Any] = {}
    names = [asset["name"] for asset in assets if asset["role"] == "assets"]
    if names:
        params["asset_names"] = names
    if scene:
        params["only"] = found.scene(scene)["id"]
    params |= {name: _value(value) for name, value in map(_pair, settings)}
    title = record["title"] + (f" - {scene}" if scene else "")
    return {
        "farm": 1,
        "pipeline": "lesson",
        "name": title[:120],
        "inputs": inputs,
        "params": params,
        **({"providers": dict(map(_pair, providers))} if providers else {}),
    }


def _render(context: CommandContext, given: argparse.Namespace, rest: list[str]) -> int:
    asked = manifest(
        Project(context.documents, given.project), given.scene, given.set, given.provider
    )
    text = json.dumps(asked, indent=2, ensure_ascii=False)
    if given.dry_run:
        context.echo(text)
        return 0
    with tempfile.TemporaryDirectory(prefix="farm-project-") as folder:
        path = Path(folder) / f"{given.project}.json"
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "farm", "submit", str(path), *rest]
        return subprocess.run(command, check=False).returncode


def _list(context: CommandContext, as_json: bool) -> None:
    found = projects(context.documents)
    if as_json:
        context.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for record in found:
        context.echo(f"{record['project']}: {record['title']} ({_state(record)})")
    if not found:
        context.echo("No lesson was sent in yet: put a lesson.md into dropbox/lesson/NAME/.")


def _show(context: CommandContext, found: Project, as_json: bool) -> None:
    record, scenes, assets = found.record(), found.scenes(), found.assets()
    if as_json:
        whole = {**record, "scenes": scenes, "assets": assets}
        context.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    context.echo(f"{record['title']} ({_state(record)})")
    for scene in scenes:
        length = f"{scene['duration_s']:6.1f} s" if "duration_s" in scene else "        "
        said = len(scene["sentences"])
        hash_ = scene.get("segment", "")[:12] or "not rendered"
        sentences = f"{said} sentence{'' if said == 1 else 's'}"
        context.echo(f"  {scene['id']:32} {length}  {sentences:14} {hash_}")
    for asset in assets:
        context.echo(f"  {asset['role']:9} {asset['name']:32} {asset['sha256'][:12]}")
    for warning in record.get("warnings", []):
        context.echo(f"  warning: {warning}")


def _scene(context: CommandContext, found: Project, name: str, as_json: bool) -> None:
    found.record()
    scene = found.scene(name)
    if as_json:
        context.echo(json.dumps(scene, indent=2, ensure_ascii=False))
        return
    context.echo(scene["title"])
    for sentence in scene["sentences"]:
        context.echo(f"  {sentence}")
    for name in ("scene", "visuals", "segment"):
        if name in scene:
            context.echo(f"  {name:8} {scene[name]}")


def _state(record: dict[str, Any]) -> str:
    scenes = f"{record['scenes']} scene{'' if record['scenes'] == 1 else 's'}"
    length = f", {record['duration_s']:.0f} s" if "duration_s" in record else ", not finished"
    return scenes + length


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise InputError(
            "is no setting", where=text, expected="NAME=VALUE", code="lesson.bad-setting"
        )
    return name, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
