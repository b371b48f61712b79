"""A film with a fault through a running farm: graded, flagged, or failed by policy."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
from running_farm import farm, running
from test_finish import clip, picture


def half_black(index: int, width: int, height: int) -> np.ndarray:
    """A moving picture that goes black for a second and a half."""
    shown = picture(index, width, height)
    return np.zeros_like(shown) if 12 <= index < 30 else shown


def ended(root: Path, film: Path, pipeline: str, *settings: str) -> dict:
    options = [part for setting in settings for part in ("--set", setting)]
    told = farm(root, "submit", str(film), "-p", pipeline, "--json", *options)
    [job] = json.loads(told)
    [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    return shown


def test_a_faulty_film_is_flagged_in_its_receipt_and_a_graded_one_is_delivered(
    tmp_path: Path,
) -> None:
    film = clip(tmp_path / "given.mkv", 48, codec="ffv1", fps=12, draw=half_black)
    with running(tmp_path / "farm") as root:
        judged = ended(root, film, "quality", "colour=any")
        assert judged["state"] == "done"
        receipts = [json.loads(path.read_text()) for path in root.rglob("receipt.json")]
        [warnings] = [found["warnings"] for found in receipts]
        [warning] = [text for text in warnings if "video.black" in text]
        assert warning.startswith("quality: ") and "1.000 to 2.500 s" in warning
        [page] = root.rglob("quality.html")
        assert "video.black" in page.read_text(encoding="utf-8")
        number = str(judged["number"])
        assert json.loads(farm(root, "show", number, "--json"))["warnings"] == warnings
        assert " ".join(f"! {warning}".split()) in " ".join(farm(root, "show", number).split())

        assert ended(root, film, "grade", "saturation=0", "grain=3")["state"] == "done"
        listed = json.loads(farm(root, "ls", "--json"))
        assert [line["warned"] for line in listed] == [False, True]
        told = farm(root, "ls").splitlines()
        assert ["100 % !" in line for line in told[1:3]] == [False, True]
        assert told[-1].startswith("! with warnings")
        [made] = root.rglob("video.mp4")
        with av.open(str(made)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert len(frames) == 48
        assert np.ptp(frames[2].astype(int), axis=2).max() <= 6
