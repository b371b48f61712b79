"""The stage ``signal.join``: the windows of a signal as one film, and their notes as one.

Invariant: packets are copied, so each picture is the same to the bit; the note is true for all of
the film, and windows that do not agree are refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av

from farm import InputError, Result, Task
from farm.media.source import frame_rate, opened, video_stream
from farm_vision.signals.params import CollectParams

_SUMMED, _LISTED, _LARGEST, _FIRST = ("frames",), ("without_motion",), ("largest",), ("start",)
SCHEMA = "farm.signal/1"


def run(task: Task[CollectParams]) -> Result:
    """Join ``segments`` to ``video`` and ``notes`` to ``scale``."""
    target: Path = task.output("video", ".mkv")
    written = _joined(task, [file.path for file in task.inputs["segments"]], target)
    notes = [json.loads(file.path.read_text("utf-8")) for file in task.inputs.get("notes", ())]
    whole = joined_notes(notes) if notes else {"schema": SCHEMA, "frames": written}
    scale: Path = task.output("scale", ".json")
    scale.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"video": target, "scale": scale}


def joined_notes(notes: list[dict[str, Any]]) -> dict[str, Any]:
    """One note of all windows. Raises InputError when they do not mean the same."""
    whole = dict(notes[0])
    for number, note in enumerate(notes[1:], 2):
        for key, value in note.items():
            if key in _SUMMED or key in _LISTED:
                whole[key] = whole[key] + value
            elif key in _LARGEST:
                whole[key] = max(whole[key], value)
            elif key not in _FIRST and value != whole.get(key):
                raise _differs(f"note {number}", f"{key} {whole.get(key)}", f"{value}")
    return whole


def _joined(task: Task[CollectParams], paths: list[Path], target: Path) -> int:
    count = 0
    form: tuple[Any, ...] = ()
    with av.open(str(target), "w", format="matroska", options={"fflags": "+bitexact"}) as output:
        copy = None
        for number, path in enumerate(paths, 1):
            label = f"segment {number}"
            task.progress(number - 1, len(paths), label)
            with opened(path, label) as container:
                stream = video_stream(container, label)
                context = stream.codec_context
                own = (context.name, context.format, stream.width, stream.height, context.extradata)
                told = f"{own[0]} {stream.width}x{stream.height} {context.pix_fmt}"
                if context.name != "ffv1" or (copy is not None and str(own) != str(form)):
                    raise _differs(label, "FFV1 like segment 1", told)
                if copy is None:
                    copy, form = output.add_stream_from_template(stream), own
                    fps = frame_rate(stream)
                for packet in container.demux(stream):
                    if not packet.size:
                        continue
                    packet.stream, packet.time_base = copy, 1 / fps
                    packet.pts = packet.dts = count
                    packet.duration = 1
                    output.mux(packet)
                    count += 1
                    task.checkpoint()
    return count


def _differs(where: str, expected: str, got: str) -> InputError:
    return InputError(
        "does not go together with those before",
        where=where,
        expected=expected,
        got=got,
        mend="Join the windows of one signal, made with the same parameters.",
        code="signal.mismatch",
    )
