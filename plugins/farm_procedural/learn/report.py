"""What was learned and what it changed, as JSON and as a page to read.

Invariant: every number in the page is in the JSON, and both come from the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from farm_procedural.learn.keeping import Memory
from farm_procedural.learn.prompts import coverage
from farm_procedural.learn.tally import ALL, UNIT

SCHEMA = "farm.procedural.report/1"
MOST = 12


def report(
    memory: Memory, rounds: Sequence[Mapping[str, Any]], stopped: str = ""
) -> dict[str, Any]:
    """The report on a loop's rounds and on everything that is known after them."""
    space = coverage(memory.plans)
    entries = memory.registry.entries.values()
    return {
        "schema": SCHEMA,
        "knowledge": memory.snapshot().id,
        "stopped": stopped,
        "films": memory.tally.films,
        "rounds": [dict(entry) for entry in rounds],
        "growth": {
            "entries": dict(sorted(Counter(entry.kind for entry in entries).items())),
            "known_by_round": [entry["known"] for entry in rounds],
            "pairs_by_round": [entry["pairs"] for entry in rounds],
            "coverage": round(space.share, 6),
            "pairs": space.pairs,
            "possible_pairs": space.possible,
            "values": space.values,
            "possible_values": space.possible_values,
            "distinct_prompts": len({entry["prompt"] for entry in rounds}),
        },
        "taste": _taste(rounds),
        "effect": _effect(rounds),
        "keywords": _keywords(memory),
        "palettes": _ranked(memory.tally.palettes),
        "entries": _entries(memory),
    }


