"""The command ``farm comfy``: the workflows there are, what servers lack, and taking in a new one.

Invariant: only ``import`` writes, and only a folder that was not there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from farm import CommandContext, ConfigError
from farm_comfyui import configured
from farm_comfyui.bound import Needs
from farm_comfyui.checking import sample
from farm_comfyui.importing import import_workflow
from farm_comfyui.maps import read_map
from farm_comfyui.matching import takes
from farm_comfyui.named import pipelines
from farm_comfyui.templates import Catalog, catalog


def comfy(context: CommandContext) -> int:
    """``farm comfy ls``, ``farm comfy check [WORKFLOW]``, ``farm comfy import FILE --name NAME``."""
    parser = argparse.ArgumentParser("farm comfy", description=comfy.__doc__)
    acts = parser.add_subparsers(dest="act", required=True)
    listed = acts.add_parser("ls", help="the workflows, their versions and contents")
    checked = acts.add_parser("check", help="what each server lacks for each workflow")
    checked.add_argument("workflow", nargs="?", default="")
    taken = acts.add_parser("import", help="make a template of a workflow exported in API format")
    taken.add_argument("file", type=Path)
    taken.add_argument("--name", required=True, help="such as our-dance")
    taken.add_argument("--version", default="1.0.0")
    taken.add_argument("--into", type=Path, help="folder of templates; else templates_dir")
    taken.add_argument(
        "--nodes", type=Path, help="a server's /object_info as a file, for nodes unknown to us"
    )
    for one in (listed, checked):
        one.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(context.arguments)
    if given.act == "import":
        return _import(context, given)
    found = configured.templates()
    if given.act == "ls":
        records = list(_listed(found))
        context.echo(json.dumps(records, indent=2) if given.json else "\n".join(_lines(records)))
        return 0
    return _check(context, found, given)


def _listed(found: Catalog) -> Iterator[dict[str, Any]]:
    for template in found.every():
        waits = template.map.confirm
        yield {
            "workflow": template.name,
            "version": template.version,
            "id": template.version_id,
            "confirmed": not waits,
            "used": not waits and template == found.get(template.name),
            "mode": template.mode,
            "title": template.map.title,
            "sha256": template.content_hash,
            "qualities": list(template.map.profiles),
            "assets": list(template.map.assets),
            "takes": takes(template.map.assets),
            "saves": list(template.map.outputs),
            "min_version": template.map.min_version,
            "packs": sorted(set(template.map.packs.values())),
            "models": sorted(
                f"{model.folder}/{file}"
                for model in template.map.models.values()
                for file in model.files.values()
            ),
        }


def _lines(records: list[dict[str, Any]]) -> Iterator[str]:
    for record in records:
        mark = "" if record["used"] else "  (not the one in use)"
        mark = mark if record["confirmed"] else "  (to be confirmed: its map.toml)"
        yield f"{record['id']}  {record['title']}{mark}"
        packs = f"; custom nodes: {', '.join(record['packs'])}" if record["packs"] else ""
        yield f"    takes {record['takes']}; {len(record['models'])} models{packs}"


def _check(context: CommandContext, found: Catalog, given: argparse.Namespace) -> int:
    pool = configured.pool()
    if not pool.servers:
        raise ConfigError(
            "no ComfyUI server is configured",
            where="plugins.farm_comfyui",
            mend="Write [[plugins.farm_comfyui.servers]] with a url into farm.toml.",
            code="comfy.no-servers",
        )
    names = (
        [given.workflow]
        if given.workflow
        else list(dict.fromkeys(one.name for one in found.every() if not one.map.confirm))
    )
    told: list[dict[str, Any]] = []
    for name in names:
        template = found.get(name)
        for quality in template.map.profiles:
            forms = [bound.needs for bound in sample(template, quality)]
            for server, lacking in _best(pool, forms).items():
                told.append(
                    {
                        "workflow": template.version_id,
                        "quality": quality,
                        "server": server,
                        "lacks": list(lacking),
                    }
                )
    if given.json:
        context.echo(json.dumps(told, indent=2))
    else:
        for line in _report(told):
            context.echo(line)
    return 0 if _each_somewhere(told) else 1


def _best(pool: Any, forms: list[Needs]) -> dict[str, tuple[str, ...]]:
    """By server what it lacks for the form of the models of which it lacks least."""
    best: dict[str, tuple[str, ...]] = {}
    for needs in forms:
        for server, lacking in pool.lacking(needs).items():
            if server not in best or len(lacking) < len(best[server]):
                best[server] = tuple(lacking)
    return best


def _report(told: list[dict[str, Any]]) -> Iterator[str]:
    for server in dict.fromkeys(one["server"] for one in told):
        yield server
        mine = [one for one in told if one["server"] == server]
        for name in dict.fromkeys(one["workflow"] for one in mine):
            rows = [one for one in mine if one["workflow"] == name]
            ready = [one["quality"] for one in rows if not one["lacks"]]
            yield f"  {name}: {', '.join(ready) if ready else 'not ready'}"
            for text in dict.fromkeys(text for one in rows for text in one["lacks"]):
                at = [one["quality"] for one in rows if text in one["lacks"]]
                where = "" if len(at) == len(rows) else f" ({', '.join(at)})"
                yield f"    {text}{where}"


def _each_somewhere(told: list[dict[str, Any]]) -> bool:
    """Whether every workflow runs somewhere in some quality."""
    return {one["workflow"] for one in told} == {
        one["workflow"] for one in told if not one["lacks"]
    }


def _import(context: CommandContext, given: argparse.Namespace) -> int:
    root = given.into or configured.templates_dir()
    if root is None:
        raise ConfigError(
            "it is not known where your own workflows are kept",
            where="plugins.farm_comfyui.templates_dir",
            mend="Set it in farm.toml, or say --into FOLDER.",
            code="comfy.settings",
        )
    known = json.loads(given.nodes.read_text(encoding="utf-8")) if given.nodes else None
    folder, doubts = import_workflow(given.file, root, given.name, given.version, known)
    context.echo(f"made {folder}")
    for doubt in doubts:
        context.echo(f"  look: {doubt}")
    context.echo(f"Look at {folder / 'map.toml'}, then set confirm = false in it.")
    if given.name not in catalog().names():
        pipeline = pipelines(read_map((folder / "map.toml").read_text("utf-8"), given.name))[0]
        context.echo(f"Then it runs in the pipeline {pipeline} with workflow: {given.name}.")
    return 0
