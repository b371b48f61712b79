"""The whole ``farm`` command: every subcommand with its section and its examples.

Invariant: this table is the only place that names commands; the help text, the documentation's test
and the shell completion follow from it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import farm
from farm.cli import (
    administration,
    catalogue,
    console,
    declaring,
    demo,
    listing,
    logs,
    models,
    nodes,
    notices,
    report,
    running,
    sim,
    steering,
    storage,
    submitting,
    watching,
    why,
)
from farm.cli.outcomes import MEANINGS
from farm.cli.session import Session

RUN, JOBS, NODES, FARM = "Run a farm", "Jobs", "Nodes", "Look after a farm"


class SectionedGroup(TyperGroup):
    """A group whose help lists the commands by section, in the order of the table."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Commands in the order of the table."""
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command of the table, else one that a plugin brings."""
        found = super().get_command(ctx, cmd_name)
        if found is None and ctx.parent is None:
            from farm.cli.added import find_command

            found = find_command(Session(ctx.params.get("root")), cmd_name)
        return found

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one list of commands for each section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            panel = getattr(command, "rich_help_panel", None)
            section = panel if isinstance(panel, str) else "Commands"
            text = command.get_short_help_str(limit=100)
            sections.setdefault(section, []).append((name, text))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


def _examples(*lines: str, title: str = "Examples") -> str:
    # \b keeps the lines as they are.
    return "\b\n" + "\n".join([f"{title}:", *(f"  {line}" for line in lines)])


app = typer.Typer(
    name="farm",
    cls=SectionedGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 80},
    pretty_exceptions_enable=False,
    help="A batch render farm for generative video: drop a prompt in a folder, get a film back.",
    epilog="\n\n".join(
        (
            _examples("farm up", "farm demo --prompt 'a storm over the sea'", "farm watch"),
            _examples(
                *(f"{code:>3}  {text}" for code, text in MEANINGS.items()), title="Exit codes"
            ),
        )
    ),
)
database_app = typer.Typer(
    cls=SectionedGroup, rich_markup_mode=None, no_args_is_help=True,
    help="The ledger's database.", epilog=_examples("farm db upgrade"),
)  # fmt: skip
models_app = typer.Typer(
    cls=SectionedGroup, rich_markup_mode=None, no_args_is_help=True,
    help="The models that stages need.", epilog=_examples("farm models ls"),
)  # fmt: skip
notify_app = typer.Typer(
    cls=SectionedGroup, rich_markup_mode=None, no_args_is_help=True,
    help="What is told on the channels.", epilog=_examples("farm notify ls"),
)  # fmt: skip
config_app = typer.Typer(
    cls=SectionedGroup, rich_markup_mode=None, no_args_is_help=True,
    help="The farm's settings.", epilog=_examples("farm config show"),
)  # fmt: skip


@app.callback()
def farm_command(
    context: typer.Context,
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            metavar="FOLDER",
            help="The farm's root folder; default: FARM_ROOT, else the nearest with a farm.toml.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Prepare the session that every command works in."""
    if version:
        typer.echo(f"farm {farm.__version__}")
        raise typer.Exit
    context.obj = Session(root)


def _add(
    section: str, name: str, act: Callable[..., Any], *examples: str, to: typer.Typer = app
) -> None:
    to.command(name, rich_help_panel=section, epilog=_examples(*examples))(act)


_add(RUN, "up", running.up, "farm up", "farm --root /srv/farm up")
_add(RUN, "demo", demo.demo, "farm demo", "farm demo --prompt 'neon rain' --duration 3")
_add(RUN, "daemon", running.daemon, "farm daemon")
_add(RUN, "node", running.node, "farm node", "FARM_CPU_SLOTS=4 farm node")
_add(RUN, "tui", console.tui, "farm tui", "farm tui --read-only", "farm tui --web --port 8640")

