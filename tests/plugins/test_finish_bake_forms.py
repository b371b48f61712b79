"""Timelines in every form they come in, and what is refused of them before a picture is made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import pytest
from cut_material import bake, cut, film, frames, numbers, planned, sound
from direct_task import run_stage, stage_of
from PIL import Image

import farm_finish
from farm import InputError, MissingExtra
from farm_finish.timeline import document
from farm_finish.timeline.planning import read_plan

EDL = """TITLE: Cut
FCM: NON-DROP FRAME

001  AX       V     C        00:00:00:05 00:00:01:05 01:00:00:00 01:00:01:00
* FROM CLIP NAME: a.mp4
002  AX       V     C        00:00:01:05 00:00:01:05 01:00:01:00 01:00:01:00
* FROM CLIP NAME: a.mp4
002  AX       V     D    010 00:00:00:10 00:00:01:20 01:00:01:00 01:00:02:10
* FROM CLIP NAME: a.mp4
* TO CLIP NAME: b.mp4
003  AX       V     C        00:00:00:00 00:00:01:00 01:00:02:15 01:00:03:15
* FROM CLIP NAME: c.mp4
004  AX       AA    C        00:00:00:05 00:00:01:05 01:00:00:00 01:00:01:00
* FROM CLIP NAME: a.mp4
"""
PLAIN = cut(
    fps=25,
    sound=False,
    video=[
        {
            "clips": [
                {"media": "a.mp4", "in": 5, "out": 30},
                {"dissolve": 10, "before": 0},
                {"media": "b.mp4", "in": 10, "out": 45},
                {"gap": 5},
                {"media": "c.mp4", "in": 0, "out": 25},
            ]
        }
    ],
    audio=[{"clips": [{"media": "a.mp4", "in": 5, "out": 30}]}],
)
_FILE = """<file id="{name}"><name>{name}.mp4</name><pathurl>file:///cuts/{name}.mp4</pathurl>
<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate><duration>60</duration>
<media><video/><audio/></media></file>"""
_CLIP = """<clipitem id="{id}"><name>{name}</name><duration>60</duration>
<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>
<start>{start}</start><end>{end}</end><in>{first}</in><out>{last}</out>{file}{more}</clipitem>"""


def xml_clip(
    id: str, name: str, start: int, end: int, first: int, last: int, more: str = ""
) -> str:
    file = _FILE.format(name=name)
    return _CLIP.format(
        id=id, name=name, start=start, end=end, first=first, last=last, file=file, more=more
    )


def xml_cut(*video: str, audio: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE xmeml><xmeml version="4">
<sequence id="s"><name>Cut</name><duration>90</duration>
<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate><media>
<video><format/><track>{"".join(video)}</track></video>
<audio><track>{audio}</track><track>{audio.replace('id="x', 'id="y')}</track></audio>
</media></sequence></xmeml>"""


_DISSOLVE = """<transitionitem><start>25</start><end>35</end><alignment>start</alignment>
<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>
<effect><name>{name}</name><effectid>{name}</effectid><effecttype>transition</effecttype></effect>
</transitionitem>"""
XML = xml_cut(
    xml_clip("v1", "a", 0, -1, 5, 40),
    _DISSOLVE.format(name="Cross Dissolve"),
    xml_clip("v2", "b", -1, 60, 10, 45),
    xml_clip("v3", "c", 65, 90, 0, 25),
    audio=xml_clip("x1", "a", 0, 25, 5, 30),
)


def otio_cut(speed: float | None = None, effect: str = "") -> str:
    import opentimelineio as otio

    def at(begin: float, length: float):
        time = otio.opentime.RationalTime
        return otio.opentime.TimeRange(time(begin, 25), time(length, 25))

    def clip(name: str, begin: int, length: int):
        # Media whose time code begins at 10:00:00:00.
        url = f"file:///cuts/{name}.mp4"
        reference = otio.schema.ExternalReference(url, at(900_000, 60))
        return otio.schema.Clip(name, reference, at(900_000 + begin, length))

    time = otio.opentime.RationalTime
    track, heard = otio.schema.Track("V1", kind="Video"), otio.schema.Track("A1", kind="Audio")
    first = clip("a", 5, 25)
    if speed is not None:
        first.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    if effect:
        first.effects.append(otio.schema.Effect(effect_name=effect))
    change = otio.schema.Transition("x", "SMPTE_Dissolve", time(0, 25), time(10, 25))
    gap = otio.schema.Gap(source_range=at(0, 5))
    track.extend([first, change, clip("b", 10, 35), gap, clip("c", 0, 25)])
    heard.append(clip("a", 5, 25))
    timeline = otio.schema.Timeline("Cut")
    timeline.tracks.extend([track, heard])
    return otio.adapters.write_to_string(timeline, "otio_json")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("media")
    return [
        film(folder / "a.mp4", tone_hz=440),
        film(folder / "b.mp4", hue=30),
        film(folder / "c.mp4", hue=-30),
        sound(folder / "s.wav", 2, 500),
    ]


