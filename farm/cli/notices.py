"""``farm notify``: what is told on the channels, whether it arrived, and trying it again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.arguments import Json
from farm.cli.rendering import duration, moment, print_json, print_table
from farm.cli.session import session

if TYPE_CHECKING:
    from farm.ledger.outbox import Delivery


def ls(
    context: typer.Context,
    channel: Annotated[
        str | None, typer.Option("--channel", "-c", metavar="NAME", help="Only on this channel.")
    ] = None,
    unsettled: Annotated[bool, typer.Option("--open", help="Only what was not delivered.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="NUMBER", help="Most to list.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """List notifications: state, tries, the last error, and when the next try is due."""
    from farm.ledger.outbox import Outbox

    with session(context).ledger() as database:
        found = Outbox(database).newest(limit, channel=channel, unsettled=unsettled)
    if as_json:
        print_json([entry.record() for entry in found])
        return
    now_s = time.time()
    print_table(
        ("ID", "CHANNEL", "WHAT", "STATE", "TRIES", "NEXT TRY", "CREATED", "ERROR"),
        [
            (
                entry.id,
                entry.channel,
                entry.title,
                entry.state,
                entry.tries,
                _next(entry, now_s),
                moment(entry.created_at),
                entry.error or "",
            )
            for entry in found
        ],
        empty="Nothing is to be told.",
        right=("ID", "TRIES"),
    )


def retry(
    context: typer.Context,
    ids: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="[ID]...", help="Notifications, by id; none: all that were given up."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Try notifications again now; one that was given up gets all its tries anew."""
    from farm.ledger.outbox import Outbox

    here = session(context)
    plugins = {
        f"plugin {hook.plugin_name}"[:64]
        for hook in here.registry.pm.hook.farm_notify.get_hookimpls()
    }
    with here.ledger() as database:
        again = Outbox(database).retry(ids or None, channels={*here.settings.notify, *plugins})
    if as_json:
        print_json({"again": again})
        return
    done = "1 notification is" if len(again) == 1 else f"{len(again)} notifications are"
    typer.echo(f"{done} tried again." if again else "No notification was given up.")


def _next(entry: Delivery, now_s: float) -> Any:
    if entry.due_at is None:
        return ""
    return f"in {duration(entry.due_at - now_s)}" if entry.due_at > now_s else "now"
