"""``farm sim``: a private farm, jobs through every front door, and kills by seed; model swaps.

Invariant: the farm it is called in is not touched; what it makes is removed, unless something was
wrong with it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from farm.cli.arguments import Json
from farm.cli.outcomes import REFUSED
from farm.cli.rendering import print_json
from farm.cli.session import session


def sim(
    context: typer.Context,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Kill parts of the farm and give orders while it works."),
    ] = False,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Where chance starts.")] = 1,
    kills: Annotated[
        int, typer.Option(min=0, max=100_000, metavar="N", help="Kills, with --verify.")
    ] = 20,
    orders: Annotated[
        int,
        typer.Option(
            min=0,
            max=100_000,
            metavar="N",
            help="Orders of operators, with --verify.",
        ),
    ] = 20,
    jobs: Annotated[int, typer.Option(min=1, max=100_000, metavar="M", help="Jobs.")] = 20,
    database: Annotated[
        str, typer.Option(metavar="URL", help="An empty database; default: SQLite.")
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the farm's folder.")] = False,
    swaps: Annotated[
        bool,
        typer.Option("--swaps", help="Count model loads of a drawn mix on a virtual clock."),
    ] = False,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="With --swaps: of this farm's last tasks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run jobs on a private farm and check every result; --verify makes trouble meanwhile."""
    from dataclasses import asdict

    if swaps or recorded:
        _count_loads(context, seed, as_json, recorded=recorded)
        return
    from farm.sim.farmlet import Farmlet
    from farm.sim.scenario import Scenario

    root = Path(tempfile.mkdtemp(prefix="farm-sim-"))
    sound = False
    try:
        farm = Farmlet(root, database=database)
        try:
            report = Scenario(
                farm,
                seed=seed,
                kills=kills if verify else 0,
                orders=orders if verify else 0,
                jobs=jobs,
                tell=lambda line: typer.echo(line, err=True),
            ).run()
        finally:
            farm.stop()
        sound = not report.violations
    finally:
        if keep or not sound:
            typer.echo(f"The farm's folder, with its logs: {root}", err=True)
        else:
            shutil.rmtree(root, ignore_errors=True)
    if as_json:
        print_json(asdict(report))
    else:
        typer.echo("\n".join(report.lines()))
    if not sound:
        raise typer.Exit(REFUSED)


def _count_loads(context: typer.Context, seed: int, as_json: bool, *, recorded: bool) -> None:
    """Models loaded as the farm places a mix, first come, and at least."""
    from dataclasses import asdict

    from farm.sim import mix
    from farm.sim.swaps import compare

    if recorded:
        with session(context).ledger() as database:
            compared = compare(mix.recorded(database))
    else:
        compared = compare(mix.drawn(seed))
    if as_json:
        print_json(asdict(compared))
    else:
        typer.echo("\n".join(compared.lines()))
    if not compared.within_bounds:
        raise typer.Exit(REFUSED)
