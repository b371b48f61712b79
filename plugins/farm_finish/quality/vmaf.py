"""VMAF, measured by a child process: FFmpeg with libvmaf, as the package imageio-ffmpeg brings it.

Invariant: the child sees the very pairs of pictures that were decoded here, one above the other in
one pipe, and it never outlives the one who feeds it: whatever happens, it is killed and waited for.

Source: Netflix, "VMAF", model ``vmaf_v0.6.1`` (for 1080p on a screen).
"""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from farm import FarmError, InputError, MissingExtra
from farm_finish.quality.fidelity import Planes

EXTRA = "pip install 'farm[quality]'"
SMALLEST = 32
"""Pixels a side; libvmaf reads beyond smaller pictures."""
_LOG = "vmaf.json"
_ERRORS = "vmaf.log"
_WAIT_S = 0.2
_FORMATS = {8: "yuv420p", 10: "yuv420p10le"}


class Vmaf:
    """Feed pairs, then ``finish``. folder : scratch for its log. checkpoint : raises to stop it."""

    def __init__(self, folder: Path, threads: int, checkpoint: Callable[[], None]) -> None:
        self._program = ffmpeg_with_vmaf()
        self._folder, self._threads, self._checkpoint = folder, threads, checkpoint
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        if self._child.stdin is not None:
            self._child.stdin.close()

    def feed(self, test: Planes, reference: Planes, depth: int) -> None:
        """Two pictures in 4:2:0, of the same form throughout.

        Raises
        ------
        InputError : they are too small for its model.
        """
        height, width = (size // 2 * 2 for size in test[0].shape)
        if min(height, width) < SMALLEST:
            raise InputError(
                "its pictures are too small for VMAF",
                where="media",
                expected=f"at least {SMALLEST} pixels a side",
                got=f"{width}x{height}",
                mend="Leave vmaf out of metrics.",
                code="quality.vmaf-size",
            )
        if self._child is None:
            self._child = self._started(width, height, depth)
        for number in range(3):
            rows, columns = (height, width) if number == 0 else (height // 2, width // 2)
            for planes in (test, reference):
                self._write(np.ascontiguousarray(planes[number][:rows, :columns]).tobytes())

    def finish(self) -> NDArray[np.float64]:
        """VMAF of each pair, 0 to 100.

        Raises
        ------
        FarmError : the child failed; with what it said.
        """
        if self._child is None:
            return np.zeros(0)
        assert self._child.stdin is not None
        self._child.stdin.close()
        while True:
            try:
                if self._child.wait(_WAIT_S) != 0:
                    raise self._failed()
                break
            except subprocess.TimeoutExpired:
                self._checkpoint()
        told = json.loads((self._folder / _LOG).read_text(encoding="utf-8"))
        return np.array([frame["metrics"]["vmaf"] for frame in told["frames"]])

    def _started(self, width: int, height: int, depth: int) -> subprocess.Popen[bytes]:
        halves = (
            "split[a][b];[a]crop=iw:ih/2:0:0[test];[b]crop=iw:ih/2:0:ih/2[truth];"
            f"[test][truth]libvmaf=log_fmt=json:log_path={_LOG}:n_threads={self._threads}"
        )
        source = ["-f", "rawvideo", "-pix_fmt", _FORMATS[depth], "-s", f"{width}x{2 * height}"]
        command = [self._program, "-v", "error", "-nostdin", *source, "-i", "pipe:0"]
        command += ["-filter_complex", halves, "-f", "null", "-"]
        with (self._folder / _ERRORS).open("wb") as errors:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=self._folder,
                bufsize=0,
            )
        assert child.stdin is not None
        os.set_blocking(child.stdin.fileno(), False)
        return child

    def _write(self, data: bytes) -> None:
        assert self._child is not None and self._child.stdin is not None
        pipe = self._child.stdin.fileno()
        rest = memoryview(data)
        while rest:
            _, ready, _ = select.select([], [pipe], [], _WAIT_S)
            self._checkpoint()
            if not ready:
                continue
            try:
                rest = rest[os.write(pipe, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                self._child.wait()
                raise self._failed() from None

    def _failed(self) -> FarmError:
        said = (self._folder / _ERRORS).read_text(encoding="utf-8", errors="replace").strip()
        if "libvmaf" in said and "No such filter" in said:
            return MissingExtra(
                "this FFmpeg has no VMAF",
                where=self._program,
                mend=EXTRA,
                code="extra.missing",
            )
        return FarmError(
            "VMAF's process ended early",
            where=self._program,
            got=said[-400:] or f"exit status {self._child.returncode if self._child else None}",
            mend="Leave vmaf out of metrics, or see the log of the attempt.",
            code="quality.vmaf",
        )


def ffmpeg_with_vmaf() -> str:
    """The program.

    Raises
    ------
    MissingExtra : it is not installed.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError:
        raise MissingExtra(
            "VMAF is not installed",
            where="metrics: vmaf",
            mend=f"Install it with {EXTRA}, or leave it out of metrics.",
            code="extra.missing",
        ) from None
    return str(get_ffmpeg_exe())
