"""The sound of clips in a lesson: heard where its pictures are seen, and as loud as it was asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from direct_task import DirectTask, input_file, run_stage, stage_of
from lesson_material import RATE, clapper, json_of, picture, spoken_words, tone

import farm_avatar
import farm_finish
from farm import InputError, MediaKind
from farm.media.loudness import LoudnessMeter
from farm.media.sound import sound_parts
from farm_avatar.lesson.overlap import played
from farm_avatar.lesson.read_stage import run as read_lesson

READ = stage_of(farm_avatar, "lesson.read")
KINDS = {".png": MediaKind.IMAGE, ".mp4": MediaKind.VIDEO}
SAID_S = 1.5
HEAD = "# A\n\n"


class Film:
    """A lesson on its way: what each stage made of it, by port."""

    def __init__(
        self, folder: Path, text: str, *files: Path, name: str = "lesson.md", more: Any = None
    ) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        source = folder / name
        source.write_text(text, encoding="utf-8")
        params = READ.params(
            short_side=144, name=name, asset_names=tuple(file.name for file in files)
        )
        assets = [input_file(file, KINDS[file.suffix]) for file in files]
        inputs = {"lesson": [input_file(source, MediaKind.TEXT)], "assets": assets, **(more or {})}
        self.read: Any = read_lesson(DirectTask(folder / "read", params, inputs))
        said = [json_of(path)["text"] for path in self.read["utterances"]]
        speech = [tone(folder / f"{n}.flac", SAID_S, 220.0) for n in range(len(said))]
        words = [spoken_words(folder / f"{n}.w", text, SAID_S) for n, text in enumerate(said)]
        told = {"lesson": self.read["lesson"], "speech": speech, "words": words}
        self.told: Any = run_stage(stage_of(farm_avatar, "lesson.narrate"), folder / "told", told)
        self.heard = [self._scene("lesson.listen", n) for n in range(len(self.read["scenes"]))]
        ways = {port: [each[port] for each in self.heard] for port in ("under", "full", "heard")}
        level = stage_of(farm_avatar, "lesson.level")
        self.level = run_stage(level, folder / "level", {"voice": self.told["voice"], **ways})

    def _scene(self, capability: str, number: int, *but: str) -> dict[str, Path]:
        given = {
            "scene": self.read["scenes"][number],
            "clips": self.read["clips"][number],
            "visuals": self.read["visuals"][number],
            "timing": self.told["timing"][number],
        }
        stage = stage_of(farm_avatar, capability)
        inputs = {port: path for port, path in given.items() if port not in but}
        return run_stage(stage, self.folder / f"{capability}-{number}", inputs)

    def segment(self, number: int = 0) -> Path:
        """The pictures of a scene."""
        return self._scene("lesson.compose", number, "clips")["segment"]

    def mixed(self) -> Path:
        """The mix, as the pipeline makes it without music."""
        voices = [self.told["voice"], *([self.level["full"]] if "full" in self.level else [])]
        inputs: dict[str, Any] = {"voice": voices}
        if "under" in self.level:
            inputs["effects"] = self.level["under"]
        mix = stage_of(farm_finish, "audio.mix")
        params = {"duck": ["music", "effects"], "music_loop": True}
        return run_stage(mix, self.folder / "mix", inputs, params)["audio"]

    def mastered(self) -> dict[str, Path]:
        """The film's sound, and the report about it."""
        master = stage_of(farm_finish, "audio.master")
        given = {"audio": self.mixed()}
        return run_stage(master, self.folder / "master", given, {"true_peak_db": -1.5})

    @property
    def spoken(self) -> list[tuple[float, float]]:
        """When somebody speaks in the first scene, seconds."""
        said = json_of(self.told["timing"][0])["sentences"]
        return [(each["start_s"], each["end_s"]) for each in said]


def sound_of(path: Path) -> np.ndarray[Any, Any]:
    """Samples (2, n)."""
    return np.concatenate(list(sound_parts(path, path.name)), axis=1)


