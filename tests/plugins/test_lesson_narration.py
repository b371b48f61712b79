"""Sentences become narrations of whole frames, and a joined film gets its chapters and transcript."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import DirectTask, run_stage, stage_of
from lesson_material import (
    RATE,
    json_of,
    picture,
    samples_of,
    spoken_phones,
    spoken_words,
    tone,
)

import farm_avatar
import farm_finish
from farm import InputError
from farm.media.sound import sound_parts

READ, NARRATE, SOUND, ASSEMBLE, RECORD = (
    stage_of(farm_avatar, f"lesson.{name}")
    for name in ("read", "narrate", "sound", "assemble", "record")
)
JOIN, SEGMENT, TRACK = (
    stage_of(farm_finish, name) for name in ("video.join", "captions.segment", "captions.track")
)
LESSON = """---
intro: {title: Hello, seconds: 1}
pauses: {sentence_s: 0.2, paragraph_s: 0.5, before_s: 0.1, after_s: 0.3}
---
# Light

## Fast
Light is fast. So it is!

Very fast.

## Slow
Light is fast.

```farm
seconds: 3
chapter: false
```

## Over
That was all.
"""
FPS = 25


def narrated(folder: Path, text: str = LESSON, lengths: dict[str, float] | None = None, **left):
    """Read and narrate a lesson whose sentences are tones of given lengths."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lesson.md"
    path.write_text(text, encoding="utf-8")
    made = run_stage(READ, folder / "read", {"lesson": path}, {"short_side": 144})
    inputs = {"lesson": made["lesson"], "speech": [], "words": [], "phones": []}
    for number, utterance in enumerate(made["utterances"]):
        said = json_of(utterance)["text"]
        length_s = (lengths or {}).get(said, 0.5 + 0.0301 * number)
        inputs["speech"].append(tone(folder / f"{number}.flac", length_s, 200 + 40 * number))
        inputs["words"].append(spoken_words(folder / f"{number}.words", said, length_s))
        inputs["phones"].append(spoken_phones(folder / f"{number}.phones", length_s))
    for port in left.get("without", ()):
        del inputs[port]
    return made | {f"told_{k}": v for k, v in run_stage(NARRATE, folder / "out", inputs).items()}


def test_every_narration_is_a_whole_number_of_frames_and_the_film_is_all_of_them(tmp_path):
    made = narrated(tmp_path)
    whole = samples_of(made["told_voice"])
    parts = [samples_of(path) for path in made["told_narration"]]
    assert np.array_equal(np.concatenate(parts), whole)
    for path, part in zip(made["told_timing"], parts, strict=True):
        timing = json_of(path)
        assert len(part) == timing["frames"] * RATE // FPS
        assert timing["duration_s"] == timing["frames"] / FPS
    assert json_of(made["told_timing"][0])["frames"] == FPS  # The card before everything.
    assert json_of(made["told_timing"][2])["frames"] == 3 * FPS


def test_sentences_sound_when_the_timing_says_and_pauses_are_silent(tmp_path):
    made = narrated(tmp_path)
    timing, samples = json_of(made["told_timing"][1]), samples_of(made["told_narration"][1])
    starts = [said["start_s"] for said in timing["sentences"]]
    ends = [said["end_s"] for said in timing["sentences"]]
    assert starts[0] == pytest.approx(0.1)
    assert starts[1] - ends[0] == pytest.approx(0.2, abs=0.001)
    assert starts[2] - ends[1] == pytest.approx(0.5, abs=0.001)
    assert len(samples) / RATE - ends[2] == pytest.approx(0.3, abs=0.041)
    loud = np.abs(samples.astype(np.int32)) > 100
    for start, end in zip(starts, ends, strict=True):
        first, last = np.flatnonzero(loud[round(start * RATE) - 200 : round(end * RATE) + 200])[
            [0, -1]
        ]
        assert abs(first - 200) < 48  # within a millisecond
        assert abs(last - (round(end * RATE) - round(start * RATE) + 199)) < 240
    assert not loud[round(ends[0] * RATE) + 10 : round(starts[1] * RATE)].any()


