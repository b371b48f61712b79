"""Motion assets: ``.farmmotion``, a ZIP with ``motion.json`` and the files it names.

Invariant: every file is named with its bytes and SHA-256 and is checked when it is taken out; the
same files give the same bytes. An asset of a newer major version is refused.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import IO, Any

from farm import InputError, Result, Task
from farm_vision.motion.params import PARTS, PackParams, UnpackParams

SCHEMA = "farm.motion/1"
_BLOCK = 1 << 20
_INDEX = "motion.json"
_LARGEST_INDEX = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)


def run_pack(task: Task[PackParams]) -> Result:
    """Put what is at the input ports into ``motion``."""
    params = task.params
    given = {part: files[0] for part, files in sorted(task.inputs.items()) if files}
    if not given:
        raise InputError(
            "has nothing in it",
            where="motion.pack",
            expected=f"at least one of {', '.join(PARTS)}",
            got="none",
            mend="Connect a stage that makes one.",
            code="motion.empty",
        )
    files = []
    for number, (part, file) in enumerate(given.items()):
        task.progress(number, 2 * len(given), part)
        path = file.path
        entry: dict[str, Any] = {
            "part": part,
            "file": f"{part}{path.suffix.lower()}",
            "bytes": path.stat().st_size,
            "sha256": _digest(task, path),
        }
        if schema := _schema(path):
            entry["schema"] = schema
        files.append(entry)
    tags = sorted({tag.strip() for tag in params.tags.split(",")} - {""})
    index = {
        "schema": SCHEMA,
        "name": params.name,
        "notes": params.notes,
        "tags": tags,
        **_rate(given),
        "files": files,
    }
    target: Path = task.output("motion", ".farmmotion")
    with zipfile.ZipFile(target, "w") as archive:
        text = json.dumps(index, indent=2, ensure_ascii=False) + "\n"
        archive.writestr(_entry(_INDEX, zipfile.ZIP_DEFLATED), text.encode())
        for number, (entry, file) in enumerate(zip(files, given.values(), strict=True)):
            task.progress(len(given) + number, 2 * len(given), entry["part"])
            packed = file.path.suffix.lower() in (".json", ".jsonl", ".bvh", ".glb")
            how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            with file.path.open("rb") as source:
                with archive.open(_entry(entry["file"], how), "w", force_zip64=True) as out:
                    _copied(task, source, out)
    task.progress(1, 1)
    return {"motion": target}


def run_unpack(task: Task[UnpackParams]) -> Result:
    """Take every file out of ``motion`` to the port of its name; ``index`` tells what there is."""
    label = "motion"
    made: dict[str, Path] = {}
    with _opened(task.input("motion").path, label) as archive:
        index = read_index(archive, label)
        entries = index["files"]
        for number, entry in enumerate(entries):
            task.progress(number, len(entries), entry["part"])
            target: Path = task.output(entry["part"], Path(entry["file"]).suffix)
            try:
                with archive.open(entry["file"]) as source, target.open("wb") as out:
                    found, size = _copied(task, source, out, entry["bytes"])
            except (KeyError, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
                raise _damaged(label, f"{entry['file']}: {error}") from error
            if (found, size) != (entry["sha256"], entry["bytes"]):
                raise _damaged(label, f"{entry['file']} is not what was packed")
            made[entry["part"]] = target
    written: Path = task.output("index", ".json")
    written.write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {**made, "index": written}


def read_index(archive: zipfile.ZipFile, label: str) -> dict[str, Any]:
    """``motion.json`` of an asset, checked. Raises InputError."""
    try:
        info = archive.getinfo(_INDEX)
        if info.file_size > _LARGEST_INDEX:
            raise _damaged(label, f"{_INDEX} of {info.file_size} bytes")
        index: dict[str, Any] = json.loads(archive.read(info).decode("utf-8"))
        schema = index["schema"]
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise _damaged(label, f"{_INDEX}: {error}") from error
    if schema != SCHEMA:
        raise InputError(
            "is a motion asset of another version",
            where=label,
            expected=SCHEMA,
            got=str(schema),
            mend="Pack it again, or update the farm.",
            code="motion.version",
        )
    try:
        for entry in index["files"]:
            name = f"{entry['part']}{Path(entry['file']).suffix}"
            if entry["part"] not in PARTS or entry["file"] != name or int(entry["bytes"]) < 1:
                raise ValueError(f"a file {entry['file']} as {entry['part']}")
            str(entry["sha256"])
        if len({entry["part"] for entry in index["files"]}) != len(index["files"]):
            raise ValueError("a part twice")
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(label, f"{_INDEX}: {error}") from error
    return index


def _opened(path: Path, label: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise _damaged(label, str(error)) from error


def _copied(
    task: Task[Any], source: IO[bytes], out: IO[bytes], most: int | None = None
) -> tuple[str, int]:
    """SHA-256 and size of what was copied; it stops behind ``most`` bytes."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        task.checkpoint()
        size += len(block)
        if most is not None and size > most:
            break
        digest.update(block)
        out.write(block)
    return digest.hexdigest(), size


def _digest(task: Task[Any], path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            task.checkpoint()
            digest.update(block)
    return digest.hexdigest()


def _schema(path: Path) -> str:
    """What a document says of itself, in its first line or as a whole."""
    if path.suffix.lower() not in (".json", ".jsonl"):
        return ""
    with path.open(encoding="utf-8") as file:
        text = file.readline() if path.suffix.lower() == ".jsonl" else file.read()
    try:
        told = json.loads(text)
    except ValueError:
        return ""
    return str(told.get("schema", "")) if isinstance(told, dict) else ""


def _rate(given: dict[str, Any]) -> dict[str, Any]:
    """fps and frames of the first film there is, or of the first line of the points."""
    for file in given.values():
        if file.facts.frames and file.facts.fps:
            return {"fps": str(file.facts.fps), "frames": file.facts.frames}
    for part in ("pose", "face", "hands", "features"):
        if part in given:
            with given[part].path.open(encoding="utf-8") as file:
                told = json.loads(file.readline())
                frames = sum(1 for _ in file)
            return {"fps": str(told.get("fps", "")), "frames": frames}
    return {}


def _entry(name: str, how: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = how
    entry.external_attr = 0o644 << 16
    return entry


def _damaged(label: str, got: str) -> InputError:
    return InputError(
        "is no whole motion asset",
        where=label,
        expected=f"a .farmmotion file, schema {SCHEMA}, as motion.pack writes it",
        got=got,
        mend="Copy it again, or pack it again.",
        code="motion.damaged",
    )
