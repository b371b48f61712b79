"""Makes the gallery: every preset as a film by a real farm, its poster and the page that shows them.

    python docs/gallery/make_gallery.py [--films FOLDER] [NAME ...]

Without names all presets are made. The films stay in FOLDER when one is given.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from farm_procedural.create.presets import PRESETS, Preset

HERE = Path(__file__).parent
POSTER = (480, 270)
LARGEST_BYTES = 40_000
SIZE = "1280x720"


def main() -> None:
    """Render what was named, or everything; then write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--films", type=Path, help="keep the films here")
    given = parser.parse_args()
    chosen = [item for item in PRESETS if not given.names or item.name in given.names]
    if unknown := set(given.names) - {item.name for item in PRESETS}:
        parser.error(f"no preset is called {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        films = made(root, chosen)
        for name, outputs in films.items():
            poster(outputs / "poster.jpg", HERE / f"{name}.jpg")
            if given.films:
                given.films.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(outputs / "video.mp4", given.films / f"{name}.mp4")
    (HERE / "README.md").write_text(page(), encoding="utf-8")
    if missing := [item.name for item in chosen if item.name not in films]:
        sys.exit(f"not made: {', '.join(missing)}")


def made(root: Path, presets: list[Preset]) -> dict[str, Path]:
    """The folders of results by preset: one farm for all of them, ended afterwards."""
    settings = {
        **os.environ,
        "FARM_ROOT": str(root),
        "FARM_SETTLE_S": "0.1",
        "FARM_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "farm"]
    up = subprocess.Popen([*command, "up"], env=settings, stdout=subprocess.PIPE, text=True)
    try:
        assert up.stdout is not None
        if not up.stdout.readline().startswith("The farm is up"):
            raise SystemExit("the farm did not come up; run `farm doctor`")
        manifests = []
        for item in presets:
            manifest = root / f"{item.name}.json"
            manifest.write_text(json.dumps(request(item)), encoding="utf-8")
            manifests.append(str(manifest))
        # What failed is told by the farm itself; the others are kept all the same.
        subprocess.run(
            [*command, "submit", *manifests, "--wait"], env=settings, check=False, stdout=sys.stderr
        )
        outputs = root / "spool" / "outputs" / "gallery"
        return {
            item.name: outputs / item.name
            for item in presets
            if (outputs / item.name / "poster.jpg").exists()
        }
    finally:
        up.terminate()
        up.wait(timeout=60)


def request(item: Preset) -> dict[str, Any]:
    """The manifest of a preset."""
    return {
        "farm": 1,
        "pipeline": "procedural",
        "name": item.name,
        "prompt": item.prompt,
        "seed": item.seed,
        "params": {"size": SIZE},
        "output": f"gallery/{item.name}",
    }


def poster(source: Path, target: Path) -> None:
    """A small copy: 480 x 270 at the best quality that stays under 40 kB."""
    with Image.open(source) as picture:
        small = picture.convert("RGB").resize(POSTER, Image.Resampling.LANCZOS)
    for quality in range(88, 20, -6):
        written = io.BytesIO()
        small.save(written, "JPEG", quality=quality, optimize=True, progressive=True)
        if written.tell() < LARGEST_BYTES:
            break
    target.write_bytes(written.getvalue())


def page() -> str:
    """The gallery as Markdown: poster, prompt and the command that makes the film again."""
    lines = [
        "# Gallery",
        "",
        "Twenty-four films that the farm painted from one line of text each, on a processor, without a",
        "model. They are presets: `create/presets.py` of `farm_procedural` holds the prompts. Each",
        "command makes the same film, to the byte, with sound. `make gallery` makes them all again.",
        "",
    ]
    for item in PRESETS:
        lines += [
            f"## {item.name}",
            "",
            f"![{item.name}]({item.name}.jpg)",
            "",
            f"> {item.prompt}",
            "",
            "```console",
            f"$ farm submit -p procedural --seed {item.seed} --set size={SIZE} \\",
            f"    --prompt {_quoted(item.prompt)} --wait",
            "```",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _quoted(prompt: str) -> str:
    if "'" not in prompt:
        return f"'{prompt}'"
    return '"' + prompt.replace('"', '\\"') + '"'


if __name__ == "__main__":
    main()
