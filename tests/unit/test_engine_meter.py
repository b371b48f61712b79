"""What a task uses is measured with everything that it started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from farm.engine.meter import children, peak_mb, tree_peak_mb
from farm.engine.protocol import EngineRequest
from farm.engine.vram import VramProbe
from farm.engine.watch import Watch

HOLD = "data = bytearray(b'x' * {mb}_000_000); print('held', flush=True); input()"
HOLD_IN_A_CHILD = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", {hold!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
print(child.stdout.readline(), end="", flush=True)
input()
child.communicate("")
"""

HOLD_AND_START = """
import os
data = bytearray(b'x' * 150_000_000)
print('held', flush=True)
# Between the two steps of starting a program, it waits until somebody opens the door.
os.posix_spawn("/bin/true", ["true"], {{}},
    file_actions=[(os.POSIX_SPAWN_OPEN, 9, {door!r}, os.O_RDONLY, 0)])
input()
"""


@contextmanager
def running(code: str) -> Iterator[int]:
    """A process of Python that has said that it is ready; returns its id."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate("\n")


def test_memory_of_a_program_that_a_task_started_counts() -> None:
    with running(HOLD_IN_A_CHILD.format(hold=HOLD.format(mb=150))) as pid:
        assert len(children(pid)) == 1
        assert peak_mb(pid) < 100
        assert tree_peak_mb(pid) > 150


def test_a_child_of_a_child_counts_too() -> None:
    inner = HOLD_IN_A_CHILD.format(hold=HOLD.format(mb=120))
    with running(HOLD_IN_A_CHILD.format(hold=inner)) as pid:
        [child] = children(pid)
        assert len(children(child)) == 1
        assert tree_peak_mb(pid) > 120


def test_a_child_that_is_not_yet_a_program_of_its_own_works_in_memory_that_counts_once(
    tmp_path: Path,
) -> None:
    door = tmp_path / "door"
    os.mkfifo(door)
    with ExitStack() as at_last, running(HOLD_AND_START.format(door=str(door))) as pid:
        try:
            end_s = time.monotonic() + 20
            while not children(pid):
                assert time.monotonic() < end_s
            assert peak_mb(children(pid)[0]) > 150  # It is the parent's.
            assert tree_peak_mb(pid) == peak_mb(pid)
        finally:
            at_last.callback(os.close, os.open(door, os.O_RDWR))


def test_without_children_it_is_the_process_s_own_peak() -> None:
    with running(HOLD.format(mb=10)) as pid:
        assert children(pid) == []
        assert tree_peak_mb(pid) == peak_mb(pid) > 0


def test_a_process_that_is_gone_has_neither_children_nor_memory() -> None:
    with running(HOLD.format(mb=1)) as pid:
        pass
    assert (children(pid), tree_peak_mb(pid)) == ([], 0)


def test_an_attempt_is_told_with_the_memory_of_its_children(tmp_path: Path) -> None:
    request = EngineRequest(
        "job.cut.0", 1, "video.cut/test", 1, params={}, inputs={}, seed=7,
        scratch=tmp_path / "scratch", log=tmp_path / "0.log",
    )  # fmt: skip
    watch, vram = Watch(request, 1.0), VramProbe("cpu")
    with running(HOLD_IN_A_CHILD.format(hold=HOLD.format(mb=150))) as pid:
        end_s = time.monotonic() + 20
        while watch.peaks().ram_mb <= 150:
            assert time.monotonic() < end_s
            watch.sample(pid, vram)
    assert watch.peaks().ram_mb < 1000


def test_looking_for_children_is_cheap() -> None:
    own = os.getpid()
    begin_s = time.process_time()
    for _ in range(100):
        children(own)
    assert time.process_time() - begin_s < 1.0