def _taste(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if not rounds:
        return {}
    ratings = [entry["rating"] for entry in rounds]
    third = max(1, len(ratings) // 3)
    rules: dict[str, list[float]] = {}
    for entry in rounds:
        for rule, score in entry["verdicts"].items():
            rules.setdefault(rule, []).append(score)
    return {
        "mean": round(fmean(ratings), 4),
        "first_third": round(fmean(ratings[:third]), 4),
        "last_third": round(fmean(ratings[-third:]), 4),
        "rules": {rule: round(fmean(scores), 4) for rule, scores in sorted(rules.items())},
    }


def _effect(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What knowledge changed: how often it was followed, and the films made with and without it."""
    followed = Counter(
        sentence.split(",", 1)[0] for entry in rounds for sentence in _reasons(entry)
    )
    compared = [entry for entry in rounds if "control" in entry]
    found: dict[str, Any] = {
        "rounds_that_followed": sum(bool(_reasons(entry)) for entry in rounds),
        "followed": dict(followed.most_common(MOST)),
        "compared": [
            {
                "number": entry["number"],
                "prompt": entry["prompt"],
                "rating_with": entry["rating"],
                "rating_without": entry["control"]["rating"],
                "changed": entry["control"]["changed"],
                "features": entry["control"]["features"],
                "because": _reasons(entry),
            }
            for entry in compared
        ],
    }
    if compared:
        gains = [entry["rating"] - entry["control"]["rating"] for entry in compared]
        found["mean_gain"] = round(fmean(gains), 4)
    return found


def _reasons(entry: Mapping[str, Any]) -> list[str]:
    """The sentences of a script that speak of what was learned."""
    return [sentence for sentence in entry["explained"] if ", because " in sentence]


def _keywords(memory: Memory) -> list[dict[str, Any]]:
    found = []
    for key, group in memory.tally.common().groups.items():
        if key == ALL:
            continue
        features = {
            name: round(group.lean(name).mean, 4) for name in group.numbers if "." not in name
        }
        found.append(
            {"keyword": key, "films": group.films, "rating": round(group.mean, 4), **features}
        )
    return found[: 2 * MOST]


def _ranked(counts: Mapping[str, Sequence[int]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "films": films, "rating": round(total / films / UNIT, 4)}
        for name, (films, total) in sorted(
            counts.items(), key=lambda item: (-item[1][0], -item[1][1], item[0])
        )
    ][: 2 * MOST]


def _entries(memory: Memory) -> list[dict[str, Any]]:
    found = []
    for entry in memory.registry.entries.values():
        films, rating = memory.tally.count(f"{entry.kind}:{entry.name}")
        found.append(
            {
                "name": entry.name,
                "kind": entry.kind,
                "films": films,
                "rating": round(rating or entry.rating, 4),
                "near": entry.near,
                "away": entry.away,
                "prompt": entry.prompt,
            }
        )
    return sorted(found, key=lambda entry: (-entry["films"], -entry["rating"], entry["name"]))


# --- the page ------------------------------------------------------------------------------------


def page(made: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    growth, taste, effect = made["growth"], made["taste"], made["effect"]
    lines = ["# What was learned", ""]
    lines.append(
        f"{made['films']} films are in the log, {len(made['rounds'])} of them from this loop; "
        f"snapshot `{made['knowledge'] or 'empty'}`."
    )
    if made["stopped"]:
        lines.append(f"The loop stopped early: {made['stopped']}.")
    kinds = ", ".join(f"{count} {kind}" for kind, count in growth["entries"].items()) or "nothing"
    lines += ["", "## Growth", "", f"- Learned entries: {kinds}."]
    lines.append(
        f"- Pairs of values that met: {growth['pairs']} of {growth['possible_pairs']} "
        f"({growth['coverage']:.1%}); values used: {growth['values']} of "
        f"{growth['possible_values']}."
    )
    lines.append(
        f"- {growth['distinct_prompts']} prompts in {len(made['rounds'])} rounds, none said twice."
        if growth["distinct_prompts"] == len(made["rounds"])
        else f"- {growth['distinct_prompts']} different prompts in {len(made['rounds'])} rounds."
    )
    lines += _curve("Known after each round", growth["known_by_round"])
    if taste:
        lines += ["", "## Taste", "", "| rule | mean score |", "|---|---|"]
        lines += [f"| {rule} | {score:.2f} |" for rule, score in taste["rules"].items()]
        lines += [
            "",
            f"Mean rating {taste['mean']:.3f}; first third of the rounds "
            f"{taste['first_third']:.3f}, last third {taste['last_third']:.3f}.",
        ]
    lines += ["", "## What it changed", ""]
    lines.append(f"{effect['rounds_that_followed']} rounds followed something that was learned.")
    if effect["followed"]:
        lines += ["", "| followed | times |", "|---|---|"]
        lines += [f"| {_cell(what)} | {times} |" for what, times in effect["followed"].items()]
    for entry in effect["compared"]:
        sign = entry["rating_with"] - entry["rating_without"]
        lines += [
            "",
            f"**Round {entry['number']}**: {entry['prompt']}",
            "",
            f"- rated {entry['rating_with']:.3f} with what was learned, "
            f"{entry['rating_without']:.3f} without ({sign:+.3f})",
            "- changed: " + ", ".join(f"`{path}`" for path in entry["changed"][:8]),
            "- measured: "
            + ", ".join(f"{name} {value:+.3f}" for name, value in entry["features"].items()),
        ]
        lines += [f"- {sentence}" for sentence in entry["because"][:6]]
    if "mean_gain" in effect:
        lines += ["", f"Mean gain of the compared rounds: {effect['mean_gain']:+.4f}."]
    lines += _table("Keywords", ("keyword", "films", "rating"), made["keywords"][:MOST])
    lines += _table("Palettes", ("name", "films", "rating"), made["palettes"][:MOST])
    columns = ("name", "kind", "films", "rating", "near", "away", "prompt")
    lines += _table("Learned names", columns, made["entries"][: 4 * MOST])
    columns = ("number", "rating", "known", "new_pairs", "prompt")
    lines += _table("Rounds", columns, made["rounds"])
    return "\n".join(lines) + "\n"


def _curve(title: str, values: Sequence[float]) -> list[str]:
    if len(values) < 2:
        return []
    steps = "▁▂▃▄▅▆▇█"
    low, high = min(values), max(values)
    span = max(1e-9, high - low)
    drawn = "".join(steps[round((value - low) / span * 7)] for value in values[:200])
    return [f"- {title}: `{drawn}` ({values[0]} to {values[-1]})."]


def _table(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"## {title}", "", "| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for row in rows:
        lines.append("| " + " | ".join(_cell(row[name]) for name in columns) + " |")
    return lines


def _cell(value: Any) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
