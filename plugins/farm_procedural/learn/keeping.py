"""Where what was learned is kept: the plugin's shared documents.

Invariant: entries and runs are only added, each under a key that follows from its content; the memory
that is kept beside them can be rebuilt from them at any time, and is caught up before it is used.

Collections: ``entry`` by name, ``run`` by id, ``forgotten`` by name, ``memory`` (``latest``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from farm import InputError
from farm_procedural.learn.registry import Entry, Registry
from farm_procedural.learn.runs import Run
from farm_procedural.learn.suggest import Snapshot
from farm_procedural.learn.tally import Tally

BUNDLE = "farm.procedural.bundle/1"
SAVE_EVERY = 8
"""Runs beyond the kept memory from which it is written anew."""


class Documents(Protocol):
    """The part of ``farm.stages.Documents`` that is used."""

    def get(self, collection: str, key: str) -> Any | None:
        """The document, or ``None``."""

    def put(self, collection: str, key: str, document: Any) -> None:
        """Write a document; ``None`` removes it."""

    def keys(self, collection: str) -> list[str]:
        """Every key of a collection, sorted."""


@dataclass(slots=True)
class Memory:
    """Everything that was learned, caught up. plans : those of the rounds of all loops."""

    registry: Registry = field(default_factory=Registry)
    tally: Tally = field(default_factory=Tally)
    runs: set[str] = field(default_factory=set)
    plans: list[list[int]] = field(default_factory=list)
    behind: int = 0

    def add(self, run: Mapping[str, Any]) -> None:
        """Take one run's record in, once."""
        if run["id"] in self.runs:
            return
        self.runs.add(run["id"])
        self.tally.add(run)
        plan = run.get("round", {}).get("plan")
        if plan is not None and plan not in self.plans:
            self.plans.append(list(plan))
        self.behind += 1

    def snapshot(self) -> Snapshot:
        """What creation may use now."""
        common = Tally.from_record(self.tally.common().record())
        return Snapshot(list(self.registry.entries.values()), common)


def recall(documents: Documents) -> Memory:
    """The memory, with every entry and run that others added in the meantime."""
    kept = documents.get("memory", "latest") or {}
    memory = Memory()
    if kept:
        memory.tally = Tally.from_record(kept["tally"])
        memory.runs = set(kept["runs"])
        memory.plans = [list(plan) for plan in kept["plans"]]
    known = kept.get("entries", {})
    for name in documents.keys("entry"):
        record = known.get(name) or documents.get("entry", name)
        if record is not None:
            memory.registry.entries[name] = Entry.from_record(record)
    for name in documents.keys("forgotten"):
        record = documents.get("forgotten", name)
        if record is not None:
            memory.registry.reserved[name] = record["content"]
            memory.registry.entries.pop(name, None)
    for number in documents.keys("run"):
        if number not in memory.runs:
            record = documents.get("run", number)
            if record is not None:
                memory.add(record)
    return memory


def keep(documents: Documents, memory: Memory, run: Run, grown: list[Entry]) -> None:
    """Write a run and what it taught; the memory itself now and then."""
    record = run.record()
    documents.put("run", run.id, record)
    for entry in grown:
        documents.put("entry", entry.name, entry.record())
    memory.add(record)
    if memory.behind >= SAVE_EVERY:
        save(documents, memory)


def save(documents: Documents, memory: Memory) -> None:
    """Write the memory, so that the next reader has less to catch up with."""
    documents.put(
        "memory",
        "latest",
        {
            "tally": memory.tally.record(),
            "runs": sorted(memory.runs),
            "plans": memory.plans,
            "entries": {n: e.record() for n, e in sorted(memory.registry.entries.items())},
        },
    )
    memory.behind = 0


# --- what an operator does -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """An entry with its counts. films : that showed it; rating : their mean."""

    entry: Entry
    films: int
    rating: float

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.entry.record(), "films": self.films, "mean_rating": round(self.rating, 4)}


