"""Real-ESRGAN and RIFE with their real weights, chosen in a manifest, through a running farm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running_farm import farm, running
from stored_models import stored
from test_finish import clip
from test_larger_and_smoother import facts


def test_a_manifest_that_names_the_networks_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [stored(name) for name in ("realesr-animevideov3", "rife-4")]
    monkeypatch.setenv("FARM_MODELS_DIR", str(folders[0].parents[1]))
    clip(tmp_path / "given.mkv", 6, codec="ffv1", fps=12, sound_s=0.5)
    with running(tmp_path / "farm") as root:
        for pipeline, params, capability, provider, expected in (
            ("enlarge", "target: x3", "video.enlarge", "realesrgan", (6, 288, 192, 12)),
            ("smooth", "fps: 24", "video.interpolate", "rife", (12, 96, 64, 24)),
        ):
            manifest = tmp_path / f"{pipeline}.yaml"
            manifest.write_text(
                f"farm: 1\npipeline: {pipeline}\ninputs: {{video: given.mkv}}\nparams: {{{params}}}\n"
                f"providers: {{{capability}: {provider}}}\n",
                encoding="utf-8",
            )
            [job] = json.loads(farm(root, "submit", str(manifest), "--json"))
            [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
            assert shown["state"] == "done", shown
            newest = max(root.rglob("job_manifest.json"), key=lambda path: path.stat().st_mtime_ns)
            planned = json.loads(newest.read_text(encoding="utf-8"))
            assert planned["providers"][pipeline] == provider
            assert facts(newest.parent / "video.mp4") == expected
