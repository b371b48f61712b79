"""YAML with the line of every field.

Invariant: nothing is guessed: aliases, tags, doubled keys and values that YAML turns into dates or
hours are refused with their line.
"""

from __future__ import annotations

from typing import Any

import yaml

from farm_avatar.lesson.refusals import refused
from farm_avatar.lesson.source import Path

_PLAIN = {"str", "int", "float", "bool", "null", "map", "seq"}
_DEEPEST = 12


def fields_of(
    text: str, file: str, first_line: int = 1, under: Path = ()
) -> tuple[dict[str, Any], dict[Path, int]]:
    """The mapping that ``text`` is, and lines by path.

    first_line : the line of the file that the text begins on. under : the path it belongs to.

    Raises
    ------
    InputError : it is no YAML, or no mapping.
    """
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _refused(
                    "an alias or anchor is not read here",
                    file,
                    event.start_mark.line + first_line,
                    mend="Write the value out in each place.",
                )
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refused(
            f"is not YAML: {error.problem or error.context or 'it cannot be read'}",
            file,
            (mark.line if mark else 0) + first_line,
            mend="Look at indents, colons and quotes; a text with ': ' in it needs quotes.",
        ) from error
    except yaml.YAMLError as error:
        raise _refused(
            "has a character that YAML does not take",
            file,
            first_line,
            got=" ".join(str(error).split()),
            mend="Save it as plain UTF-8 text.",
        ) from error
    lines: dict[Path, int] = {}
    if node is None:
        return {}, lines
    value = _value(node, file, first_line, under, lines)
    if not isinstance(value, dict):
        raise _refused(
            "is no list of fields",
            file,
            first_line,
            expected="lines such as `title: How a lens works`",
            got=type(value).__name__,
        )
    return value, lines


def _value(node: yaml.Node, file: str, first: int, path: Path, lines: dict[Path, int]) -> Any:
    line = node.start_mark.line + first
    lines.setdefault(path, line)
    kind = node.tag.rpartition(":")[2]
    if len(path) > _DEEPEST:
        raise _refused("is nested too deeply", file, line, expected=f"at most {_DEEPEST} levels")
    if isinstance(node, yaml.ScalarNode) and (
        kind == "timestamp" or (kind in ("int", "float") and ":" in node.value)
    ):
        # YAML 1.1 reads 12:30 as a number of minutes, and 2026-11-21 as a date.
        return node.value
    if kind not in _PLAIN:
        raise _refused(f"the tag {node.tag} is not read here", file, line, mend="Leave it out.")
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            here = key_node.start_mark.line + first
            if not key:
                raise _refused("a field has no name", file, here)
            if key in found:
                raise _refused(f'"{key}" is given twice', file, here, mend="Keep one of the two.")
            found[key] = _value(value_node, file, first, (*path, key), lines)
            lines[*path, key] = here
        return found
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(each, file, first, (*path, number), lines)
            for number, each in enumerate(node.value)
        ]
    return yaml.SafeLoader("").construct_object(node)


def _refused(what: str, file: str, line: int, **more: str) -> Exception:
    return refused(what, file, line, code="lesson.yaml", **more)
