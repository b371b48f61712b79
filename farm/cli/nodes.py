"""``farm nodes``, ``farm drain`` and ``farm enable``: the machines of the farm."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from farm.cli.arguments import Json, Node
from farm.cli.rendering import duration, print_json, print_table
from farm.cli.session import session
from farm.cli.steering import Reason
from farm.domain.states import NodeState
from farm.domain.wording import by_reason

if TYPE_CHECKING:
    from farm.ledger.views_nodes import FarmLine, NodeLine


def nodes(context: typer.Context, as_json: Json = False) -> None:
    """List the nodes, their engines and what they run."""
    from farm.ledger.views_nodes import NodeViews

    with session(context).ledger() as database:
        views = NodeViews(database)
        found, farm = views.nodes(), views.farm()
    if as_json:
        print_json({"farm": asdict(farm), "nodes": [node.record() for node in found]})
        return
    _print_farm(farm)
    print_table(
        ("NODE", "STATE", "ENGINE", "RUNS", "PROGRESS", "SEEN"),
        [row for node in found for row in _rows(node)],
        empty="No node has joined. Start one with `farm node`, or everything with `farm up`.",
        right=("PROGRESS", "SEEN"),
    )
    for node in found:
        if node.reason:
            typer.echo(f"{node.name} is {node.state}: {node.reason}")
        for service in (node.facts.get("gauges") or {}).get("services") or ():
            typer.echo(
                f"{node.name} uses {service['name']} ({service['state']}): {service['detail']}"
            )
        for stages, complaint in by_reason(node.complaints):
            typer.echo(f"{node.name} does not offer {stages}: {complaint}")
        for stage_id, reason in sorted(node.blocked.items()):
            typer.echo(f"{node.name} is not given {stage_id}: {reason} (`farm enable` lifts it)")


def drain(context: typer.Context, node: Node, reason: Reason = "", as_json: Json = False) -> None:
    """Let a node finish what it runs and give it nothing more."""
    from farm.ledger.nodes import Nodes

    here = session(context)
    with here.ledger() as database:
        Nodes(database).order(node, NodeState.DRAINING, actor=here.actor, reason=reason)
    here.ring()
    _tell(node, NodeState.DRAINING, "takes nothing new and finishes what it runs", as_json)


def enable(context: typer.Context, node: Node, as_json: Json = False) -> None:
    """Put a drained, paused or quarantined node back to work and clear its block-list."""
    from farm.ledger.nodes import Nodes

    here = session(context)
    with here.ledger() as database:
        ledger = Nodes(database)
        ledger.order(node, NodeState.ONLINE, actor=here.actor)
        lifted = ledger.unblock(node, actor=here.actor)
    here.ring()
    text = "is back at work" + (f"; {lifted} blocked stages lifted" if lifted else "")
    _tell(node, NodeState.ONLINE, text, as_json)


def _tell(node: str, state: NodeState, text: str, as_json: bool) -> None:
    if as_json:
        print_json({"node": node, "state": state.value, "message": text})
    else:
        typer.echo(f"{node} {text}")


def _print_farm(farm: FarmLine) -> None:
    if farm.paused is not None:
        typer.echo(f"The farm is paused: {farm.paused}")
    if not farm.daemon:
        typer.echo("No daemon is active.")


def _rows(node: NodeLine) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for engine in node.engines:
        first = not rows
        rows.append(
            (
                node.name if first else "",
                node.state if first else "",
                f"{engine.slot} ({engine.device})",
                engine.task_id or "-",
                f"{int(engine.progress * 100)} %" if engine.task_id else "",
                f"{duration(node.silent_s)} ago" if first else "",
            )
        )
    return rows or [(node.name, node.state, "none", "", "", f"{duration(node.silent_s)} ago")]
