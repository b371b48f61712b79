"""``farm models``: what plugins need, what is here, and bringing the rest."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.arguments import Json
from farm.cli.outcomes import REFUSED
from farm.cli.rendering import print_json, print_table, size
from farm.cli.session import Session, session
from farm.domain.errors import FarmError, LicenceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.models.manifest import ModelManifest
    from farm.models.part import Report

_TOLD_S = 0.5


def _complete(context: typer.Context, incomplete: str) -> list[str]:
    """Names of the models."""
    from pathlib import Path

    try:
        root = context.find_root().params.get("root")
        names = sorted(Session(Path(root) if root else None).registry.models)
    except Exception:
        # Completion runs while somebody types: a broken farm means nothing to offer.
        return []
    return [name for name in names if name.startswith(incomplete)]


Model = Annotated[
    str, typer.Argument(metavar="NAME", help="The model's name.", autocompletion=_complete)
]
Models = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Models, by name.", autocompletion=_complete),
]
SomeModels = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME...", help="Models, by name; none: all of them.", autocompletion=_complete
    ),
]


def ls(context: typer.Context, as_json: Json = False) -> None:
    """List the models of all plugins, their licences, and whether they are here."""
    here = session(context)
    found = [_record(here, manifest) for _, manifest in sorted(here.registry.models.items())]
    if as_json:
        print_json(found)
        return
    print_table(
        ("MODEL", "SIZE", "LICENCE", "STATE", "PROVIDES"),
        [
            (
                entry["name"],
                size(entry["size_bytes"]),
                entry["licence"] + (" (to be accepted)" if entry["restricted"] else ""),
                entry["state"],
                ", ".join(entry["provides"]),
            )
            for entry in found
        ],
        empty="No plugin declares a model.",
        right=("SIZE",),
    )


def fetch(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="Models, by name.", autocompletion=_complete),
    ] = None,
    packaged: Annotated[
        bool,
        typer.Option("--packaged", help="Instead of names: every unrestricted model in packages."),
    ] = False,
    accept_licence: Annotated[
        bool,
        typer.Option("--accept-licence", help="Accept the licences; who and when is recorded."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch models into this farm's store; goes on where an earlier try broke off.

    Of several, those after one that cannot be fetched are still fetched; exit code 1 then.
    """
    here = session(context)
    chosen = [here.registry.model(name) for name in names or ()]
    if packaged and not names:
        chosen = [m for _, m in sorted(here.registry.models.items()) if is_packaged(m)]
    elif not names:
        raise typer.BadParameter("name a model, or give --packaged", param_hint="NAME")
    failed: dict[str, FarmError] = {}
    for manifest in chosen:
        try:
            _fetch_one(here, manifest, accept_licence=accept_licence, quiet=as_json)
        except FarmError as error:
            if len(chosen) == 1:
                raise
            failed[manifest.name] = error
            if not as_json:
                typer.echo(f"{manifest.name}: not fetched, see below", err=True)
    if as_json:
        errors = {name: error.record() for name, error in failed.items()}
        print_json([{**_record(here, m), "error": errors.get(m.name)} for m in chosen])
    elif failed:
        _print_left_out(failed, len(chosen))
    if failed:
        raise typer.Exit(REFUSED)


def _fetch_one(
    here: Session, manifest: ModelManifest, *, accept_licence: bool, quiet: bool
) -> None:
    from farm.models.access import access_of
    from farm.models.fetch import fetch as bring

    if accept_licence and manifest.restricted and not here.models.licences.accepted(manifest):
        here.models.licences.accept(manifest, by=here.actor, at_s=time.time())
    if not quiet:
        link = f", {manifest.licence_url}" if manifest.licence_url else ""
        typer.echo(f"{manifest.name}: licence {manifest.licence}{link}")
    folder = bring(here.models, manifest, access_of(here.settings), reporter())
    if not quiet:
        typer.echo(f"{manifest.name}: {folder}")


