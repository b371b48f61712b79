"""Which workflows the configured servers can do, from samples of every quality.

Invariant: a stage is offered while at least one server has all that one quality of its workflow needs;
what the servers lack otherwise is named.
"""

from __future__ import annotations

from farm import FarmError
from farm_comfyui import configured
from farm_comfyui.bound import Needs
from farm_comfyui.checking import sample
from farm_comfyui.templates import Template

UNCONFIGURED = (
    "no ComfyUI server is configured: write [plugins.farm_comfyui] into farm.toml "
    "(docs/animatrix.md)"
)
_QUALITIES = ("standard", "draft", "high")
_KNOWN: dict[str, tuple[Needs, ...]] = {}
"""By version id: samples cost milliseconds, and nodes ask every ten seconds."""


def complaint(workflow: str) -> str:
    """Why no server can run a workflow; empty while one can."""
    pool = configured.pool()
    if not pool.servers:
        return UNCONFIGURED
    try:
        needs = needs_of(configured.templates().get(workflow))
    except FarmError as error:
        return error.sentence()
    if any(pool.offered(need) for need in needs):
        return ""
    lacking = pool.lacking(needs[0])
    return "; ".join(f"{name}: {', '.join(what)}" for name, what in sorted(lacking.items()))


def nothing_runs() -> str:
    """Why no server can run any workflow that there is; empty while one can run one."""
    catalog = configured.templates()
    ready = {one.name for one in catalog.every() if not one.map.confirm}
    # The one without models first: whoever can do anything can do it, and one question is enough.
    told = [complaint(name) for name in sorted(ready, key=lambda name: (name != "plumbing", name))]
    return "" if not all(told) else next(iter(told), UNCONFIGURED)


def needs_of(template: Template) -> tuple[Needs, ...]:
    """What servers need for each quality and form of the weights, without repetition."""
    if template.version_id not in _KNOWN:
        found = [bound.needs for quality in _QUALITIES for bound in sample(template, quality)]
        _KNOWN[template.version_id] = tuple(
            need for at, need in enumerate(found) if need not in found[:at]
        )
    return _KNOWN[template.version_id]
