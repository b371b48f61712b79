"""The stage ``lesson.record``: keeps a project, its scenes and its assets in the ledger.

Invariant: it is never taken from the cache, so that the ledger tells of the lesson that was sent in
last, also where all of its scenes were rendered before.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from farm import InputFile, Result, Task
from farm_avatar.lesson.params import RecordParams
from farm_avatar.lesson.projects import Project
from farm_avatar.lesson.script_files import as_json, read_lesson


def run(task: Task[RecordParams]) -> Result:
    """Write the records of ``lesson``; with ``segments`` and ``video``, also what was rendered."""
    lesson = read_lesson(task.input("lesson").path)
    project = Project(task.documents, lesson.project)
    segments = task.inputs.get("segments", ())
    timing = task.inputs.get("timing", ())
    scenes = []
    for number, planned in enumerate(lesson.scenes):
        scene: dict[str, Any] = {
            "id": planned.id,
            "title": planned.title,
            "sentences": [said.text for said in planned.sentences],
            "scene": task.inputs["scenes"][number].hash,
            "visuals": task.inputs["visuals"][number].hash,
        }
        if number < len(segments):
            scene["segment"] = segments[number].hash
        if number < len(timing):
            scene["duration_s"] = json.loads(timing[number].path.read_bytes())["duration_s"]
        scenes.append(scene)
    names = task.params.asset_names
    assets = [
        {"name": name, "role": "assets", **_of(file)}
        for name, file in zip(names, task.inputs.get("assets", ()), strict=False)
    ]
    for role in ("portrait", "music"):
        assets += [{"name": role, "role": role, **_of(file)} for file in task.inputs.get(role, ())]
    record: dict[str, Any] = {
        "title": lesson.title,
        "author": lesson.author,
        "language": lesson.language,
        "size": list(lesson.size),
        "fps": lesson.fps,
        "scenes": len(scenes),
        "rendered": bool(task.inputs.get("video")),
        "lesson": _of(task.input("source")),
        "warnings": list(lesson.warnings),
    }
    for file in task.inputs.get("video", ()):
        record["video"] = file.hash
        record["duration_s"] = sum(scene.get("duration_s", 0.0) for scene in scenes)
    if not task.params.only:
        project.keep(record, scenes, assets)
    target: Path = task.output("record", ".json")
    # The receipt has the warnings already, from the stage that read the lesson.
    shown = {name: value for name, value in record.items() if name != "warnings"}
    target.write_bytes(as_json({**shown, "project": lesson.project, "scenes": scenes}))
    task.progress(1, 1)
    return {"record": target}


def _of(file: InputFile) -> dict[str, str]:
    return {"sha256": file.hash, "kind": file.kind.value, "suffix": file.path.suffix}