def _print_left_out(failed: Mapping[str, FarmError], count: int) -> None:
    """Each model that was left out with its mend, and one command for all of a kind."""
    from farm.models.lacking import one_command

    typer.echo(f"\n{len(failed)} of {count} models were not fetched:", err=True)
    for name, error in failed.items():
        typer.echo(f"  {name}: {error.sentence()}", err=True)
    lacking = [name for name, error in failed.items() if one_command([error.sentence()])]
    if lacking:
        command = one_command(failed[name].sentence() for name in lacking)
        again = f"farm models fetch {' '.join(lacking)}"
        typer.echo(f"Bring what they lack: {command} && {again}", err=True)
    rest = [
        name
        for name, error in failed.items()
        if name not in lacking and not isinstance(error, LicenceError)
    ]
    if rest:
        typer.echo(f"Once that is mended: farm models fetch {' '.join(rest)}", err=True)


def verify(context: typer.Context, names: SomeModels = None, as_json: Json = False) -> None:
    """Read every file of models again; corrupt ones are moved to quarantine."""
    here = session(context)
    everything = here.registry.models
    chosen = [here.registry.model(name) for name in names or sorted(everything)]
    found = [_record(here, manifest, thorough=True) for manifest in chosen]
    if not names:
        # What was never fetched is no fault unless it was asked about.
        found = [entry for entry in found if entry["state"] != "missing"]
    if as_json:
        print_json(found)
    else:
        for entry in found:
            typer.echo(f"{entry['name']}: {entry['complaint'] or 'ok'}")
        if not found:
            typer.echo("No model is here.")
    if any(entry["state"] != "ok" for entry in found):
        raise typer.Exit(REFUSED)


def rm(context: typer.Context, names: Models, as_json: Json = False) -> None:
    """Remove models from this farm's store, older versions and partial downloads included."""
    here = session(context)
    freed = {}
    for name in names:
        if not (here.models.folder / name).is_dir():
            here.registry.model(name)
        freed[name] = here.models.remove(name)
    if as_json:
        print_json([{"name": name, "freed_bytes": count} for name, count in freed.items()])
        return
    for name, count in freed.items():
        typer.echo(f"{name}: {size(count)} freed")


def where(context: typer.Context, name: Model, as_json: Json = False) -> None:
    """Print the folder with a model's files."""
    here = session(context)
    manifest = here.registry.model(name)
    folder = here.models.files(manifest)
    if as_json:
        print_json({"name": name, "folder": str(folder), "manifest": str(manifest.origin)})
    else:
        typer.echo(str(folder))


def is_packaged(manifest: ModelManifest) -> bool:
    """Whether a model can be had from packages without accepting anything."""
    return not manifest.restricted and any(s.kind == "package" for s in manifest.sources)


def _record(here: Session, manifest: ModelManifest, *, thorough: bool = False) -> dict[str, Any]:
    from farm.models.sources import describe

    standing = here.models.standing(manifest, thorough=thorough)
    accepted = here.models.licences.accepted(manifest)
    return {
        "name": manifest.name,
        "family": manifest.family,
        "digest": manifest.digest,
        "provides": list(manifest.provides),
        "licence": manifest.licence,
        "licence_url": manifest.licence_url,
        "restricted": manifest.restricted,
        "accepted_by": accepted.by if accepted else None,
        "accepted_at": accepted.at_s if accepted else None,
        "size_bytes": manifest.size_bytes,
        "variants": {name: v.model_dump() for name, v in manifest.variants.items()},
        "sources": [describe(source) for source in manifest.sources],
        "manifest": str(manifest.origin),
        "state": standing.state,
        "folder": str(standing.folder) if standing.folder else None,
        "complaint": standing.complaint,
    }


def reporter() -> Report:
    """Progress on standard error, for a person only."""
    told_s = 0.0

    def report(file: str, done: int, total: int) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        if sys.stderr.isatty() and (now_s - told_s >= _TOLD_S or done == total):
            told_s = now_s
            ending = "\n" if done == total else ""
            sys.stderr.write(f"\r  {file}: {size(done)} of {size(total)}   {ending}")
            sys.stderr.flush()

    return report
