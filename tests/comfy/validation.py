"""Decides whether a graph may be queued, with a real server's answers word for word.

Invariant: nothing runs that a real server would refuse, and a graph of which only some outputs are
valid is accepted with the errors of the others beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .descriptions import Descriptions

Fault = dict[str, Any]
Verdict = tuple[bool, list[Fault]]
FILES = {
    "LoadImage": ("image", "image"),
    "LoadVideo": ("file", "video"),
    "LoadAudio": ("audio", "audio"),
}
COMBO, DYNAMIC = "COMBO", "COMFY_DYNAMICCOMBO_V3"
CONVERTED: dict[str, Callable[[Any], Any]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}


@dataclass(frozen=True, slots=True)
class Validated:
    """error : why nothing can run, or ``None``. outputs : the nodes that run."""

    error: Fault | None
    outputs: list[str]
    node_errors: dict[str, Any]


def validate(prompt: dict[str, Any], nodes: Descriptions, inputs: Path) -> Validated:
    """Check a graph; ``inputs`` is the folder with the uploads."""
    outputs = []
    for key, node in prompt.items():
        kind = node.get("class_type")
        title = (node.get("_meta") or {}).get("title")
        if kind is None:
            return _refused(
                "missing_node_type",
                f"Node '{title or f'ID #{key}'}' has no class_type. "
                "The workflow may be corrupted or a custom node is missing.",
                f"Node ID '#{key}'",
                {"node_id": key, "class_type": None, "node_title": title},
            )
        if kind not in nodes:
            return _refused(
                "missing_node_type",
                f"Node '{title or kind}' not found. The custom node may not be installed.",
                f"Node ID '#{key}'",
                {"node_id": key, "class_type": kind, "node_title": title or kind},
            )
        if nodes.node(kind).get("output_node"):
            outputs.append(key)
    if not outputs:
        return _refused("prompt_no_outputs", "Prompt has no outputs", "", {})
    check = _Check(prompt, nodes, inputs)
    good, own, node_errors = [], [], {}
    for key in outputs:
        try:
            valid, faults = check.node(key, [])
        except Exception as error:
            valid, faults = False, [_crashed("exception_during_validation", "node", error)]
            check.seen[key] = (valid, faults)
        if valid:
            good.append(key)
            continue
        own += [f"{fault['message']}: {fault['details']}" for fault in faults]
        for name, (fine, told) in check.seen.items():
            if not fine and told:
                entry = node_errors.setdefault(
                    name,
                    {
                        "errors": told,
                        "dependent_outputs": [],
                        "class_type": prompt[name]["class_type"],
                    },
                )
                entry["dependent_outputs"].append(key)
    if not good:
        refusal = _refused(
            "prompt_outputs_failed_validation",
            "Prompt outputs failed validation",
            "\n".join(own),
            {},
        )
        return Validated(refusal.error, [], node_errors)
    return Validated(None, good, node_errors)


class _Check:
    def __init__(self, prompt: dict[str, Any], nodes: Descriptions, inputs: Path) -> None:
        self.prompt, self.nodes, self.inputs = prompt, nodes, inputs
        self.seen: dict[str, Verdict] = {}

    def node(self, key: str, above: list[str]) -> Verdict:
        if key in self.seen:
            return self.seen[key]
        if key in above:
            return self._cycle([*above[above.index(key) :], key])
        kind = self.prompt[key]["class_type"]
        given = self.prompt[key]["inputs"]
        faults: list[Fault] = []
        fine = True
        for field, (spec, needed) in finalized(self.nodes.node(kind)["input"], given).items():
            if field not in given:
                if needed:
                    faults.append(
                        _fault("required_input_missing", "Required input is missing", field, field)
                    )
                continue
            value = given[field]
            if isinstance(value, list):
                fine &= self._link(key, field, value, spec, above, faults)
            else:
                self._value(kind, field, value, spec, given, faults)
        if key not in self.seen:
            self.seen[key] = (fine and not faults, faults)
        return self.seen[key]

    def _cycle(self, path: list[str]) -> Verdict:
        members = list(dict.fromkeys(path))
        told = " -> ".join(f"{name} ({self.prompt[name]['class_type']})" for name in path)
        for name in members:
            fault = _fault("dependency_cycle", "Dependency cycle detected", told)
            fault["extra_info"] = {"node_id": name, "cycle_nodes": members}
            self.seen[name] = (False, [fault])
        return self.seen[path[-1]]

    def _link(
        self,
        key: str,
        field: str,
        link: list[Any],
        spec: list[Any],
        above: list[str],
        faults: list[Fault],
    ) -> bool:
        if len(link) != 2:
            fault = _fault(
                "bad_linked_input",
                "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                field,
                field,
            )
            fault["extra_info"] |= {"input_config": _told(spec), "received_value": link}
            faults.append(fault)
            return False
        source, slot = link
        given = self.nodes.node(self.prompt[source]["class_type"])["output"][slot]
        if not _fits(given, spec[0]):
            fault = _fault(
                "return_type_mismatch",
                "Return type mismatch between linked nodes",
                f"{field}, received_type({given}) mismatch input_type({spec[0]})",
                field,
            )
            fault["extra_info"] |= {
                "input_config": _told(spec),
                "received_type": given,
                "linked_node": link,
            }
            faults.append(fault)
            return False
        return self.node(source, [*above, key])[0]

    def _value(
        self,
        kind: str,
        field: str,
        value: Any,
        spec: list[Any],
        given: dict[str, Any],
        faults: list[Fault],
    ) -> None:
        wanted, options = spec[0], (spec[1] if len(spec) > 1 else {})
        if isinstance(wanted, str) and wanted in CONVERTED:
            try:
                value = given[field] = CONVERTED[wanted](value)
            except (ValueError, TypeError) as error:
                fault = _fault(
                    "invalid_input_type",
                    f"Failed to convert an input value to a {wanted} value",
                    f"{field}, {value}, {error}",
                    field,
                )
                fault["extra_info"] |= {
                    "input_config": _told(spec),
                    "received_value": value,
                    "exception_message": str(error),
                }
                faults.append(fault)
                return
        if kind in FILES and field == FILES[kind][0]:
            if not inside(self.inputs, str(value)):
                faults.append(
                    _fault(
                        "custom_validation_failed",
                        "Custom validation failed for node",
                        f"{field} - Invalid {FILES[kind][1]} file: {value}",
                        field,
                    )
                )
            return
        for bound, word, beyond in (("min", "smaller", -1), ("max", "bigger", 1)):
            if bound in options and (value - options[bound]) * beyond > 0:
                fault = _fault(
                    f"value_{word}_than_{bound}",
                    f"Value {value} {word} than {bound} of {options[bound]}",
                    field,
                    field,
                )
                fault["extra_info"] |= {"input_config": _told(spec), "received_value": value}
                faults.append(fault)
                return
        if isinstance(wanted, list) or wanted == COMBO:
            allowed = wanted if isinstance(wanted, list) else options.get("options", [])
            if value not in allowed:
                many = len(allowed) > 20
                shown = f"(list of length {len(allowed)})" if many else str(allowed)
                fault = _fault(
                    "value_not_in_list",
                    "Value not in list",
                    f"{field}: {value!r} not in {shown}",
                    field,
                )
                fault["extra_info"] |= {
                    "input_config": None if many else _told(spec),
                    "received_value": value,
                }
                faults.append(fault)


def finalized(
    described: dict[str, Any], given: dict[str, Any]
) -> dict[str, tuple[list[Any], bool]]:
    """Each input's description and whether it is required, with chosen combos unfolded."""
    found: dict[str, tuple[list[Any], bool]] = {}

    def unfold(level: dict[str, Any], prefix: str, needed_above: bool) -> None:
        for group in ("required", "optional"):
            for name, spec in level.get(group, {}).items():
                field = f"{prefix}{name}"
                needed = group == "required" and needed_above
                if spec[0] != DYNAMIC:
                    found[field] = (spec, needed)
                    continue
                chosen = [
                    option for option in spec[1]["options"] if option["key"] == given.get(field)
                ]
                if chosen:
                    found[field] = (spec, needed)
                    unfold(chosen[0]["inputs"], f"{field}.", needed)

    unfold(described, "", True)
    return found


