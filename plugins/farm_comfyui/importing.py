"""A workflow that somebody exported from ComfyUI becomes a template folder, its map to be confirmed.

Invariant: what the map says was read off the graph by rules that are written here, and what they could
not tell is said in the file; a map that nobody confirmed is never used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from farm import InputError
from farm_comfyui.bound import Graph
from farm_comfyui.descriptions import recorded
from farm_comfyui.guessing import SAVING, Guess, guess_map
from farm_comfyui.maps import SCHEMA
from farm_comfyui.templates import catalog, check_name, read_graph


def import_workflow(
    source: Path,
    root: Path,
    name: str,
    version: str = "1.0.0",
    known: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Path, list[str]]:
    """Make ``root/name/version`` from an exported workflow; the folder, and what to look at.

    known : descriptions of the nodes that ours do not cover, from a server; they are kept with it.

    Raises
    ------
    InputError : the folder is there already, or nothing in the graph saves a video, picture or sound.
    ConfigError : the file is not in API format, or a name that no workflow can have.
    """
    check_name(name, version, "--name and --version")
    graph = read_graph(source)
    folder = root / name / version
    if folder.exists():
        raise InputError(
            "there is such a workflow already",
            where=str(folder),
            mend="Say another --name or --version.",
            code="comfy.import",
        )
    descriptions = {**recorded(), **(known or {})}
    foreign = sorted({body["class_type"] for body in graph.values()} - set(descriptions))
    guess = guess_map(graph, descriptions)
    if foreign:
        guess.doubts.append(
            f"nodes that nothing is known about: {', '.join(foreign)}; save a server's "
            "/object_info as a file and import again with --nodes FILE"
        )
    if not guess.outputs:
        raise InputError(
            "nothing in this workflow saves a video, a picture or a sound",
            where=str(source),
            expected=f"one of {', '.join(sorted(SAVING))}",
            mend="Add a Save Video, Save Image or Save Audio node, export it again.",
            code="comfy.import",
        )
    mode = _mode(name, guess)
    folder.mkdir(parents=True)
    lines = ",\n".join(
        f"  {json.dumps(node)}: {json.dumps(body, ensure_ascii=False)}"
        for node, body in graph.items()
    )
    (folder / "graph.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    extra = {
        body["class_type"]: (known or {})[body["class_type"]]
        for body in graph.values()
        if body["class_type"] not in recorded() and body["class_type"] in (known or {})
    }
    if extra:
        (folder / "nodes.json").write_text(json.dumps(extra, indent=1), encoding="utf-8")
    (folder / "map.toml").write_text(map_text(name, mode, graph, guess), encoding="utf-8")
    return folder, guess.doubts


def _mode(name: str, guess: Guess) -> str:
    """The mode of a workflow that comes with the farm, when this is a further version of it."""
    ours = catalog()
    if name not in ours.names():
        return "workflow"
    template = ours.get(name)
    if set(template.map.assets) != set(guess.assets):
        guess.doubts.append(f"{name} takes {', '.join(template.map.assets)}: name the assets so")
    return template.mode


def map_text(name: str, mode: str, graph: Graph, guess: Guess) -> str:
    """The guessed ``map.toml``, with a line that keeps it out of use until it is confirmed."""
    width, height = (_first(graph, guess, wanted) for wanted in ("width", "height"))
    length, fps = _first(graph, guess, "length"), _first(graph, guess, "fps") or 16
    driver = next((name for name, one in guess.assets.items() if one[0] == "video"), "")
    rule = "given" if driver and not length else "single"
    frames = int(length or 81)
    # What is made of a sound and is no film shall hear all of it, not what suffices for lips.
    whole = "" if "video" in guess.outputs else ", sample_rate = 48000, channels = 2"
    lines = [
        "# Guessed from an exported workflow. Look at every line, then set confirm = false.",
        *(f"# LOOK: {doubt}" for doubt in guess.doubts),
        f'schema = "{SCHEMA}"',
        f'mode = "{mode}"',
        f"title = {json.dumps(name)}",
        "confirm = true",
        f"prompt_required = {json.dumps('prompt' in guess.inputs)}",
        *([f"sound = {json.dumps(guess.sound)}"] if guess.sound else []),
        "",
        "[inputs]",
        *(f"{key} = {json.dumps(places)}" for key, places in sorted(guess.inputs.items())),
        "",
        "[assets]",
        *(
            f'{key} = {{ kind = "{kind}", places = [["{node}", "{wanted}"]]{heard} }}'
            for key, (kind, node, wanted) in guess.assets.items()
            for heard in (whole if kind == "audio" else "",)
        ),
        "",
        "[models]",
        *(
            f'{key} = {{ place = ["{node}", "{wanted}"], folder = "{folder}", '
            f"files = {{ any = {json.dumps(value, ensure_ascii=False)} }} }}"
            for key, (node, wanted, folder, value) in guess.models.items()
        ),
        "",
        "[outputs]",
        *(
            f'{key} = {{ node = "{node}", media = "{media}" }}'
            for key, (node, media) in guess.outputs.items()
        ),
        "",
        "[length]",
        f'rule = "{rule}"',
        f"fps = {int(fps)}",
        f"frames = {frames}",
        *([f'asset = "{driver}"'] if driver else []),
        # One chunk cannot become a longer film; a file that is longer is refused.
        *_profiles(int(width or 832), int(height or 480), frames / fps if rule == "single" else 60),
    ]
    return "\n".join(lines) + "\n"


def _profiles(width: int, height: int, max_s: float) -> Iterator[str]:
    shape = "16:9" if width > height else "9:16" if height > width else "1:1"
    for quality in ("draft", "standard", "high"):
        yield from ("", f"[profiles.{quality}]", f'sizes = {{ "{shape}" = [{width}, {height}] }}')
        yield f"max_s = {max_s:g}"


def _first(graph: Graph, guess: Guess, name: str) -> float | None:
    for node, wanted in guess.inputs.get(name, []):
        value = graph[node]["inputs"][wanted]
        if isinstance(value, (int, float)):
            return float(value)
    return None