_add(
    JOBS, "submit", submitting.submit,
    "farm submit dusk.yaml",
    "farm submit clip.mov --pipeline transcode --wait",
    "farm submit -p procedural --prompt 'violet dunes' --set duration_s=4",
)  # fmt: skip
_add(
    JOBS, "validate", submitting.validate,
    "farm validate dusk.yaml", "farm validate --json job_manifest.json",
)  # fmt: skip
_add(
    JOBS,
    "ls",
    listing.ls,
    "farm ls",
    "farm ls --state active",
    "farm ls --drafts",
    "farm ls -n 100 --json",
)
_add(JOBS, "show", listing.show, "farm show 42", "farm show 42 --json")
_add(JOBS, "watch", watching.watch, "farm watch", "farm watch 42 43")
_add(JOBS, "logs", logs.logs, "farm logs 42 -f", "farm logs 42.render.3 --attempt 2")
_add(JOBS, "why", why.why, "farm why 42", "farm why 42.render.3")
_add(JOBS, "cancel", steering.cancel, "farm cancel 42", "farm cancel 42 43 --reason 'typo'")
_add(JOBS, "retry", steering.retry, "farm retry 42")
_add(
    JOBS, "pause", steering.pause,
    "farm pause 42", "farm pause --node atlas", "farm pause --farm --reason 'disk swap'",
)  # fmt: skip
_add(
    JOBS, "resume", steering.resume,
    "farm resume 42", "farm resume --node atlas", "farm resume --farm",
)  # fmt: skip
_add(JOBS, "priority", steering.priority, "farm priority 42 90")
_add(
    JOBS, "approve", steering.approve,
    "farm approve 42", "farm approve 42 render", "farm approve 42 --master",
)  # fmt: skip

_add(NODES, "nodes", nodes.nodes, "farm nodes", "farm nodes --json")
_add(NODES, "drain", nodes.drain, "farm drain atlas --reason 'new driver'")
_add(NODES, "enable", nodes.enable, "farm enable atlas")

_add(FARM, "plugins", catalogue.plugins, "farm plugins")
_add(
    FARM, "pipelines", catalogue.pipelines,
    "farm pipelines", "farm pipelines procedural", "farm pipelines procedural@2 --json",
)  # fmt: skip
_add(
    FARM, "report", report.report,
    "farm report", "farm report --since 30d --by submitter", "farm report --since all --csv",
)  # fmt: skip
_add(FARM, "artifacts", storage.artifacts, "farm artifacts", "farm artifacts 42")
_add(FARM, "gc", storage.gc, "farm gc --dry-run", "farm gc")
_add(FARM, "doctor", administration.doctor, "farm doctor", "farm doctor --json")
_add(
    FARM, "sim", sim.sim,
    "farm sim", "farm sim --verify --kills 50 --orders 100 --seed 7", "farm sim --swaps --recorded",
)  # fmt: skip
_add(FARM, "upgrade", administration.upgrade_ledger, "farm db upgrade", to=database_app)
_add(FARM, "show", administration.show_config, "farm config show", to=config_app)
_add(
    FARM, "ls", notices.ls,
    "farm notify ls", "farm notify ls --open --channel chat --json", to=notify_app,
)  # fmt: skip
_add(FARM, "retry", notices.retry, "farm notify retry", "farm notify retry 42", to=notify_app)
_add(FARM, "ls", models.ls, "farm models ls", "farm models ls --json", to=models_app)
_add(
    FARM, "fetch", models.fetch,
    "farm models fetch rife-4", "farm models fetch --packaged",
    "farm models fetch svd-xt --accept-licence", to=models_app,
)  # fmt: skip
_add(FARM, "verify", models.verify, "farm models verify", to=models_app)
_add(FARM, "rm", models.rm, "farm models rm rife-4", to=models_app)
_add(
    FARM, "declare", declaring.declare,
    "farm models declare ink.safetensors --name ink --family sd15 --licence MIT",
    "farm models declare my-sdxl/ --name my-sdxl --family sdxl --licence MIT "
    "--provides image.generate", to=models_app,
)  # fmt: skip
_add(FARM, "where", models.where, "farm models where rife-4", to=models_app)
app.add_typer(models_app, name="models", rich_help_panel=FARM)
app.add_typer(notify_app, name="notify", rich_help_panel=FARM)
app.add_typer(database_app, name="db", rich_help_panel=FARM)
app.add_typer(config_app, name="config", rich_help_panel=FARM)