def inside(folder: Path, name: str) -> Path | None:
    """The file ``name`` of ``folder``, or ``None`` when there is none or it lies elsewhere."""
    path = (folder / name.removesuffix(" [input]")).resolve()
    return path if path.is_file() and path.is_relative_to(folder.resolve()) else None


def _fits(given: Any, wanted: Any) -> bool:
    if isinstance(wanted, list) or isinstance(given, list):
        return given == wanted or isinstance(wanted, list)
    if "*" in (given, wanted):
        return True
    return bool(set(str(given).split(",")) & set(str(wanted).split(",")))


def _told(spec: list[Any]) -> list[Any]:
    return [spec[0], spec[1] if len(spec) > 1 else {}]


def _fault(kind: str, message: str, details: str, field: str | None = None) -> Fault:
    info = {} if field is None else {"input_name": field}
    return {"type": kind, "message": message, "details": details, "extra_info": info}


def _crashed(kind: str, what: str, error: Exception) -> Fault:
    fault = _fault(kind, f"Exception when validating {what}", str(error))
    fault["extra_info"] = {
        "exception_type": type(error).__name__,
        "traceback": ['  File "./comfyui", line 1, in validate_prompt\n'],
    }
    return fault


def _refused(kind: str, message: str, details: str, info: dict[str, Any]) -> Validated:
    error = {"type": kind, "message": message, "details": details, "extra_info": info}
    return Validated(error, [], {})