def test_words_and_phones_are_where_their_sentence_is_and_in_order(tmp_path):
    made = narrated(tmp_path)
    timing, phones = json_of(made["told_timing"][1]), json_of(made["told_phones"][1])
    said = " ".join(word["text"] for word in timing["words"])
    assert said == "Light is fast. So it is! Very fast."
    said = timing["sentences"][1]
    inside = [word for word in timing["words"] if word["text"] in ("So", "it", "is!")]
    assert inside[0]["start_s"] == pytest.approx(said["start_s"], abs=0.002)
    assert inside[-1]["end_s"] == pytest.approx(said["end_s"], abs=0.002)
    edges = [edge for phone in phones["phones"] for edge in (phone["start_s"], phone["end_s"])]
    assert edges == sorted(edges)
    assert phones["length_s"] == timing["duration_s"]
    every = json_of(made["told_words"])
    assert every["words"][0]["start_s"] > 1.0  # After the card.
    assert len(every["words"]) == sum(len(json_of(p)["words"]) for p in made["told_scene_words"])


def test_a_longer_sentence_changes_its_own_scene_only(tmp_path):
    before = narrated(tmp_path / "a")
    after = narrated(tmp_path / "b", lengths={"So it is!": 1.5})
    for port in ("told_narration", "told_timing", "told_phones"):
        same = [
            hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest()
            for one, two in zip(before[port], after[port], strict=True)
        ]
        assert same == [True, False, True, True]


def test_without_words_and_phones_words_share_the_time_of_their_sentence(tmp_path):
    made = narrated(tmp_path, without=("words", "phones"))
    assert "told_phones" not in made or made["told_phones"] == []
    timing = json_of(made["told_timing"][1])
    first = timing["words"][:3]
    assert [word["text"] for word in first] == ["Light", "is", "fast."]
    assert first[0]["end_s"] - first[0]["start_s"] > first[1]["end_s"] - first[1]["start_s"]
    assert first[2]["end_s"] == pytest.approx(timing["sentences"][0]["end_s"], abs=0.002)


def test_speech_of_another_lesson_is_refused(tmp_path):
    made = narrated(tmp_path)
    inputs = {"lesson": made["lesson"], "speech": [tone(tmp_path / "x.flac", 1)]}
    with pytest.raises(InputError, match="another number of sentences"):
        run_stage(NARRATE, tmp_path / "x", inputs)