def listed(documents: Documents, kind: str = "") -> list[Known]:
    """Learned entries, of one kind or all, the most met first."""
    memory = recall(documents)
    found = []
    for entry in memory.registry.entries.values():
        if kind and entry.kind != kind:
            continue
        films, rating = memory.tally.count(f"{entry.kind}:{entry.name}")
        found.append(Known(entry, films, rating or entry.rating))
    return sorted(found, key=lambda known: (-known.films, known.entry.kind, known.entry.name))


def search(documents: Documents, text: str) -> list[Known]:
    """Entries with every word of the text in their name, kind, value, keywords or prompt."""
    words = text.casefold().split()

    def about(entry: Entry) -> str:
        parts = (
            entry.name,
            entry.kind,
            entry.trait.value,
            *entry.keywords,
            entry.prompt,
            entry.near,
        )
        return " ".join(parts).casefold()

    return [known for known in listed(documents) if all(w in about(known.entry) for w in words)]


def export(documents: Documents) -> dict[str, Any]:
    """Everything as one JSON bundle, to keep or to take to another farm."""
    runs = [documents.get("run", number) for number in documents.keys("run")]
    memory = recall(documents)
    return {
        "schema": BUNDLE,
        "entries": [e.record() for _, e in sorted(memory.registry.entries.items())],
        "forgotten": dict(sorted(memory.registry.reserved.items())),
        "runs": [run for run in runs if run is not None],
    }


def import_bundle(documents: Documents, bundle: Any) -> dict[str, int]:
    """Add what a bundle has and the farm lacks; counts of what was added.

    Raises
    ------
    InputError : it is no bundle, or a name stands for something else here.
    """
    if not isinstance(bundle, dict) or bundle.get("schema") != BUNDLE:
        got = bundle.get("schema") if isinstance(bundle, dict) else type(bundle).__name__
        raise InputError(
            "is no bundle of knowledge",
            expected=f'an object with schema "{BUNDLE}"',
            got=repr(got),
            mend="Import what `farm knowledge export` wrote.",
            code="knowledge.not-a-bundle",
        )
    memory = recall(documents)
    try:
        entries = [Entry.from_record(record) for record in bundle["entries"]]
        runs = [(str(run["id"]), run) for run in bundle["runs"]]
        for _, run in runs:
            Tally().add(run)
        forgotten = {str(name): str(content) for name, content in bundle["forgotten"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(
            "the bundle is damaged",
            got=f"{type(error).__name__}: {error}",
            mend="Export it again.",
            code="knowledge.damaged-bundle",
        ) from error
    names = {e.name: e.content for e in memory.registry.entries.values()}
    names.update(memory.registry.reserved)
    for entry in entries:
        if names.get(entry.name, entry.content) != entry.content:
            raise InputError(
                f'the name "{entry.name}" stands for something else on this farm',
                expected=names[entry.name],
                got=entry.content,
                mend=f"Forget it here (`farm knowledge forget {entry.name}` keeps the name taken), "
                "or take it out of the bundle.",
                code="knowledge.name-taken",
            )
    added = {"entries": 0, "runs": 0, "forgotten": 0}
    for entry in entries:
        if entry.name not in names:
            documents.put("entry", entry.name, entry.record())
            added["entries"] += 1
    for number, run in runs:
        if number not in memory.runs:
            documents.put("run", number, run)
            added["runs"] += 1
    for name, content in forgotten.items():
        if name not in memory.registry.reserved and name not in memory.registry.entries:
            documents.put("forgotten", name, {"content": content})
            added["forgotten"] += 1
    return added


def forget(documents: Documents, name: str) -> Entry:
    """Remove an entry; its name stays reserved and its content is not learned again.

    Raises
    ------
    InputError : no entry has this name.
    """
    record = documents.get("entry", name)
    if record is None:
        near = [known.entry.name for known in listed(documents)][:5]
        raise InputError(
            f'nothing learned is called "{name}"',
            expected=", ".join(near) or "a learned name; nothing was learned yet",
            mend="`farm knowledge list` shows every name.",
            code="knowledge.unknown-name",
        )
    entry = Entry.from_record(record)
    documents.put("forgotten", name, {"content": entry.content})
    documents.put("entry", name, None)
    return entry
