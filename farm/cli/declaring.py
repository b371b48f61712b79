"""``farm models declare``: a model of the operator's own becomes one of the farm's.

Invariant: what is typed wrongly is refused before a large file is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from farm.cli.arguments import Json
from farm.cli.models import reporter
from farm.cli.rendering import print_json, size
from farm.cli.session import session

_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
_UNITS = {"vram": "vram_mb", "ram": "ram_mb", "dtype": "dtype", "quantisation": "quantisation"}


def _variant(text: str) -> tuple[str, dict[str, Any]]:
    """``bf16:vram=24000,ram=30000`` as a name and the fields of a manifest's variant."""
    name, _, rest = text.partition(":")
    fields: dict[str, Any] = {"dtype": _DTYPES[name]} if name in _DTYPES else {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        number = key in ("vram", "ram")
        if not name or key not in _UNITS or not equals or (number and not value.isdecimal()):
            raise typer.BadParameter(
                f"{text}: write NAME:vram=MB,ram=MB,dtype=D,quantisation=Q", param_hint="--variant"
            )
        fields[_UNITS[key]] = int(value) if number else value
    return name, fields


def declare(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(metavar="FOLDER|FILE", help="The model's folder, or a LoRA's one file."),
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The model's name.")],
    family: Annotated[
        str, typer.Option("--family", metavar="FAMILY", help="Its architecture, such as sdxl.")
    ],
    licence: Annotated[
        str, typer.Option("--licence", metavar="NAME", help="Its licence, by its SPDX name or own.")
    ],
    licence_url: Annotated[
        str, typer.Option("--licence-url", metavar="URL", help="Where the licence's text is.")
    ] = "",
    restricted: Annotated[
        bool, typer.Option("--restricted", help="The licence must be accepted once.")
    ] = False,
    hub: Annotated[
        str, typer.Option("--hub", metavar="ID@REVISION", help="The same files on the model hub.")
    ] = "",
    homepage: Annotated[
        str, typer.Option("--homepage", metavar="URL", help="The official source, for people.")
    ] = "",
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="One sentence.")
    ] = "",
    provides: Annotated[
        list[str] | None,
        typer.Option(
            "--provides", metavar="CAPABILITY", help="What it serves, if not as plugins say."
        ),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant", metavar="NAME:vram=MB,…", help="A way to load it; may be repeated."
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="PATTERN", help="Files to leave out; may be repeated."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Declare it anew under the same name.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Declare a model of your own, or a LoRA: writes a manifest with the hash of every file."""
    from farm.models.declare import Facts, declare as make

    here = session(context)
    hub_id, at, revision = hub.partition("@")
    if hub and not (hub_id and at and revision):
        raise typer.BadParameter(f"{hub}: write ID@REVISION", param_hint="--hub")
    if not source.exists():
        raise typer.BadParameter(f"{source} does not exist", param_hint="FOLDER|FILE")
    folder = here.settings.under_root(here.settings.models_manifests_dir)
    if not provides:
        provides = here.registry.serves(source, name)
    facts = Facts(
        name=name,
        family=family,
        licence=licence,
        licence_url=licence_url,
        restricted=restricted,
        homepage=homepage,
        description=description,
        provides=provides or (),
        variants=dict(map(_variant, variant or ())),
        hub=(hub_id, revision) if hub else None,
        without=without or (),
    )
    known = here.registry.models.get(name)
    if known is not None and known.origin.parent != folder:
        raise typer.BadParameter(
            f"a plugin has a model {name}: {known.origin}", param_hint="--name"
        )
    manifest, left_out = make(source, facts, folder, reporter(), replace=replace)
    if as_json:
        print_json(
            {
                "name": manifest.name,
                "manifest": str(manifest.origin),
                "digest": manifest.digest,
                "size_bytes": manifest.size_bytes,
                "provides": list(manifest.provides),
                "files": [file.path for file in manifest.files],
                "left_out": left_out,
            }
        )
        return
    count = len(manifest.files)
    typer.echo(f"{name}: {count} files, {size(manifest.size_bytes)}, {manifest.origin}")
    typer.echo(f"{name}: provides {', '.join(manifest.provides)}")
    if left_out:
        typer.echo(f"{name}: left out: {', '.join(left_out)}")
    if here.models.standing(manifest).state == "missing":
        typer.echo(f"{name}: run `farm models fetch {name}` on each node")
    typer.echo(f"{name}: known to a daemon and nodes that start from now on")
