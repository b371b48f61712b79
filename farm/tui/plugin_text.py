"""What the plugins screen says about one plugin, stage or pipeline.

Invariant: pure text from declarations; a parameter is always told with its type, unit, range and
default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from farm.tui.graph_layout import lay_out
from farm.tui.marks import duration

if TYPE_CHECKING:
    from farm.pipelines import Pipeline
    from farm.stages import Port, Resources, Stage, StageParams, Windowing
    from farm.tui.catalogue import Catalogue, PipelineEntry, PluginEntry, StageEntry

Part = str | tuple[str, str]

_HEAD, _DIM, _GOOD, _WARN, _BAD = (
    "b $accent", "$text-muted", "$state-good", "$state-warn", "$state-bad",
)  # fmt: skip
_WORDS = {"number": "a number", "integer": "a whole number", "string": "text", "object": "an object",
          "boolean": "true or false", "array": "a list"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParamDoc:
    """One parameter in words. default : ``None`` when it must be given."""

    name: str
    expected: str
    default: str | None
    description: str


def stage_params(params: type[StageParams]) -> list[ParamDoc]:
    """The parameters of a stage, from the JSON Schema that is published for it."""
    schema = params.model_json_schema()
    needed = set(schema.get("required", ()))
    definitions = schema.get("$defs", {})
    return [
        ParamDoc(
            name,
            _expected(spec, definitions),
            None if name in needed else _value(spec.get("default")),
            spec.get("description", ""),
        )
        for name, spec in schema.get("properties", {}).items()
    ]


def pipeline_params(pipeline: Pipeline) -> list[ParamDoc]:
    """The parameters of a pipeline."""
    return [
        ParamDoc(
            name, spec.expected, None if spec.required else _value(spec.fallback), spec.description
        )
        for name, spec in pipeline.params.items()
    ]


def about_plugin(entry: PluginEntry, catalogue: Catalogue) -> Content:
    """What a plugin brings."""
    parts: list[Part] = [(f"{entry.name} {entry.version}\n", _HEAD)]
    parts.append(("\nStages\n", _HEAD))
    for stage_id in entry.stages:
        stage = catalogue.stages[stage_id]
        parts += [f"  {stage.ref}  ", _where(stage, catalogue.nodes), "\n",
                  (f"      {stage.stage.description}\n", _DIM)]  # fmt: skip
    if not entry.stages:
        parts.append(("  none\n", _DIM))
    if entry.pipelines:
        parts.append(("\nPipelines\n", _HEAD))
        for ref in entry.pipelines:
            parts += [f"  {ref}  ", (f"{catalogue.pipelines[ref].pipeline.title}\n", _DIM)]
    if entry.commands:
        parts.append(("\nCommands\n", _HEAD))
        for command in entry.commands:
            parts += [f"  farm {command.name}  ", (f"{command.help}\n", _DIM)]
    return Content.assemble(*parts)


def about_stage(entry: StageEntry, catalogue: Catalogue) -> Content:
    """A stage: where it runs, its ports, parameters, model and needs."""
    stage = entry.stage
    parts: list[Part] = [
        (f"{entry.ref}\n", _HEAD),
        f"{stage.description}\n" if stage.description else "",
        (f"by plugin {entry.plugin} {entry.plugin_version}\n\n", _DIM),
        *_availability(entry, catalogue),
        ("\nPorts\n", _HEAD),
        *_ports("in ", stage.inputs),
        *_ports("out", stage.outputs),
        ("\nParameters\n", _HEAD),
        *_params(stage_params(stage.params)),
        ("\nModel and needs\n", _HEAD),
        *_needs(stage, catalogue),
    ]
    if entry.pipelines:
        parts += [("\nUsed by\n", _HEAD), f"  {', '.join(entry.pipelines)}\n"]
    return Content.assemble(*parts)


def head_of_pipeline(entry: PipelineEntry) -> Content:
    """Title, description, and what stands in its way."""
    pipeline = entry.pipeline
    parts: list[Part] = [
        (f"{pipeline.ref}  ", _HEAD), (pipeline.title, "b"), "\n",
        (f"{pipeline.description.strip()}\n" if pipeline.description else "", _DIM),
    ]  # fmt: skip
    if entry.complaint:
        parts.append((f"✗ cannot be planned here: {entry.complaint}\n", _BAD))
    elif entry.unserved:
        parts.append((f"✗ no node offers {', '.join(entry.unserved)} now\n", _BAD))
    else:
        parts.append(("● every capability is offered by a node\n", _GOOD))
    return Content.assemble(*parts)


def drawing_of(entry: PipelineEntry) -> Content:
    """Its stages as boxes with lines between them; a stage's colour tells whether a node offers it."""
    from farm.pipelines import order, predecessors

    pipeline = entry.pipeline
    names = order(pipeline)
    waits = {name: predecessors(pipeline.stages[name]) for name in names}
    after = {name: [n for n in names if name in waits[n]] for name in names}
    specs = pipeline.stages
    inner = {name: max(len(name) + 3, len(specs[name].capability)) for name in names}
    drawing = lay_out(after, inner)
    grid = [[(" ", "")] * (drawing.width + 1) for _ in range(drawing.height + 1)]
    for (row, column), text in drawing.lines.items():
        grid[row][column] = (text, "$secondary")
    for box in drawing.boxes:
        spec = specs[box.name]
        style = _BAD if spec.capability in entry.unserved else "$primary"
        marks = ("?" if spec.when else "") + ("‖" if spec.approval else "")
        title = f" {box.name} {marks + ' ' if marks else ''}"
        width = box.width - 2
        rows = (
            f"╭─{title}{'─' * (width - 1 - len(title))}╮",
            f"│ {spec.capability:<{width - 2}} │",
            f"╰{'─' * width}╯",
        )
        for down, text in enumerate(rows):
            for right, character in enumerate(text):
                frame = character in "╭╮╰╯│─" or down == 0
                grid[box.top + down][box.left + right] = (character, style if frame else "")
    return Content("\n").join(Content.assemble(*row) for row in grid)


