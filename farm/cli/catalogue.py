"""``farm plugins`` and ``farm pipelines``: what can be asked of this farm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.added import commands_of
from farm.cli.arguments import Json
from farm.cli.rendering import print_json, print_table
from farm.cli.session import session

if TYPE_CHECKING:
    from farm.pipelines import Pipeline


def plugins(context: typer.Context, as_json: Json = False) -> None:
    """List the plugins, the stages they provide, and what cannot run on this machine."""
    registry = session(context).registry
    complaints = session(context).complaints()
    found: list[dict[str, Any]] = []
    for stage_id, stage in sorted(registry.stages.items()):
        found.append(
            {
                "stage": stage_id,
                "version": stage.version,
                "plugin": registry.plugin_of(stage_id),
                "plugin_version": registry.versions[registry.distribution_of(stage_id)],
                "description": stage.description,
                "complaint": complaints.get(stage_id),
                "params": stage.params.model_json_schema(),
            }
        )
    if as_json:
        print_json(found)
        return
    print_table(
        ("PLUGIN", "STAGE", "DESCRIPTION"),
        [
            (
                f"{entry['plugin']} {entry['plugin_version']}",
                f"{entry['stage']}@{entry['version']}",
                entry["description"]
                if entry["complaint"] is None
                else f"cannot run here: {entry['complaint']}",
            )
            for entry in found
        ],
        empty="No plugin provides a stage.",
    )
    added = commands_of(registry)
    if added:
        typer.echo()
        print_table(
            ("PLUGIN", "COMMAND", "DESCRIPTION"),
            [(plugin, f"farm {name}", c.help) for name, (plugin, c) in sorted(added.items())],
            empty="",
        )


def pipelines(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Show this one in full: NAME or NAME@VERSION.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the pipelines, or show the inputs and parameters of one."""
    registry = session(context).registry
    complaints = registry.pipeline_complaints()
    if name is None:
        chosen = [registry.pipelines[ref] for ref in sorted(registry.pipelines)]
    else:
        chosen = [registry.pipeline(name)]
    if as_json:
        documents = [_record(pipeline, complaints.get(pipeline.ref)) for pipeline in chosen]
        print_json(documents if name is None else documents[0])
    elif name is not None:
        _print_one(chosen[0], complaints.get(chosen[0].ref))
    else:
        print_table(
            ("PIPELINE", "TAKES", "MAKES", "TITLE"),
            [
                (
                    pipeline.ref,
                    ", ".join(pipeline.inputs),
                    ", ".join(pipeline.outputs),
                    complaints.get(pipeline.ref) or pipeline.title,
                )
                for pipeline in chosen
            ],
            empty="No plugin brings a pipeline.",
        )


def _record(pipeline: Pipeline, complaint: str | None) -> dict[str, Any]:
    return {
        "ref": pipeline.ref,
        "hash": pipeline.content_hash,
        "complaint": complaint,
        **pipeline.model_dump(mode="json"),
    }


def _print_one(pipeline: Pipeline, complaint: str | None) -> None:
    typer.echo(f"{pipeline.ref}: {pipeline.title}")
    if pipeline.description:
        typer.echo(pipeline.description)
    if complaint:
        typer.echo(f"It cannot be planned here: {complaint}")
    typer.echo("")
    print_table(
        ("INPUT", "KIND", "NEEDED", "DESCRIPTION"),
        [
            (
                key,
                f"{spec.kind}{' (list)' if spec.many else ''}",
                _yes(spec.required),
                spec.description,
            )
            for key, spec in pipeline.inputs.items()
        ],
        empty="It takes no inputs.",
    )
    typer.echo("")
    print_table(
        ("PARAMETER", "DEFAULT", "EXPECTED", "DESCRIPTION"),
        [
            (
                key,
                "" if spec.fallback is None else spec.fallback,
                spec.expected,
                spec.description,
            )
            for key, spec in pipeline.params.items()
        ],
        empty="It has no parameters.",
    )
    typer.echo("")
    print_table(
        ("STAGE", "CAPABILITY", "DESCRIPTION"),
        [(key, spec.capability, spec.description) for key, spec in pipeline.stages.items()],
        empty="",
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"
