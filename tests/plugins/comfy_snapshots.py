"""What every workflow binds to, kept beside the tests; run this file to write it anew.

.venv/bin/python tests/plugins/comfy_snapshots.py
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from comfy_requests import bound, cases, lengths

from farm_comfyui.bound import BoundGraph
from farm_comfyui.templates import catalog

FOLDER = Path(__file__).with_name("comfy_graphs")


def taken(name: str) -> dict[str, Any]:
    """One workflow: every case in short with the hash of all it came to, and one case in full."""
    short = {
        f"{quality} {aspect} {seconds:g} s": _short(
            bound(name, seconds, quality=quality, aspect=aspect)
        )
        for found, quality, aspect, seconds in cases()
        if found == name
    }
    full = bound(name, lengths(name)[2])
    return {
        "cases": short,
        "in full": {
            "before": [asdict(one) for one in full.before],
            "after": {**asdict(full.after), "fps_out": str(full.after.fps_out)},
            "models": [f"{one.folder}/{one.name}" for one in full.needs.models],
            "graph": full.graph,
        },
    }


def _short(made: BoundGraph) -> str:
    everything = json.dumps(
        {
            "graph": made.graph,
            "slots": [asdict(one) for one in made.slots],
            "outputs": [asdict(one) for one in made.outputs],
            "models": [asdict(one) for one in made.needs.models],
            "before": [asdict(one) for one in made.before],
            "after": {**asdict(made.after), "fps_out": str(made.after.fps_out)},
        },
        sort_keys=True,
    )
    record = made.record
    return (
        f"{hashlib.sha256(everything.encode()).hexdigest()[:16]} {len(made.graph)} nodes, "
        f"{made.expected.width}x{made.expected.height}, {len(record['chunks'])} x "
        f"{record['chunk_frames']} = {made.expected.frames} frames, keep {made.after.keep_frames}, "
        f"give {made.after.frames_out} at {made.after.fps_out}, {record['precision']}, "
        f"{record['settings']}, {'+'.join(record['switches']) or 'plain'}"
    )


def kept(name: str) -> Any:
    """What is kept of a workflow."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in catalog().names():
        told = taken(each)
        nodes = told["in full"].pop("graph")
        text = json.dumps(told, indent=1, ensure_ascii=False)[:-3]
        lines = ",\n".join(
            f"   {json.dumps(node)}: {json.dumps(body, ensure_ascii=False)}"
            for node, body in nodes.items()
        )
        text += f',\n  "graph": {{\n{lines}\n  }}\n }}\n}}\n'
        assert json.loads(text)["in full"]["graph"] == nodes
        (FOLDER / f"{each}.json").write_text(text, encoding="utf-8")