def about_pipeline(entry: PipelineEntry) -> Content:
    """Inputs, parameters, quality profiles, stages and outputs."""
    pipeline = entry.pipeline
    parts: list[Part] = [("Inputs\n", _HEAD)]
    for name, spec in pipeline.inputs.items():
        needed = "needed" if spec.required else "optional"
        kinds = f"{spec.kind}{' list' if spec.many else ''}"
        endings = f" ({', '.join(spec.accept)})" if spec.accept else ""
        parts += [f"  {name:<18}{kinds}, {needed}{endings}\n", *_sentence(spec.description)]
    if not pipeline.inputs:
        parts.append(("  none\n", _DIM))
    parts += [("\nParameters\n", _HEAD), *_params(pipeline_params(pipeline))]
    changes = {name: spec for name, spec in pipeline.quality.items() if spec.params}
    if changes:
        parts.append(("\nQuality\n", _HEAD))
        for quality, change in changes.items():
            said = ", ".join(f"{key} {_value(value)}" for key, value in change.params.items())
            parts.append(f"  {quality:<18}{said}\n")
    parts.append(("\nStages", _HEAD))
    parts.append(("   ? only under a condition   ‖ waits for approval\n", _DIM))
    for key, stage in pipeline.stages.items():
        parts.append(f"  {key:<18}{stage.capability}")
        if stage.when:
            parts.append((f"  if {' and '.join(stage.when)}", _WARN))
        if stage.approval:
            parts.append(("  ‖ approval", _WARN))
        parts += ["\n", *_sentence(stage.description)]
    parts.append(("\nOutputs\n", _HEAD))
    for file, source in pipeline.outputs.items():
        parts.append(f"  {file:<18}{source}\n")
    parts.append((f"\ncontent {pipeline.content_hash[:16]}\n", _DIM))
    return Content.assemble(*parts)


def _availability(entry: StageEntry, catalogue: Catalogue) -> list[Part]:
    parts: list[Part] = []
    if entry.offered:
        parts.append((f"● on {', '.join(entry.offered)}\n", _GOOD))
    elif catalogue.nodes:
        parts.append(("✗ no node offers it\n", _BAD))
    else:
        parts.append(("✗ no node has joined: start `farm node`\n", _BAD))
    for machine, why in entry.refused.items():
        parts.append((f"✗ not on {machine}: {why}\n", _BAD))
    for node, version in entry.other.items():
        parts.append((f"✗ {node} has version {version}: install the same plugin there\n", _WARN))
    for node, why in entry.blocked.items():
        parts.append((f"‖ {node} is blocked from it: {why}\n", _WARN))
    return parts


def _where(entry: StageEntry, nodes: int) -> tuple[str, str]:
    if entry.offered:
        return f"on {len(entry.offered)} of {nodes} nodes", _GOOD
    return ("on no node", _BAD)


def _ports(way: str, ports: Mapping[str, Port]) -> list[Part]:
    parts: list[Part] = []
    for name, port in ports.items():
        kind = f"{port.kind.value}{' list' if port.many else ''}"
        optional = "" if port.required else ", optional"
        parts += [(f"  {way} ", _DIM), f"{name:<14}{kind}{optional}\n"]
        parts += _sentence(port.description)
    return parts


