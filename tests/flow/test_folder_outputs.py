"""Outputs that are folders: unpacked whole where they are published, or refused."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from ffmpeg_reference import call
from nasty_clips import film, tone
from running_farm import farm, running

from farm import MediaKind, Port, Stage
from farm.domain.errors import FarmError, ManifestError
from farm.pipelines.template import parse_pipeline
from farm.planning.bindings import published
from farm.publish.unpacking import unpack


def archive(path: Path, *files: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files:
            packed.writestr(name, data)
    return path


def link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    return entry, target.encode()


def test_an_archive_becomes_a_folder_with_folders_in_it(tmp_path):
    packed = archive(tmp_path / "a.zip", ("b/two.txt", b"2"), ("one.txt", b"1"))
    made = unpack(packed, tmp_path / "out")
    assert made == [tmp_path / "out" / "b" / "two.txt", tmp_path / "out" / "one.txt"]
    assert [path.read_bytes() for path in made] == [b"2", b"1"]


@pytest.mark.parametrize(
    "files",
    [
        [("../evil.txt", b"x")],
        [("/evil.txt", b"x")],
        [("a/../../evil.txt", b"x")],
        [("a\\..\\evil.txt", b"x")],
        [("line\nbreak.txt", b"x")],
        [("fine.txt", b"1"), link("evil.txt", "/etc/passwd")],
        [],
    ],
)
def test_an_archive_that_reaches_outside_is_refused_before_anything_is_written(tmp_path, files):
    packed = archive(tmp_path / "a.zip", *files)
    with pytest.raises(FarmError) as refusal:
        unpack(packed, tmp_path / "in" / "out")
    assert refusal.value.code == "publish.bad-folder"
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]


def test_damage_and_two_files_of_one_name_are_refused(tmp_path):
    whole = archive(tmp_path / "a.zip", ("one.bin", bytes(1000)))
    data = bytearray(whole.read_bytes())
    data[500] = 1
    whole.write_bytes(data)
    with pytest.raises(FarmError, match="CRC"):
        unpack(whole, tmp_path / "damaged")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(FarmError, match="not a zip"):
        unpack(tmp_path / "text.zip", tmp_path / "text")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr("one.txt", b"1")
        packed.writestr("one.txt", b"2")
    (tmp_path / "twice.zip").write_bytes(buffer.getvalue())
    with pytest.raises(FarmError):
        unpack(tmp_path / "twice.zip", tmp_path / "twice")


def template(output: str) -> bytes:
    return (
        "pipeline: lab\nversion: 1\nstages:\n  make: {capability: test.make}\n"
        f"outputs: {{{output}: make.it}}\n"
    ).encode()


def test_a_folder_is_published_from_an_archive_only():
    for kind, fits in ((MediaKind.ARCHIVE, True), (MediaKind.VIDEO, False)):
        stage = Stage("test.make", "lab", 1, "lab:run", {}, {"it": Port(kind)})
        pipeline = parse_pipeline(template("frames/"), name="lab.yaml")
        if fits:
            assert published(pipeline, {"make": stage}) == {"frames/": ("make", "it")}
            continue
        with pytest.raises(ManifestError) as refusal:
            published(pipeline, {"make": stage})
        assert refusal.value.code == "pipeline.not-a-folder"


@pytest.mark.parametrize("name", ["source/", "SHA256SUMS", "receipt.json/"])
def test_a_folder_cannot_take_the_place_of_the_farms_own_files(name):
    with pytest.raises(ManifestError) as refusal:
        parse_pipeline(template(name), name="lab.yaml")
    assert refusal.value.code == "pipeline.duplicate-output"


def test_a_ladder_and_a_sequence_are_published_as_folders_that_work_and_prove_themselves(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    film(given / "video.mp4", 48, size=(320, 180), sound=[(0, tone(2.0))], sound_codec="aac")
    jobs = {
        "stream": ("heights=[180, 90]", "segment_s=1", "keyframe_s=1", "profile=draft"),
        "sequence": ("first_number=0",),
        "deliver": ("preview=true", "waveform=true", "profile=draft"),
    }
    with running(tmp_path / "farm") as root:
        for pipeline, settings in jobs.items():
            chosen = [word for setting in settings for word in ("--set", setting)]
            told = farm(root, "submit", str(given), "-p", pipeline, "--json", *chosen)
            [job] = json.loads(told)
            [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
            assert shown["state"] == "done", shown
        ladder = next(root.rglob("hls/master.m3u8"))
        frames = next(root.rglob("frames/sequence.json")).parent
        handed = next(root.rglob("contact_sheet.png")).parent
        for folder in (ladder.parents[1], frames.parent, handed):
            proof = subprocess.run(
                ["sha256sum", "--strict", "-c", "SHA256SUMS"],
                cwd=folder, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert proof.returncode == 0, proof.stdout
            outputs = json.loads((folder / "receipt.json").read_text())["outputs"]
            assert len(proof.stdout.splitlines()) == len(outputs)
            assert {entry["file"] for entry in outputs} == {
                path.relative_to(folder).as_posix()
                for path in folder.rglob("*")
                if path.is_file() and path.relative_to(folder).parts[0] != "source"
            } - {"receipt.json", "job_manifest.json", "debug_metadata.json", "SHA256SUMS"}
        assert call("-i", ladder, "-map", "0", "-f", "null", "-") == ""
        names = [f"frame_{number:06d}.png" for number in range(48)]
        assert sorted(path.name for path in frames.iterdir()) == [*names, "sequence.json"]
        assert {"video.mp4", "poster.jpg", "preview.gif", "preview.webp", "waveform.png"} <= {
            path.name for path in handed.iterdir()
        }