def written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_form_of_a_cut_gives_the_same_film(media, tmp_path):
    forms: dict[str, Path | dict] = {
        "plain": PLAIN,
        "json": written(tmp_path, "cut.json", json.dumps(PLAIN)),
        "edl": written(tmp_path, "cut.edl", EDL),
        "xml": written(tmp_path, "cut.xml", XML),
        "otio": written(tmp_path, "cut.otio", otio_cut()),
    }
    films = {name: bake(tmp_path / name, form, media) for name, form in forms.items()}
    told = numbers(films["plain"].video)
    assert (told[:25], told[35:60], told[65:]) == ([*range(5, 30)], [*range(20, 45)], [*range(25)])
    made = {name: baked.video.read_bytes() for name, baked in films.items()}
    for name, data in made.items():
        assert data == made["plain"], name
    assert films["edl"].copied


def test_a_speed_change_of_opentimelineio_keeps_the_length_of_its_clip(media, tmp_path):
    cut_twice = written(tmp_path, "cut.otio", otio_cut(speed=1.5))
    baked = bake(tmp_path / "out", cut_twice, media)
    assert numbers(baked.video)[:25] == [5 + n * 3 // 2 for n in range(25)]
    assert len(frames(baked.video)) == 90


def test_a_wipe_of_an_edl_is_a_wipe_though_the_adapter_drops_it(media, tmp_path):
    wiped = written(tmp_path, "cut.edl", EDL.replace("D    010", "W001 010"))
    timeline = read_plan(planned(tmp_path / "out", wiped, media)).timeline
    (change,) = timeline.layers[0].changes
    assert (change.kind, change.direction, change.at, change.length) == ("wipe", "right", 25, 10)


def test_source_time_codes_count_from_that_of_the_film(media, tmp_path):
    source = tmp_path / "tc.mov"
    with av.open(str(media[0])) as given, av.open(str(source), "w") as out:
        track = out.add_stream_from_template(given.streams.video[0])
        track.metadata["timecode"] = "10:00:00:00"
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    edl = EDL.split("002")[0].replace("a.mp4", "tc.mov").replace(" 00:00:0", " 10:00:0")
    baked = bake(tmp_path / "out", written(tmp_path, "cut.edl", edl), [source])
    assert numbers(baked.video) == [*range(5, 30)]


def test_audio_levels_and_scale_of_fcp_xml_are_kept(media, tmp_path):
    level = """<filter><effect><name>Audio Levels</name><effectid>audiolevels</effectid>
<parameter><parameterid>level</parameterid><value>0.5</value></parameter></effect></filter>"""
    scale = """<filter><effect><name>Basic Motion</name><effectid>basic</effectid>
<parameter><parameterid>scale</parameterid><value>50</value></parameter>
<parameter><parameterid>rotation</parameterid><value>0</value></parameter></effect></filter>"""
    text = xml_cut(
        xml_clip("v1", "a", 0, 25, 5, 30, scale), audio=xml_clip("x1", "a", 0, 25, 5, 30, level)
    )
    timeline = read_plan(planned(tmp_path, written(tmp_path, "c.xml", text), media)).timeline
    assert timeline.layers[0].items[0].scale == 0.5
    (heard,) = timeline.heard
    assert heard.gain_db == pytest.approx(-6.02, abs=0.01)


def test_the_example_of_the_documentation_can_be_baked(media, tmp_path):
    page = (Path(farm_finish.__file__).parent / "README.md").read_text(encoding="utf-8")
    example = page.partition("## Timeline")[2].partition("```yaml\n")[2].partition("```")[0]
    assert example
    written(tmp_path, "cut.yaml", example.replace("song.flac", "song.wav"))
    Image.new("RGBA", (64, 64), (255, 0, 0, 128)).save(tmp_path / "logo.png")
    files = [
        film(tmp_path / "beach.mp4", 260),
        film(tmp_path / "town.mp4", 200, tone_hz=300),
        sound(tmp_path / "talk.wav", 9, 700),
        sound(tmp_path / "song.wav", 9, 200),
        tmp_path / "logo.png",
    ]
    bake = read_plan(planned(tmp_path / "out", tmp_path / "cut.yaml", files, {"names": []}))
    timeline = bake.timeline
    assert timeline.length == 100 + 100 + 50
    assert [one.role for one in timeline.heard] == ["video", "voice", "music"]
    assert [layer.items[0].form for layer in timeline.layers] == ["shot", "shot"]


def test_every_field_of_the_plain_form_is_documented():
    page = (Path(farm_finish.__file__).parent / "README.md").read_text(encoding="utf-8")
    section = page.partition("## Timeline")[2]
    models = [one for one in vars(document).values() if isinstance(one, type)]
    fields = {
        field.alias or name
        for one in models
        if issubclass(one, document.Strict)
        for name, field in one.model_fields.items()
    }
    assert len(fields) > 40
    assert [name for name in sorted(fields) if name not in section] == []


# --- refusals -------------------------------------------------------------------------------------


def track(*items) -> list:
    return [{"clips": list(items)}]


A = {"media": "a.mp4", "in": 5, "out": 30}
LATE = {"dissolve": 16, "before": 4}


@pytest.mark.parametrize(
    ("timeline", "code"),
    [
        (cut(video=track({"media": "gone.mp4"})), "timeline.missing-media"),
        (cut(video=track({**A, "out": 61})), "timeline.beyond-media"),
        (cut(video=track({**A, "in": 60, "out": 61})), "timeline.beyond-media"),
        (cut(video=track({**A, "in": -1})), "timeline.before-media"),
        (cut(video=track({**A, "in": 31})), "timeline.reversed-range"),
        (cut(video=track({**A, "in": 30})), "timeline.reversed-range"),
        (cut(video=track({**A, "speed": -1})), "timeline.reversed"),
        (cut(video=track({**A, "speed": 0})), "timeline.speed"),
        (cut(video=track({**A, "speed": 3})), "timeline.off-grid"),
        (cut(video=track({**A, "length": 5})), "timeline.twice"),
        (cut(video=track(A, {**A, "at": 10})), "timeline.overlap"),
        (cut(video=track({"gap": -3}, A)), "timeline.bad-length"),
        (cut(video=track({"gap": 0}, A)), "timeline.bad-length"),
        (cut(video=track({"gap": "0.03s"}, A)), "timeline.off-grid"),
        (cut(video=track({"gap": "soon"}, A)), "timeline.bad-time"),
        (cut(video=track({"gap": "00:00:00:30"}, A)), "timeline.bad-time"),
        (cut(video=track({**A, "fade_in": 20, "fade_out": 6})), "timeline.fades"),
        (cut(video=track({**A, "reverse": True})), "timeline.malformed"),
        (cut(fps=25, size="64x64", video=track({"media": "s.wav"})), "timeline.no-pictures"),
        (cut(video=track(A), audio=track({"media": "b.mp4", "out": 9})), "timeline.no-sound"),
        (cut(video=track(A), audio=track({"media": "s.wav", "out": 60})), "timeline.beyond-media"),
        (
            cut(video=track(A), audio=track(*[{"media": "s.wav", "out": 9, "at": 3}] * 2)),
            "timeline.overlap",
        ),
        (cut(video=track({"dissolve": 4}, {"gap": 4}, A)), "timeline.lonely-change"),
        (cut(video=track(A, {"dissolve": 4}, {"wipe": 4}, A)), "timeline.lonely-change"),
        (cut(video=track({"media": "a.mp4"}, {"dissolve": 8}, A)), "timeline.handles"),
        (
            cut(video=track(A, LATE, {**A, "in": 10, "out": 20}, {"dissolve": 16}, {**A, "in": 20})),
            "timeline.changes-overlap",
        ),
        (cut(video=track({**A, "sound": {"lead": 6}})), "timeline.lead"),
        (cut(video=[]), "timeline.no-frame"),
        (cut(fps=25, size="64x64", video=[]), "timeline.length"),
        (cut(fps="0/0", video=track(A)), "timeline.bad-rate"),
        (cut(fps=24, video=track(A)), "timeline.wrong-rate"),
        (cut(size="63x64", video=track(A)), "timeline.bad-size"),
        (cut(video=track({"title": "漢字", "length": 5}, A)), "timeline.title-letter"),
        (cut(video=track({"title": "Long word " * 40, "length": 5}, A)), "timeline.title-size"),
        ({"clips": []}, "timeline.not-plain"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place_and_a_mend(media, tmp_path, timeline, code):
    with pytest.raises(InputError) as refused:
        planned(tmp_path, timeline, media)
    assert refused.value.code == code
    assert refused.value.where and refused.value.mend


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("e.otio", lambda: otio_cut(effect="Blur"), "Blur"),
        ("r.otio", lambda: otio_cut(speed=-1.0), "backwards"),
        ("k.edl", lambda: EDL.replace("D    010", "W042 010"), "W042"),
        ("k.edl", lambda: EDL.replace("D    010", "KB   010"), "KB"),
        ("f.edl", lambda: EDL + "* EFFECT NAME: GAUSSIAN BLUR\n", "GAUSSIAN BLUR"),
        ("w.xml", lambda: XML.replace("Cross Dissolve", "Page Peel"), "page peel|Page Peel"),
        ("b.xml", lambda: "<xmeml><broken", "cannot be read"),
        ("b.otio", lambda: '{"OTIO_SCHEMA": "Timeline.1", "tracks": 7}', "timeline"),
        ("n.yaml", lambda: "farm_timeline: [", "cannot be read"),
    ],
)
def test_what_is_not_made_is_refused_by_its_name(media, tmp_path, name, text, told):
    with pytest.raises(InputError, match=told):
        planned(tmp_path, written(tmp_path, name, text()), media)


def test_a_field_that_is_wrong_is_named_as_it_stands_in_the_document(media, tmp_path):
    with pytest.raises(InputError) as refused:
        planned(tmp_path, cut(video=track(A, {**A, "opacity": 2})), media)
    assert refused.value.where == "video[0].clips[1].opacity"


def test_an_edl_without_a_rate_is_refused_or_takes_that_of_the_job(media, tmp_path):
    path = written(tmp_path, "cut.edl", EDL)
    with pytest.raises(InputError) as refused:
        planned(tmp_path / "a", path, [], {"names": []})
    assert refused.value.code == "timeline.no-rate"
    with pytest.raises(InputError) as refused:
        planned(tmp_path / "b", path, media, {"fps": "24"})
    assert refused.value.code == "timeline.wrong-rate"


def test_media_are_found_by_name_number_hash_and_folder(media, tmp_path):
    (tmp_path / "other").mkdir()
    twin = film(tmp_path / "other" / "a.mp4", 30, hue=50)
    files = [media[0], twin]

    def used(timeline: dict, names: list[str]) -> int:
        plan = planned(tmp_path / "plan", timeline, files, {"names": names})
        return read_plan(plan).timeline.sources[0].file

    both = ["one/a.mp4", "two/a.mp4"]
    assert used(cut(video=track({"media": "two/a.mp4"})), both) == 1
    assert used(cut(video=track({"media": "file:///x/one/a.mp4"})), ["a.mp4", "b.mp4"]) == 0
    assert used(cut(media=["x", "y"], video=track({"media": "y"})), []) == 1
    assert used(cut(media={"y": {"file": 2}}, video=track({"media": "y"})), []) == 1
    # Names of files go before a list that has one of them; one that has none counts the files.
    listed = ["a.mp4", "b.mp4"]
    assert used(cut(media=listed, video=track({"media": "b.mp4"})), ["b.mp4", "a.mp4"]) == 0
    assert used(cut(media=["x", "y"], video=track({"media": "y"})), listed) == 1
    with pytest.raises(InputError) as refused:
        used(cut(media=listed, video=track({"media": "b.mp4"})), ["a.mp4", "c.mp4"])
    assert refused.value.code == "timeline.missing-media"
    accent = cut(video=track({"media": "Se\u0301ance.mp4"}))
    assert used(accent, ["a.mp4", "S\u00e9ance.mp4"]) == 1
    with pytest.raises(InputError) as refused:
        used(cut(video=track({"media": "a.mp4"})), both)
    assert refused.value.code == "timeline.ambiguous-media"
    with pytest.raises(InputError, match="more names than media"):
        used(cut(video=track({"media": "a.mp4"})), ["a", "b", "c"])


def test_a_film_of_uneven_rate_names_what_mends_it(tmp_path):
    source = tmp_path / "uneven.mkv"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for pts in (0, 1, 2, 5, 6):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = pts
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match=r"media\.normalise"):
        planned(tmp_path / "p", cut(video=track({"media": "uneven.mkv"})), [source])


def test_segments_of_another_plan_are_refused(media, tmp_path):
    baked = bake(tmp_path, cut(video=track(A)), media)
    join = stage_of(farm_finish, "timeline.join")
    inputs = {"plan": baked.plan_file, "media": media, "segments": [media[0]]}
    with pytest.raises(InputError) as refused:
        run_stage(join, tmp_path / "j", inputs)
    assert refused.value.code == "timeline.segments"


def test_without_opentimelineio_the_plain_form_works_and_others_name_the_extra(tmp_path):
    path = written(tmp_path, "cut.otio", otio_cut())
    plain = written(tmp_path, "cut.json", json.dumps(PLAIN))
    script = (
        "import sys; sys.modules['opentimelineio'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda n, *r: None if n.startswith('opentimelineio') else find(n, *r)\n"
        "from pathlib import Path\n"
        "from farm import MissingExtra\n"
        "from farm_finish.timeline.interchange import read_document\n"
        "assert len(read_document(Path(sys.argv[2])).video) == 1\n"
        "try:\n    read_document(Path(sys.argv[1]))\n"
        "except MissingExtra as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(plain)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'farm[timeline]'" in done.stdout
    assert issubclass(MissingExtra, Exception)
