"""The four modes through a real farm and stand-in servers: dropped, submitted, refused, lost."""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from comfy.process import StandIn, wait_for
from running_farm import farm, running

from farm_comfyui.demo import person, skeleton, syllables
from farm_comfyui.pictures import fitted, write_mp4, write_png
from farm_comfyui.sounds import write_flac
from farm_comfyui.templates import OURS

SIDE, FPS = 256, 24
LENGTH = {"animate": 12, "audio-performance": 8, "start-end-frame": 8, "pose-control": 12}
"""Frames of the film each mode makes of the material below."""

BY_NAME = "comfyui-workflow"


def material(folder: Path, mode: str) -> Path:
    """What a person would put into a folder for a mode: half a second of everything."""
    folder.mkdir(parents=True)
    (folder / "prompt.txt").write_text("a person in a red coat dances", encoding="utf-8")

    def still(name: str, turn: float) -> None:
        write_png(folder / name, fitted(person(turn), SIDE, SIDE, "cover"))

    def clip(name: str, draw: Any) -> None:
        frames = (fitted(draw(n / FPS), SIDE, SIDE, "cover") for n in range(FPS // 2))
        write_mp4(folder / name, frames, Fraction(FPS))

    if mode == "start-end-frame":
        still("first.png", 0.0)
        still("last.png", 0.25)
        return folder
    still("character.png", 0.0)
    if mode == "animate":
        clip("motion.mp4", person)
    elif mode == "pose-control":
        clip("control.mp4", skeleton)
    else:
        write_flac(folder / "audio.flac", [syllables()[:, : 48_000 // 2]])
    return folder


def job_yaml(mode: str, **params: Any) -> str:
    return json.dumps(
        {"farm": 1, "pipeline": mode, "quality": "draft", "seed": 11, "params": params}
    )


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[StandIn]]:
    """Two servers that have everything."""
    folder = tmp_path_factory.mktemp("servers")
    with StandIn(folder / "a") as one, StandIn(folder / "b") as two:
        yield [one, two]


def settings(servers: list[StandIn], own: Path | None = None) -> str:
    """``farm.toml`` of a farm that uses them. own : folder of the operator's own workflows."""
    lines = ["[plugins.farm_comfyui]", "lost_s = 3.0"]
    lines += [f'templates_dir = "{own}"'] if own else []
    for name, server in zip("abcd", servers, strict=False):
        lines += [
            "[[plugins.farm_comfyui.servers]]",
            f'name = "{name}"',
            f'url = "{server.url}"',
            "capacity = 1",
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def root(servers: list[StandIn], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("animatrix") / "farm"
    for mode in (*LENGTH, BY_NAME):
        (folder / "dropbox" / mode).mkdir(parents=True)
        (folder / "dropbox" / mode / "README.md").write_text("How to.", encoding="utf-8")
    told = settings(servers, folder / "workflows")
    (folder / "farm.toml").write_text(told, encoding="utf-8")
    with running(folder) as started:
        yield started


def finished(root: Path, mode: str, name: str, timeout_s: float = 90) -> Path:
    """The folder of a dropped job's results."""

    def look() -> Path | None:
        for error in root.glob(f"dropbox/{mode}/_rejected/{name}/error.txt"):
            raise AssertionError(error.read_text("utf-8"))
        found = list(root.glob(f"dropbox/{mode}/_done/*/{name}/receipt.json"))
        return found[0].parent if found else None

    try:
        return wait_for(look, timeout_s, f"{mode}/{name}")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{farm(root, 'ls')}") from error


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def is_streamable(path: Path) -> bool:
    data = path.read_bytes()
    return 0 < data.find(b"moov") < data.find(b"mdat")


@pytest.mark.parametrize("mode", LENGTH)
def test_a_dropped_folder_becomes_a_film_with_everything_beside_it(
    mode: str, root: Path, servers: list[StandIn], tmp_path: Path
) -> None:
    made = material(tmp_path / f"try {mode}", mode)
    more = {"duration_s": 0.5} if mode == "start-end-frame" else {}
    (made / "job.yaml").write_text(job_yaml(mode, **more), encoding="utf-8")
    shutil.move(made, root / "dropbox" / mode / made.name)
    done = finished(root, mode, made.name)
    receipt = read(done / "receipt.json")
    assert receipt["state"] == "done", receipt
    film = frames(done / "video.mp4")
    assert len(film) == LENGTH[mode]
    assert is_streamable(done / "video.mp4")
    first = av.open(str(done / "first_frame.png"))
    with first:
        shown = next(first.decode(video=0)).to_ndarray(format="rgb24")
    assert shown.shape == film[0].shape
    assert np.abs(shown.astype(int) - film[0]).mean() < 6
    assert (done / "poster.jpg").stat().st_size > 500
    assert (done / "job_manifest.json").is_file()
    if mode in ("animate", "pose-control"):
        assert is_streamable(done / "pose_preview.mp4")
    # Whoever runs the servers finds the prompt in the farm, and the job's files by their hashes.
    [told] = read(done / "debug_metadata.json")["external"]
    served = {"a": servers[0], "b": servers[1]}[told["server"]]
    assert told["id"] in served.ask(f"/history/{told['id']}")
    record = read(done / "comfyui.json")
    assert record["workflow"] == told["version"]
    assert record["binding"]["quality"] == "draft"
    given = read(done / "job_manifest.json")["inputs"]
    assert record["sources"]["prompt"] == [given["prompt"]["sha256"]]
    if mode == "animate":
        assert told["id"] in farm(root, "show", str(receipt["number"]))


def test_every_mode_takes_a_manifest_too(root: Path, tmp_path: Path) -> None:
    asked = []
    for mode in LENGTH:
        made = material(tmp_path / mode, mode)
        inputs = {path.stem: {"path": path.name} for path in made.iterdir()}
        manifest = {"farm": 1, "pipeline": mode, "quality": "draft", "seed": 12, "inputs": inputs}
        manifest["params"] = {"fps": "16", "duration_s": 0.3}
        asked.append(made / "ask.json")
        asked[-1].write_text(json.dumps(manifest), encoding="utf-8")
    # With mix the character takes the subject's place; a mask says where it is.
    mixed = tmp_path / "animate" / "mixed.json"
    manifest = json.loads(asked[0].read_text("utf-8"))
    manifest["inputs"]["mask"] = {"path": "mask.mp4"}
    manifest["params"]["mix"] = True
    mixed.write_text(json.dumps(manifest), encoding="utf-8")
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    write_mp4(mixed.with_name("mask.mp4"), [white] * (FPS // 2), Fraction(FPS))
    jobs = json.loads(farm(root, "submit", *map(str, [*asked, mixed]), "--json"))
    told = json.loads(farm(root, "watch", *(str(job["number"]) for job in jobs), "--json"))
    assert [job["state"] for job in told] == ["done"] * (len(LENGTH) + 1), told
    # The pictures of the dropped folders are the same.
    assert all(job["counts"].get("cached", 0) >= 1 for job in told)


def test_what_a_mode_cannot_do_comes_back_with_the_mode_that_can(
    root: Path, tmp_path: Path
) -> None:
    made = material(tmp_path / "speaking", "animate")
    write_flac(made / "audio.flac", [syllables()[:, :24_000]])
    shutil.move(made, root / "dropbox" / "animate" / made.name)
    error = root / "dropbox" / "animate" / "_rejected" / made.name / "error.txt"
    wait_for(error.is_file, 30, "the refusal")
    told = error.read_text("utf-8")
    assert "audio-performance" in told
    assert (error.parent / "motion.mp4").is_file()


def test_a_readme_in_a_drop_folder_is_left_alone(root: Path) -> None:
    assert all((root / "dropbox" / mode / "README.md").is_file() for mode in LENGTH)


def test_a_server_that_dies_in_the_middle_costs_no_job(
    root: Path, servers: list[StandIn], tmp_path: Path
) -> None:
    for server in servers:
        server.fault("slow-node", seconds=60)
    made = material(tmp_path / "orphan", "animate")
    (made / "job.yaml").write_text(job_yaml("animate", fps="16"), encoding="utf-8")
    (made / "prompt.txt").write_text("a person who does not notice", encoding="utf-8")
    shutil.move(made, root / "dropbox" / "animate" / made.name)
    dying = wait_for(lambda: next((s for s in servers if s.queue()[0]), None), 60, "a run")
    living = next(server for server in servers if server is not dying)
    dying.kill()
    living.mend("slow-node")
    try:
        done = finished(root, "animate", made.name)
    finally:
        dying.start()
    [told] = read(done / "debug_metadata.json")["external"]
    assert told["id"] in living.ask(f"/history/{told['id']}")
    assert len(read(done / "comfyui.json")["run"]["moves"]) == 1


def test_a_cancelled_job_leaves_its_server_free(
    root: Path, servers: list[StandIn], tmp_path: Path
) -> None:
    for server in servers:
        server.fault("slow-node", seconds=60)
    made = material(tmp_path / "unwanted", "animate")
    (made / "job.yaml").write_text(job_yaml("animate"), encoding="utf-8")
    (made / "prompt.txt").write_text("a person who is not wanted any more", encoding="utf-8")
    shutil.move(made, root / "dropbox" / "animate" / made.name)
    wait_for(lambda: any(server.queue()[0] for server in servers), 60, "a run")
    [status] = root.glob("dropbox/animate/_claimed/*/status.json")
    number = wait_for(lambda: read(status).get("number"), 20, "the job's number")
    farm(root, "cancel", str(number))
    wait_for(lambda: not any(any(server.queue()) for server in servers), 20, "free servers")
    for server in servers:
        server.mend("slow-node")
    error = root / "dropbox" / "animate" / "_rejected" / made.name / "error.txt"
    wait_for(error.is_file, 30, "the folder to come back")


def test_operators_see_the_servers(root: Path, servers: list[StandIn]) -> None:
    told = farm(root, "doctor", code=0)
    assert servers[0].url in told or "comfyui a" in told
    shown = wait_for(lambda: "uses comfyui a (ok)" in farm(root, "nodes"), 20, "the servers")
    assert shown


# --- workflows by their names ---------------------------------------------------------------------


def drop(root: Path, made: Path, pipeline: str = BY_NAME, **params: Any) -> Path:
    """Drop a folder for a workflow by its name; that of its results, or of its refusal."""
    asked = {"farm": 1, "pipeline": pipeline, "quality": "draft", "seed": 5, "params": params}
    (made / "job.yaml").write_text(json.dumps(asked), encoding="utf-8")
    shutil.move(made, root / "dropbox" / BY_NAME / made.name)

    def look() -> Path | None:
        for pattern in (f"_rejected/{made.name}/error.txt", f"_done/*/{made.name}/receipt.json"):
            for found in root.glob(f"dropbox/{BY_NAME}/{pattern}"):
                return found.parent
        return None

    return wait_for(look, 90, f"{BY_NAME}/{made.name}")


def exported(path: Path) -> Path:
    """A workflow of somebody's own, as ComfyUI's Export (API) writes it: small, and with titles."""
    graph = read(OURS / "start-end-frame" / "1.0.0" / "graph.json")
    for body in graph.values():
        body["_meta"] = {"title": body["class_type"]}
    graph["13"]["inputs"] |= {"width": 256, "height": 144, "length": 33}
    path.write_text(json.dumps(graph), encoding="utf-8")
    return path


def test_a_workflow_that_was_imported_runs_by_its_name_in_the_farm_that_is_up(
    root: Path, servers: list[StandIn], tmp_path: Path
) -> None:
    told = farm(
        root, "comfy", "import", str(exported(tmp_path / "mine.json")), "--name", "our-morph"
    )
    said = root / "workflows" / "our-morph" / "1.0.0" / "map.toml"
    assert str(said) in told and said.is_file()

    def given(name: str) -> Path:
        made = material(tmp_path / name, "start-end-frame")
        (made / "first.png").rename(made / "image.png")
        (made / "last.png").rename(made / "image2.png")
        return made

    refused = drop(root, given("too early"), workflow="our-morph")
    assert "confirmed" in (refused / "error.txt").read_text("utf-8")
    said.write_text(said.read_text("utf-8").replace("confirm = true", "confirm = false"), "utf-8")
    assert "our-morph@1.0.0+" in farm(root, "comfy", "ls")
    assert "draft, standard, high" in farm(root, "comfy", "check", "our-morph")
    done = drop(root, given("morph"), workflow="our-morph", duration_s=0.5)
    assert read(done / "receipt.json")["state"] == "done"
    film = frames(done / "video.mp4")
    assert (len(film), film[0].shape) == (8, (144, 256, 3))
    assert is_streamable(done / "video.mp4")
    assert (done / "poster.jpg").is_file() and (done / "first_frame.png").is_file()
    [record] = read(done / "debug_metadata.json")["external"]
    assert record["version"].startswith("our-morph@1.0.0+")
    served = {"a": servers[0], "b": servers[1]}[record["server"]]
    graph = served.ask(f"/history/{record['id']}")[record["id"]]["prompt"][2]
    assert graph["9"]["inputs"]["text"] == "a person in a red coat dances"
    # Each picture went to its own node.
    kept = read(done / "comfyui.json")["uploads"]
    assert set(kept) == {"image", "image_2"} and len(set(kept.values())) == 2
    assert kept["image"][:40] in graph["11"]["inputs"]["image"]
    # What the finished job leaves says which file was which, because hashes have no names.
    left = read(done / "job_manifest.json")
    assert left["params"]["names"] == ["image.png", "image2.png"]
    assert [set(one) >= {"sha256"} for one in left["inputs"]["image"]] == [True, True]


def test_the_subject_is_found_on_the_server_where_the_workflow_does_that(
    root: Path, servers: list[StandIn], tmp_path: Path
) -> None:
    made = material(tmp_path / "sam", "animate")
    (made / "character.png").rename(made / "image.png")
    done = drop(root, made, workflow="animate-mix-sam", subject=[[0.5, 0.4], [0.5, 0.6]])
    assert read(done / "receipt.json")["state"] == "done"
    assert len(frames(done / "video.mp4")) == LENGTH["animate"]
    # All that the workflow saved is there, as the server made it.
    assert {path.stem for path in (done / "saved").iterdir()} == {"video", "pose", "mask"}
    [record] = read(done / "debug_metadata.json")["external"]
    served = {"a": servers[0], "b": servers[1]}[record["server"]]
    graph = served.ask(f"/history/{record['id']}")[record["id"]]["prompt"][2]
    points = json.loads(graph["41"]["inputs"]["coordinates_positive"])
    size = read(done / "comfyui.json")["binding"]
    assert len(points) == 2 and points[0]["x"] == points[1]["x"] and points[0]["y"] < points[1]["y"]
    assert size["quality"] == "draft"


def test_a_workflow_that_saves_only_pictures_publishes_them(root: Path, tmp_path: Path) -> None:
    graph = read(OURS / "plumbing" / "1.0.0" / "graph.json")
    kept = {node: graph[node] for node in ("1", "2", "6")}
    kept["2"]["inputs"] |= {"width": 96, "height": 96}
    (tmp_path / "still.json").write_text(json.dumps(kept), encoding="utf-8")
    farm(root, "comfy", "import", str(tmp_path / "still.json"), "--name", "our-still")
    said = root / "workflows" / "our-still" / "1.0.0" / "map.toml"
    said.write_text(said.read_text("utf-8").replace("confirm = true", "confirm = false"), "utf-8")
    made = material(tmp_path / "a still", "animate")
    for name in ("prompt.txt", "motion.mp4"):
        (made / name).unlink()
    asked = {"farm": 1, "pipeline": "comfyui-pictures", "params": {"workflow": "our-still"}}
    asked |= {"inputs": {"image": ["character.png"]}, "output": "still"}
    (made / "ask.json").write_text(json.dumps(asked), encoding="utf-8")
    [job] = json.loads(farm(root, "submit", str(made / "ask.json"), "--json"))
    [told] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    assert told["state"] == "done", told
    [picture] = root.glob("spool/outputs/still/saved/picture.png")
    with av.open(str(picture)) as shown:
        assert next(shown.decode(video=0)).to_ndarray(format="rgb24").shape == (96, 96, 3)
    (made / "ask.json").unlink()
    refused = drop(root, made, workflow="our-still")
    assert "comfyui-pictures" in (refused / "error.txt").read_text("utf-8")


def test_a_workflow_that_saves_only_sound_publishes_it(root: Path, tmp_path: Path) -> None:
    saving = {"audio": ["1", 0], "filename_prefix": "audio/mine", "quality": "320k"}
    graph = {
        "1": {"class_type": "LoadAudio", "inputs": {"audio": "voice.wav"}},
        "2": {"class_type": "SaveAudioMP3", "inputs": saving},
    }
    (tmp_path / "voice.json").write_text(json.dumps(graph), encoding="utf-8")
    told = farm(root, "comfy", "import", str(tmp_path / "voice.json"), "--name", "our-voice")
    assert "in the pipeline comfyui-sound with workflow: our-voice" in told
    said = root / "workflows" / "our-voice" / "1.0.0" / "map.toml"
    said.write_text(said.read_text("utf-8").replace("confirm = true", "confirm = false"), "utf-8")

    def given(name: str) -> Path:
        made = material(tmp_path / name, "audio-performance")
        for other in ("prompt.txt", "character.png"):
            (made / other).unlink()
        return made

    refused = drop(root, given("no film"), workflow="our-voice")
    assert "comfyui-sound" in (refused / "error.txt").read_text("utf-8")
    done = drop(root, given("a voice"), "comfyui-sound", workflow="our-voice")
    assert read(done / "receipt.json")["state"] == "done"
    with av.open(str(done / "sound.flac")) as sound:
        assert sound.streams.audio[0].rate == 48_000
        heard = np.concatenate([frame.to_ndarray() for frame in sound.decode(audio=0)], axis=1)
    seconds = heard.size / 2 / 48_000
    assert 0.45 < seconds < 0.6 and heard.any()
    assert [path.name for path in (done / "saved").iterdir()] == ["sound.mp3"]
    [record] = read(done / "debug_metadata.json")["external"]
    assert record["version"].startswith("our-voice@1.0.0+")
    assert read(done / "comfyui.json")["external"]["id"] == record["id"]


# --- many jobs, and servers that come and go ------------------------------------------------------

JOBS = 100


@pytest.mark.soak
def test_a_hundred_jobs_over_servers_that_die_and_come_back_are_each_done_once(
    tmp_path: Path,
) -> None:
    made = material(tmp_path / "given", "animate")
    inputs = {path.stem: {"path": path.name} for path in made.iterdir()}
    for number in range(JOBS):
        asked = {"farm": 1, "pipeline": "animate", "quality": "draft", "seed": number}
        asked |= {"inputs": inputs, "params": {"duration_s": 0.3, "fps": "16"}}
        (made / f"{number:03}.json").write_text(json.dumps(asked), encoding="utf-8")
    servers = [StandIn(tmp_path / one, step_s=0.25) for one in "abc"]
    root = tmp_path / "farm"
    root.mkdir()
    (root / "farm.toml").write_text(settings(servers), encoding="utf-8")
    over = threading.Event()
    killed: list[str] = []
    killer = threading.Thread(target=kill_and_restart, args=(servers, killed, over))
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for server in servers:
            stack.enter_context(server)
        patch.setattr("running_farm.environment", with_slots(4))
        stack.enter_context(running(root))
        farm(root, "submit", *(str(path) for path in sorted(made.glob("*.json"))))
        stack.callback(killer.join)
        stack.callback(over.set)
        killer.start()
        deadline = time.monotonic() + 1500
        ended = 0
        while ended < JOBS and time.monotonic() < deadline:
            jobs = json.loads(farm(root, "ls", "--json", "--limit", "200"))
            states = Counter(job["state"] for job in jobs)
            ended = sum(states[state] for state in ("done", "failed", "cancelled"))
    assert states == {"done": JOBS}, states
    numbers = Counter(read(path)["number"] for path in root.rglob("receipt.json"))
    assert numbers == Counter(range(1, JOBS + 1))
    told = [entry for path in root.rglob("debug_metadata.json") for entry in read(path)["external"]]
    assert len({entry["id"] for entry in told}) == len(told) == JOBS, "no two jobs share a prompt"
    moved = sum(len(read(path)["run"]["moves"]) for path in root.rglob("comfyui.json"))
    assert min(len(killed), moved) >= 10, (killed, moved)


def kill_and_restart(servers: list[StandIn], killed: list[str], over: threading.Event) -> None:
    """Kill servers while they work, and start them again, at random but never the last one."""
    chance = random.Random(7)
    while not over.wait(chance.uniform(0.5, 3.0)):
        victim = chance.choice(servers)
        if not victim.alive:
            victim.start()
        elif victim.queue()[0] and sum(server.alive for server in servers) > 1:
            victim.kill()
            killed.append(victim.url)
            if chance.random() < 0.5:
                victim.start()


def with_slots(slots: int) -> Any:
    """The environment of a farm with so many engines."""
    from running_farm import environment

    return lambda root: {**environment(root), "FARM_CPU_SLOTS": str(slots)}
