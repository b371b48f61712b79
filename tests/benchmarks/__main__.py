"""Measures the farm against its targets.

    python -m tests.benchmarks [throughput] [idle-start] [footprint] [film] [databases]
        [procedural] [finish] [bake] [bake-whole] [models] [diffusion] [vision] [comfyui]
        [help]

Without names all of them but bake-whole, which takes a quarter of an hour.
Prints one JSON document on standard output, then a table on standard error.
"""

from __future__ import annotations

import argparse
import json
import operator
import os
import platform
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks import (
    bake,
    comfy_client,
    databases,
    diffusion,
    film,
    finish,
    footprint,
    help_time,
    idle_start,
    model_swaps,
    procedural,
    throughput,
    vision,
)
from tests.benchmarks.live_farm import live_farm, temporary_folder

IN_A_FARM = {
    "footprint": footprint.measure,
    "idle-start": idle_start.measure,
    "throughput": throughput.measure,
    "film": film.measure,
}
_MEETS = {">=": operator.ge, "<=": operator.le, "<": operator.lt}
BY_THEMSELVES = {
    "databases": databases.measure,
    "procedural": procedural.measure,
    "finish": finish.measure,
    "bake": bake.measure,
    "bake-whole": bake.measure_whole,
    "models": model_swaps.measure,
    "diffusion": diffusion.measure,
    "vision": vision.measure,
    "comfyui": comfy_client.measure,
    "help": help_time.measure,
}
NAMES = [*IN_A_FARM, *BY_THEMSELVES]
USUAL = [name for name in NAMES if name != "bake-whole"]

TARGETS = [
    ("chain of 5, against Dramatiq", "throughput.chains.ratio", ">=", 0.75),
    ("chain of 5, against Celery", "throughput.chains_against_celery", ">=", 1.0),
    ("PostgreSQL, against SQLite", "databases.ratio", ">=", 0.8),
    ("fan-out of 500, against Dramatiq", "throughput.fan.ratio", ">=", 0.75),
    ("idle start p50, against Dramatiq", "idle-start.ratio.p50", "<=", 2.0),
    ("idle start p95, against Dramatiq", "idle-start.ratio.p95", "<=", 2.0),
    ("memory of daemon, node, 2 engines, MB", "footprint.pss_mb.total", "<", 180.0),
    ("daemon's resident size, MB", "footprint.daemon_rss_mb", "<", 120.0),
    ("daemon's idle processor use, %", "footprint.idle_cpu_percent.daemon", "<", 1.0),
    ("procedural film, against plain processes", "film.ratio", "<=", 1.10),
    *procedural.TARGETS,
    *finish.TARGETS,
    *bake.TARGETS,
    *model_swaps.TARGETS,
    *diffusion.TARGETS,
    *vision.TARGETS,
    *comfy_client.TARGETS,
    ("`farm --help`, against an empty Python", "help.ratio", "<", 3.0),
]


def main() -> None:
    """Measure what was named, or everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME")
    names = parser.parse_args().names or USUAL
    results: dict[str, Any] = {}
    for name, measure in IN_A_FARM.items():
        if name in names:
            # A farm of its own each, so that no measurement inherits another's ledger.
            with temporary_folder() as folder, live_farm(Path(folder)) as farm:
                results[name] = measure(farm)
                print(f"{name}: {json.dumps(results[name])}", file=sys.stderr, flush=True)
    for name, measure_alone in BY_THEMSELVES.items():
        if name in names:
            results[name] = measure_alone()
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    print(json.dumps({"machine": machine, "results": results}, indent=2))
    print(_table(results), file=sys.stderr)


def _table(results: dict[str, Any]) -> str:
    lines = []
    for label, path, relation, target in TARGETS:
        value: Any = results
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            met = _MEETS[relation](value, target)
            verdict = "met" if met else "MISSED"
            lines.append(f"{label:42} {value:10.2f}   {relation} {target:<7g} {verdict}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
