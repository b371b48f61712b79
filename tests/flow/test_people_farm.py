"""A person taken from her background, and her motion captured, by pipelines of a running farm."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from drawn_people import movie, placed, portrait
from running_farm import farm, running
from stored_models import stored

FRAMES, SIZE = 10, (256, 224)


def film(path: Path) -> list[np.ndarray]:
    """A portrait that goes sideways and nods a little."""
    shown = [
        placed(portrait(), SIZE, (20 + 3 * number, 12), 208, 4 * np.sin(number / 3))
        for number in range(FRAMES)
    ]
    movie(path, shown)
    return shown


def pictures(path: Path, form: str) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=form) for frame in container.decode(video=0)]


def test_a_person_is_cut_out_and_her_motion_captured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ai_edge_litert", reason="pip install 'farm[vision]'")
    folders = [stored(name) for name in ("mediapipe-pose", "mediapipe-selfie")]
    monkeypatch.setenv("FARM_MODELS_DIR", str(folders[0].parents[1]))
    given = tmp_path / "given"
    shown = film(given / "film.mkv")
    with running(tmp_path / "farm") as root:
        made = {}
        for pipeline in ("layers", "motion"):
            asked = {"farm": 1, "pipeline": pipeline, "inputs": {"video": "film.mkv"}}
            (given / f"{pipeline}.json").write_text(json.dumps(asked), encoding="utf-8")
            [job] = json.loads(farm(root, "submit", str(given / f"{pipeline}.json"), "--json"))
            [told] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
            assert told["state"] == "done", told
            newest = max(root.rglob("job_manifest.json"), key=lambda path: path.stat().st_mtime_ns)
            made[pipeline] = newest.parent
        behind = pictures(made["layers"] / "background.mkv", "rgb24")
        subject = pictures(made["layers"] / "subject.mkv", "rgba")
        assert len(behind) == len(subject) == FRAMES
        for back, front, whole in zip(behind, subject, shown, strict=True):
            alpha = front[..., 3:] / 255
            together = back + alpha * (front[..., :3].astype(float) - back)
            assert np.abs(together - whole).mean() < 4
            assert 0.2 < alpha.mean() < 0.75
        report = json.loads((made["motion"] / "motion.json").read_text("utf-8"))
        bvh = (made["motion"] / "motion.bvh").read_text("utf-8").splitlines()
        at = bvh.index(f"Frames: {FRAMES}")
        assert sum(line.strip().startswith(("ROOT", "JOINT")) for line in bvh) >= 15
        rows = np.array([line.split() for line in bvh[at + 2 :]], float)
        assert rows.shape[0] == report["frames"] == FRAMES
        assert np.isfinite(rows).all()
        assert np.ptp(rows, axis=0).max() > 0.5
        assert (made["motion"] / "motion.glb").read_bytes()[:4] == b"glTF"
        assert (made["motion"] / "motion.farmmotion").stat().st_size > 1000
