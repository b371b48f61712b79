"""Fixtures that tests of several parts of a plugin use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """The folder of an operator's own ComfyUI workflows, as it is configured."""
    from farm_comfyui import configured

    folder = tmp_path / "own"
    folder.mkdir()
    configured.configure({"templates_dir": str(folder)})
    yield folder
    configured.configure({})