def _params(docs: Sequence[ParamDoc]) -> list[Part]:
    if not docs:
        return [("  none\n", _DIM)]
    width = max(len(doc.name) for doc in docs) + 2
    parts: list[Part] = []
    for doc in docs:
        default = "must be given" if doc.default is None else f"default {doc.default}"
        parts += [(f"  {doc.name:<{width}}", "b"), doc.expected, "  ",
                  (f"{default}\n", _WARN if doc.default is None else _DIM),
                  *_sentence(doc.description)]  # fmt: skip
    return parts


def _sentence(text: str) -> list[Part]:
    return [(f"      {text}\n", _DIM)] if text else []


def _needs(stage: Stage, catalogue: Catalogue) -> list[Part]:
    facts: list[tuple[str, str]] = []
    params = _defaults(stage)
    if stage.model_key is None:
        facts.append(("model", "none"))
    else:
        key = stage.model_key(params) if params is not None else None
        if key is None:
            facts.append(("model", "told by its parameters"))
        else:
            warm = ", ".join(catalogue.resident.get(key, ())) or "on no engine now"
            facts.append(("model", f"{key} (with default parameters), warm: {warm}"))
    if not callable(stage.resources):
        facts.append(("needs", _resources(stage.resources)))
    elif params is not None:
        facts.append(("needs", f"{_resources(stage.resources(params))} (with default parameters)"))
    else:
        facts.append(("needs", "told by its parameters"))
    facts += [
        ("windows", _windows(stage.windows, params)),
        ("results", "reused from the cache" if stage.cacheable else "never reused"),
        (
            "limits",
            f"{duration(stage.timeout_s)} in all, {duration(stage.stall_s)} without progress",
        ),
    ]
    return [part for name, text in facts for part in ((f"  {name:<9}", _DIM), f"{text}\n")]


def _defaults(stage: Stage) -> Any | None:
    """The stage's parameters as they are when nothing is set; ``None`` where some must be given."""
    from pydantic import ValidationError

    try:
        return stage.params()
    except ValidationError:
        return None


def _resources(needs: Resources) -> str:
    found = [f"{needs.cores} core{'s' if needs.cores != 1 else ''}", f"{needs.ram_mb} MB RAM"]
    found += [f"{needs.disk_mb} MB disk"] if needs.disk_mb else []
    found += [f"{needs.gpus} GPU with {needs.vram_mb} MB"] if needs.gpus else []
    found += [f"{count} of {name}" for name, count in sorted(needs.limits.items())]
    found += [f"tags {', '.join(sorted(needs.tags))}"] if needs.tags else []
    return ", ".join(found)


def _windows(windows: Windowing | None, params: Any | None) -> str:
    if windows is None:
        return "runs whole"
    size = windows.size
    if callable(size):
        size = size(params) if params is not None else 0
    frames = f"of {size} frames" if size else "cut by its parameters"
    carry = f", carries {', '.join(windows.carry)}" if windows.carry else ""
    return f"{windows.mode}, {frames}{carry}"


def _expected(spec: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """A field of a JSON Schema in words."""
    if "$ref" in spec:
        spec = {**definitions.get(spec["$ref"].rpartition("/")[2], {}), **spec}
    options = [option for option in spec.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        said = " or ".join(_expected(option, definitions) for option in options)
    elif "enum" in spec or "const" in spec:
        said = "one of " + ", ".join(map(str, spec.get("enum", [spec.get("const")])))
    else:
        said = _WORDS.get(spec.get("type", ""), "a value") + _range(spec)
    unit = spec.get("unit")
    # A rate reads "per s", not "1 1/s".
    return f"{said} {unit.replace('1/', 'per ', 1)}" if unit else said


def _range(spec: Mapping[str, Any]) -> str:
    low, high = spec.get("minimum"), spec.get("maximum")
    above, below = spec.get("exclusiveMinimum"), spec.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    found = [
        f" {words} {value:g}"
        for words, value in (
            ("of at least", low), ("above", above), ("of at most", high), ("below", below),
        )
        if value is not None
    ]  # fmt: skip
    for words, name in (
        ("of at least {} characters", "minLength"),
        ("of up to {} characters", "maxLength"),
    ):
        if spec.get(name):
            found.append(" " + words.format(spec[name]))
    if spec.get("pattern"):
        found.append(f" that matches {spec['pattern']}")
    return " and".join(found)


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    return '""' if value == "" else str(value)