def hum(sound: np.ndarray[Any, Any], pitch_hz: float = 1000.0) -> np.ndarray[Any, Any]:
    """Amplitude of a tone at every millisecond, over 10 ms, by correlation with it."""
    moments = np.arange(sound.shape[1]) / RATE
    turned = sound.mean(axis=0) * np.exp(-2j * np.pi * pitch_hz * moments)
    window = np.ones(480) / 480
    return 2 * np.abs(np.convolve(turned, window, "same"))[::48]


def edges(level: np.ndarray[Any, Any]) -> list[tuple[float, float]]:
    """From when to when it is above half of its usual height, seconds."""
    on = np.concatenate([[False], level > 0.5 * np.percentile(level, 98), [False]])
    turns = np.flatnonzero(np.diff(on.astype(int))) / 1000
    return [
        (float(begin), float(end))
        for begin, end in zip(turns[::2], turns[1::2], strict=True)
        if end - begin > 0.02
    ]


def white(path: Path) -> list[tuple[float, float]]:
    """From when to when the middle of a film's stage is white, seconds; 25 frames/s."""
    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
    high, wide = frames[0].shape
    part = [frame[high // 4 : high // 3, wide // 3 : wide * 2 // 3].mean() for frame in frames]
    on = np.concatenate([[False], np.array(part) > 160, [False]])
    turns = np.flatnonzero(np.diff(on.astype(int))) / 25
    return list(zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True))


def decibels(ratio: float) -> float:
    return float(20 * np.log10(ratio))


def loudness(sound: np.ndarray[Any, Any]) -> float:
    meter = LoudnessMeter()
    meter.feed(np.ascontiguousarray(sound, np.float32))
    return meter.loudness().integrated


def test_a_clip_is_heard_from_the_moment_it_is_seen_to_its_end_and_gives_way_to_speech(tmp_path):
    clip = clapper(tmp_path / "clip.mp4", 8.0, ((0.0, 8.0),))
    one = picture(tmp_path / "one.png")
    text = (
        f"{HEAD}![one](one.png)\nFirst of all.\n\n![clip](clip.mp4#t=2,6.5) Look at this.\n\n"
        "[pause 5]\n\nAnd on it goes.\n"
    )
    film = Film(tmp_path / "film", text, one, clip)
    [_, second, third] = film.spoken
    [said] = json_of(film.heard[0]["heard"])["heard"]
    assert (said["visual"], said["sound"], said["pieces"]) == (2, "under", 1)
    mixed = sound_of(film.mixed())
    assert mixed.shape[1] == sound_of(film.told["voice"]).shape[1]
    level = hum(mixed)
    # Under the narration: it begins with its picture, is 12 dB softer while somebody speaks than in the
    # silence after that, and ends with its last picture (4.5 s of it are shown).
    begin_s, end_s = second[0], second[0] + 4.5
    assert said["at_s"] == pytest.approx(begin_s, abs=0.002)
    assert said["until_s"] == pytest.approx(end_s, abs=0.002)
    [(from_s, until_s)] = edges(hum(sound_of(film.level["under"])))
    assert (from_s, until_s) == (pytest.approx(begin_s, abs=0.02), pytest.approx(end_s, abs=0.02))
    speaking = np.median(level[round(second[0] * 1000) + 300 : round(second[1] * 1000) - 50])
    alone = np.median(level[round(end_s * 1000) - 400 : round(end_s * 1000) - 50])
    assert decibels(alone / speaking) == pytest.approx(12, abs=1)
    under = sound_of(film.level["under"])
    assert np.abs(under[:, : round(begin_s * RATE) - 2]).max() == 0
    assert np.abs(under[:, round(end_s * RATE) + 2 :]).max() == 0
    assert third[0] > end_s
    # Alone it is 8 dB softer than the narration.
    voice = sound_of(film.told["voice"])
    kept = sound_of(film.level["under"])[:, round(begin_s * RATE) : round(end_s * RATE)]
    assert loudness(kept) - loudness(voice) == pytest.approx(-8, abs=0.3)


def test_a_quotation_in_full_is_as_loud_as_the_narration_and_the_film_keeps_its_loudness(tmp_path):
    clip = clapper(tmp_path / "clip.mp4", 4.0, ((0.0, 4.0),), level=0.1)
    text = f"{HEAD}Hear him.\n\n## B\n\n![him](clip.mp4#t=0,3)\n\n```farm\nsound: full\n```\n"
    film = Film(tmp_path / "film", text, clip)
    assert "under" not in film.level
    mixed = sound_of(film.mixed())
    begin = sound_of(film.told["narration"][0]).shape[1]
    voice = loudness(sound_of(film.told["voice"]))
    assert loudness(mixed[:, begin:]) == pytest.approx(voice, abs=0.5)
    [(from_s, until_s)] = edges(hum(mixed))
    assert from_s == pytest.approx(begin / RATE, abs=0.02)
    assert until_s == pytest.approx(begin / RATE + 3, abs=0.02)
    mastered = film.mastered()
    after = json_of(mastered["report"])["after"]
    assert after["integrated_lufs"] == pytest.approx(-16, abs=0.2)
    assert after["true_peak_dbtp"] <= -1.5


@pytest.mark.parametrize(
    ("directives", "target"),
    [
        ("", "clip.mp4"),
        ("", "clip.mp4#t=0.6,2.6"),
        ("speed: 1.5", "clip.mp4#t=0.2"),
        ("on_end: loop", "clip.mp4#t=0.4,1.9"),
        ("kind: screen\nzoom: false\ndead_air: false", "clip.mp4#t=0.6"),
    ],
)
def test_what_is_heard_is_heard_with_its_own_picture(tmp_path, directives, target):
    clip = clapper(tmp_path / "clip.mp4", 3.0, ((1.0, 1.4), (2.0, 2.3)))
    text = (
        f"{HEAD}![c]({target})\n\n```farm\n{directives}\nsound: full\nseconds: 5\n```\nSo it is.\n"
    )
    film = Film(tmp_path / "film", text, clip)
    seen = white(film.segment())
    heard = edges(hum(sound_of(film.level["full"])))
    assert len(seen) == len(heard) >= (3 if "loop" in directives else 2)
    for (seen_s, gone_s), (from_s, until_s) in zip(seen, heard, strict=True):
        # A picture is up to a frame late.
        assert -0.02 < seen_s - from_s < 0.06
        assert -0.02 < gone_s - until_s < 0.06
    if directives == "speed: 1.5":
        assert heard[0][1] - heard[0][0] == pytest.approx(0.4 / 1.5, abs=0.03)


def test_a_recording_whose_dead_air_is_cut_is_cut_in_its_sound_too(tmp_path):
    clip = tmp_path / "screen.mp4"
    clapper(clip, 7.0, ((0.2, 1.0), (5.0, 6.0)))
    still = tmp_path / "still.mp4"
    _stand_still(clip, still)
    fields = "kind: screen\nzoom: false\nsound: under\nseconds: 6"
    text = f"{HEAD}![c](still.mp4)\n\n```farm\n{fields}\n```\nSo.\n"
    film = Film(tmp_path / "film", text, still)
    record = json_of(film.heard[0]["heard"])
    assert record["heard"][0]["pieces"] > 1
    assert any(warning.startswith("sound-cut: ") for warning in record["warnings"])
    seen, heard = white(film.segment()), edges(hum(sound_of(film.level["under"])))
    assert [begin for begin, _ in heard] == pytest.approx([begin for begin, _ in seen], abs=0.06)
    # With all of its sound wanted, nothing is left out unless the author says so.
    whole = Film(tmp_path / "whole", text.replace("sound: under", "sound: full"), still)
    [first, second] = edges(hum(sound_of(whole.level["full"])))
    assert second[0] - first[0] == pytest.approx(4.8, abs=0.03)


def _stand_still(source: Path, target: Path) -> None:
    """The same film without the thing that always moves."""
    with av.open(str(source)) as given, av.open(str(target), "w", format="mp4") as out:
        video = out.add_stream("libx264", rate=25, options={"crf": "20", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        sound = out.add_stream_from_template(given.streams.audio[0])
        for frame in given.decode(video=0):
            plain = np.full((90, 160, 3), 255 if frame.to_ndarray(format="gray")[:20].mean() > 128
                            else 0, np.uint8)  # fmt: skip
            out.mux(video.encode(av.VideoFrame.from_ndarray(plain, format="rgb24")))
        out.mux(video.encode(None))
        given.seek(0)
        for packet in given.demux(audio=0):
            if packet.size:
                packet.stream = sound
                out.mux(packet)


def test_off_means_silence_in_markdown_and_in_yaml_and_a_gain_is_what_it_says(tmp_path):
    clip = clapper(tmp_path / "clip.mp4", 3.0, ((0.0, 3.0),))
    written = f"{HEAD}![c](clip.mp4)\nLook at this.\n\n```farm\nsound: off\n```\n"
    yaml = (
        "title: A\nscenes:\n- title: A\n  narration: Look at this.\n"
        "  show: {{file: clip.mp4, {}}}\n"
    )
    for name, text in (("lesson.md", written), ("lesson.yaml", yaml.format("sound: off"))):
        film = Film(tmp_path / name.replace(".", "-"), text, clip, name=name)
        assert "under" not in film.level and "full" not in film.level
        assert np.abs(sound_of(film.heard[0]["under"])).max() == 0
        assert np.array_equal(sound_of(film.mixed()), sound_of(film.told["voice"]))
    levels = []
    for gain in ("sound: under", "sound_db: -6", "sound: full, sound_db: 3"):
        film = Film(tmp_path / f"gain{len(levels)}", yaml.format(gain), clip, name="lesson.yaml")
        way = "full" if "full" in gain else "under"
        levels.append(decibels(np.median(hum(sound_of(film.level[way]))[100:900])))
    assert levels[1] - levels[0] == pytest.approx(-6, abs=0.05)
    assert levels[2] - levels[0] == pytest.approx(8 + 3, abs=0.05)


def test_a_sound_that_is_not_there_is_warned_of_and_one_of_a_picture_refused(tmp_path):
    mute, one = clapper(tmp_path / "mute.mp4", 1.0, sound_s=0), picture(tmp_path / "one.png")
    text = f"{HEAD}![c](mute.mp4)\nLook.\n"
    plain = Film(tmp_path / "plain", text, mute)
    assert json_of(plain.read["lesson"])["warnings"] == []
    asked = Film(tmp_path / "asked", f"{text}\n```farm\nsound: full\n```\n", mute)
    [warning] = json_of(asked.read["lesson"])["warnings"]
    assert warning.startswith('no-sound: lesson.md, line 3: "mute.mp4" has no sound of its own')
    assert "full" not in asked.level
    with pytest.raises(InputError, match="line 3, sound: has no sound that could be heard"):
        Film(tmp_path / "still", f"{HEAD}![c](one.png)\nLook.\n\n```farm\nsound: under\n```\n", one)
    with pytest.raises(InputError, match="is none of the choices"):
        Film(tmp_path / "loud", f"{text}\n```farm\nsound: loud\n```\n", mute)
    silent = clapper(tmp_path / "silent.mp4", 1.0, ((0.0, 0.0),))
    quiet = Film(
        tmp_path / "quiet", f"{HEAD}![c](silent.mp4)\nLook.\n\n```farm\nsound: full\n```\n", silent
    )
    assert json_of(quiet.heard[0]["heard"])["warnings"][0].startswith(
        'no-sound: "silent.mp4" in "A"'
    )


def test_a_clip_that_is_too_soft_or_too_fast_is_warned_of(tmp_path):
    clip = clapper(tmp_path / "clip.mp4", 3.0, ((0.0, 3.0),), level=0.01)
    text = f"{HEAD}![c](clip.mp4)\nLook.\n\n```farm\nsound: full\n```\n"
    soft = Film(tmp_path / "soft", text, clip)
    [warning] = json_of(soft.heard[0]["heard"])["warnings"]
    assert warning.startswith('soft-sound: "clip.mp4" in "A" is so soft (-40 LUFS)')
    kept = loudness(sound_of(soft.level["full"])) - loudness(sound_of(soft.told["voice"]))
    assert kept == pytest.approx(-40 + 23 + 6, abs=0.7)
    fast = Film(tmp_path / "fast", text.replace("sound: full", "sound: full\nspeed: 4"), clip)
    [warning] = json_of(fast.heard[0]["heard"])["warnings"]
    assert warning.startswith('too-fast: "clip.mp4" in "A" is played at 4 times its speed')
    assert "full" not in fast.level


def test_a_clip_behind_a_chapters_card_or_a_presenter_in_full_is_not_heard(tmp_path):
    clip = clapper(tmp_path / "clip.mp4", 4.0, ((0.0, 4.0),))
    card = f"{HEAD}![c](clip.mp4)\nLook.\n\n```farm\ncard: true\nseconds: 5\n```\n"
    film = Film(tmp_path / "card", card, clip)
    [(begin_s, end_s)] = edges(hum(sound_of(film.level["under"])))
    assert (begin_s, end_s) == (pytest.approx(2, abs=0.02), pytest.approx(4, abs=0.02))
    portrait = {"portrait": [input_file(picture(tmp_path / "face.png"), MediaKind.IMAGE)]}
    full = Film(tmp_path / "full", f"{HEAD}![c](clip.mp4)\nLook.\n\n```farm\npresenter: full\n```\n",
                clip, more=portrait)  # fmt: skip
    assert "under" not in full.level


def test_sound_that_begins_before_the_pictures_of_its_file_stays_with_them(tmp_path):
    early = clapper(tmp_path / "early.mp4", 3.0, ((1.0, 1.5),))
    late = tmp_path / "late.mp4"
    with av.open(str(early)) as given, av.open(str(late), "w") as out:
        ways = {s.index: out.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.size:
                if packet.stream.type == "video":
                    packet.pts += round(0.4 / packet.time_base)
                    packet.dts += round(0.4 / packet.time_base)
                packet.stream = ways[packet.stream.index]
                out.mux(packet)
    film = Film(
        tmp_path / "film", f"{HEAD}![c](late.mp4)\nLook.\n\n```farm\nseconds: 4\n```\n", late
    )
    [(seen_s, _)], [(heard_s, _)] = white(film.segment()), edges(hum(sound_of(film.level["under"])))
    assert (seen_s, heard_s) == (pytest.approx(1.0, abs=0.05), pytest.approx(0.6, abs=0.02))


def test_a_turned_down_sound_draws_no_picture_again_and_another_scene_is_not_listened_to(tmp_path):
    clip = clapper(tmp_path / "clip.mp4", 2.0)
    text = (
        f"{HEAD}![c](clip.mp4)\nLook.\n\n## B\n\n![c](clip.mp4)\nSo.\n\n```farm\nsound_db: 0\n```\n"
    )
    one = Film(tmp_path / "one", text, clip)
    two = Film(tmp_path / "two", text.replace("sound_db: 0", "sound_db: -3"), clip)

    def files(film: Film, port: str) -> list[bytes]:
        return [path.read_bytes() for path in film.read[port]]

    for port in ("scenes", "visuals", "presence", "utterances"):
        assert files(one, port) == files(two, port)
    first, second = zip(files(one, "clips"), files(two, "clips"), strict=True)
    assert first[0] == first[1] and second[0] != second[1]
    assert [each["full"].read_bytes() for each in one.heard] == [
        each["full"].read_bytes() for each in two.heard
    ]


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_sound_at_another_speed_keeps_its_pitch_and_its_moments(speed):
    moments = np.arange(4 * RATE) / RATE
    on = (moments % 1) < 0.5
    source = np.stack([0.3 * np.sin(2 * np.pi * 700 * moments) * on] * 2, axis=1)
    count = round(len(source) / speed)
    made = np.concatenate(list(played(source.astype(np.float32), 0, speed, count)))
    assert made.shape == (count, 2)
    heard = edges(hum(made.T, 700.0))
    assert [begin for begin, _ in heard] == pytest.approx(
        [n / speed for n in range(4)], abs=0.02
    )  # fmt: skip
    steady = np.percentile(hum(made.T, 700.0), 50 if speed > 1 else 60)
    assert steady < 0.33
    spectrum = np.abs(np.fft.rfft(made[:, 0] * np.hanning(count)))
    assert np.argmax(spectrum) * RATE / count == pytest.approx(700, abs=5)
