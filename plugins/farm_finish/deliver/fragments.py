"""A fragmented MP4 cut into an initialisation and segments while it is written.

Invariant: every segment begins with a key frame and holds whole fragments; nothing but the fragment
in the making is kept in memory.
"""

from __future__ import annotations

import struct
from pathlib import Path

# Every key frame begins a fragment. The index waits for the first, as only then it can say (in an
# edit list) how far decoding runs ahead of showing, and how much sound the encoder put in front.
# Negative offsets would do without, but FFmpeg shifts the pictures of such a file against the sound.
MOVFLAGS = "+frag_keyframe+delay_moov+default_base_moof+skip_trailer"
_HEAD = (b"ftyp", b"moov")
_BODY = (b"moof", b"mdat")


class Segments:
    """What PyAV writes an MP4 to; ``per_segment`` fragments make one file in ``folder``."""

    def __init__(self, folder: Path, per_segment: int) -> None:
        folder.mkdir(parents=True)
        self.folder, self._per_segment = folder, per_segment
        self._pending = bytearray()
        self._fragments = 0
        self.sizes: list[int] = []

    @property
    def initialisation(self) -> Path:
        """What a player reads before any segment."""
        return self.folder / "init.mp4"

    def segment(self, number: int) -> Path:
        """The file of segment ``number``, counted from 0."""
        return self.folder / f"{number:05d}.m4s"

    def write(self, data: bytes) -> int:
        """Take what the muxer wrote."""
        self._pending += data
        while True:
            if len(self._pending) < 8:
                return len(data)
            size, name = struct.unpack_from(">I4s", self._pending)
            if len(self._pending) < size:
                return len(data)
            self._take(bytes(name), bytes(self._pending[:size]))
            del self._pending[:size]

    def _take(self, name: bytes, box: bytes) -> None:
        if name in _HEAD:
            with self.initialisation.open("ab") as file:
                file.write(box)
        elif name in _BODY:
            if name == b"moof":
                if self._fragments % self._per_segment == 0:
                    self.sizes.append(0)
                self._fragments += 1
            self.sizes[-1] += len(box)
            with self.segment(len(self.sizes) - 1).open("ab") as file:
                file.write(box)


def codec_name(initialisation: bytes) -> str:
    """The pictures' codec as playlists name it (RFC 6381), such as ``avc1.640028``."""
    avc = _content(initialisation, b"avcC")
    if avc is not None:
        return f"avc1.{avc[1:4].hex()}"
    hevc = _content(initialisation, b"hvcC")
    assert hevc is not None  # One of the two was asked for.
    flags = f"{int(f'{int.from_bytes(hevc[2:6]):032b}'[::-1], 2):X}"
    tier = "H" if hevc[1] & 0x20 else "L"
    space = ("", "A", "B", "C")[hevc[1] >> 6]
    constraints = hevc[6:12].rstrip(b"\0")
    parts = [f"hvc1.{space}{hevc[1] & 0x1F}", flags, f"{tier}{hevc[12]}"]
    return ".".join([*parts, *(f"{byte:X}" for byte in constraints)])


def _content(data: bytes, wanted: bytes) -> bytes | None:
    """What is in the first box of that name within the description of a track of pictures."""
    at = data.find(wanted)
    if at < 4:
        return None
    (size,) = struct.unpack_from(">I", data, at - 4)
    return data[at + 4 : at - 4 + size]