def segment(path: Path, frames: int, colour: int) -> Path:
    """A scene's pictures: H.264 without sound."""
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"bf": "0", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, FPS)
        for number in range(frames):
            shade = np.full((48, 64, 3), (colour + number) % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def assembled(folder: Path):
    made = narrated(folder)
    frames = [json_of(path)["frames"] for path in made["told_timing"]]
    segments = [segment(folder / f"{n}.mp4", count, 60 * n) for n, count in enumerate(frames)]
    joined = run_stage(JOIN, folder / "join", {"segments": segments})
    sound = run_stage(SOUND, folder / "sound", {"audio": made["told_voice"]})
    cues = run_stage(SEGMENT, folder / "cues", {"words": made["told_words"]})
    tracked = run_stage(TRACK, folder / "track", {"video": joined["video"], "cues": [cues["cues"]]})
    inputs = {"lesson": made["lesson"], "timing": made["told_timing"], "video": tracked["video"]}
    inputs["audio"] = sound["audio"]
    return made, frames, segments, run_stage(ASSEMBLE, folder / "film", inputs)


def test_the_film_is_its_scenes_with_chapters_sound_and_captions(tmp_path):
    made, frames, _, done = assembled(tmp_path)
    with av.open(str(done["video"])) as film:
        chapters = film.chapters()
        pictures = sum(1 for packet in film.demux(film.streams.video[0]) if packet.size)
        assert film.metadata["title"] == "Light"
        kinds = [stream.type for stream in film.streams]
        assert kinds[:3] == ["video", "audio", "subtitle"]
    assert pictures == sum(frames)
    starts = [float(each["start"] * each["time_base"]) for each in chapters]
    assert [each["metadata"]["title"] for each in chapters] == ["Hello", "Fast", "Over"]
    wanted = [0.0, frames[0] / FPS, sum(frames[:3]) / FPS]
    assert starts == pytest.approx(wanted, abs=0.001)
    told = json_of(done["chapters"])["chapters"]
    assert [each["start_s"] for each in told] == pytest.approx(wanted)
    assert told[-1]["end_s"] == sum(frames) / FPS
    text = done["transcript"].read_text("utf-8")
    assert "## Slow" in text
    assert "Light is fast. So it is! Very fast." in text
    # Sound and pictures end together, to the frame, and what is said is heard when it is said.
    spoken = samples_of(made["told_voice"]).astype(np.float64)
    heard = np.concatenate([part.mean(axis=0) for part in sound_parts(done["video"], "film")])
    assert abs(len(heard) - sum(frames) * RATE // FPS) <= 1024
    assert abs(lag(spoken, heard)) <= 48


def lag(one, two) -> int:
    """By how many samples the second sound is later than the first."""
    size = 1 << int(np.ceil(np.log2(len(one) + len(two))))
    product = np.fft.rfft(two, size) * np.conj(np.fft.rfft(one, size))
    best = int(np.argmax(np.fft.irfft(product, size)))
    return best if best < size // 2 else best - size


def test_the_pictures_of_a_scene_are_copied_bit_for_bit(tmp_path):
    _, frames, segments, done = assembled(tmp_path)
    copied = []
    with av.open(str(done["video"])) as film:
        copied = [bytes(packet) for packet in film.demux(film.streams.video[0]) if packet.size]
    with av.open(str(segments[1])) as own:
        scene = [bytes(packet) for packet in own.demux(own.streams.video[0]) if packet.size]
    assert copied[frames[0] + 1 : frames[0] + frames[1]] == scene[1:]


def test_a_film_of_another_length_is_refused(tmp_path):
    made = narrated(tmp_path)
    film = segment(tmp_path / "short.mp4", 30, 0)
    inputs = {"lesson": made["lesson"], "timing": made["told_timing"], "video": film}
    with pytest.raises(InputError, match="not as long as its scenes"):
        run_stage(ASSEMBLE, tmp_path / "film", inputs)


def test_a_project_its_scenes_and_its_assets_are_kept_and_what_went_is_gone(tmp_path):
    from farm_avatar.lesson.projects import Project, projects

    made = narrated(tmp_path)
    image = picture(tmp_path / "a.png")
    task = recorded(tmp_path / "one", tmp_path / "lesson.md", made, {"a.png": image})
    kept = Project(task.documents, "light")
    assert [record["title"] for record in projects(task.documents)] == ["Light"]
    assert [scene["id"] for scene in kept.scenes()] == ["intro", "fast", "slow", "over"]
    assert kept.scenes()[1]["sentences"][1] == "So it is!"
    [asset] = kept.assets()
    assert asset["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    text = LESSON.replace("## Over\nThat was all.\n", "")
    less = narrated(tmp_path / "b", text)
    recorded(tmp_path / "two", tmp_path / "b" / "lesson.md", less, {}, task.documents)
    assert [scene["id"] for scene in kept.scenes()] == ["intro", "fast", "slow"]
    assert kept.assets() == []
    with pytest.raises(InputError, match='Did you mean "light"'):
        Project(task.documents, "ligth").record()


def recorded(folder: Path, source: Path, made, assets, documents=None) -> DirectTask:
    """Run ``lesson.record``; the task with its documents."""
    from direct_task import MemoryDocuments, input_file

    from farm_avatar.lesson.record_stage import run

    class Held(MemoryDocuments):
        def put(self, collection, key, document):
            super().put(collection, key, document)
            if document is None:
                del self._held[collection, key]

    given = {
        "source": [source],
        "lesson": [made["lesson"]],
        "scenes": made["scenes"],
        "visuals": made["visuals"],
        "timing": made["told_timing"],
        "assets": list(assets.values()),
    }
    inputs = {
        port: [input_file(path, RECORD.inputs[port].kind) for path in paths]
        for port, paths in given.items()
    }
    params = RECORD.params(asset_names=tuple(assets))
    task = DirectTask(folder, params, inputs, documents=documents or Held())
    run(task)
    return task
