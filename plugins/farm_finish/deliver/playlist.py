"""HLS playlists (RFC 8216): one for each rung, and the one that names them all.

Invariant: every number in them was measured on the files that they name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

_VERSION = 7


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung as it was written. lengths_s, sizes : seconds and bytes of its segments."""

    name: str
    width: int
    height: int
    fps: Fraction
    codecs: str
    lengths_s: Sequence[Fraction]
    sizes: Sequence[int]

    @property
    def peak_bits(self) -> int:
        """Most bits a second of any segment that is at least half as long as the longest."""
        longest = max(self.lengths_s)
        parts = zip(self.sizes, self.lengths_s, strict=True)
        return max(ceil(8 * size / length) for size, length in parts if 2 * length >= longest)

    @property
    def mean_bits(self) -> int:
        """Bits a second over all segments."""
        return ceil(8 * sum(self.sizes) / sum(self.lengths_s))


def media_playlist(rung: Rung) -> str:
    """The playlist of one rung."""
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{ceil(max(rung.lengths_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="init.mp4"',
    ]
    for number, length_s in enumerate(rung.lengths_s):
        lines += [f"#EXTINF:{float(length_s):.6f},", f"{number:05d}.m4s"]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def master_playlist(rungs: Sequence[Rung]) -> str:
    """The playlist that players open: the rungs, best first."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for rung in rungs:
        told = {
            "BANDWIDTH": str(rung.peak_bits),
            "AVERAGE-BANDWIDTH": str(rung.mean_bits),
            "CODECS": f'"{rung.codecs}"',
            "RESOLUTION": f"{rung.width}x{rung.height}",
            "FRAME-RATE": f"{float(rung.fps):.3f}",
        }
        lines.append("#EXT-X-STREAM-INF:" + ",".join(f"{k}={v}" for k, v in told.items()))
        lines.append(f"{rung.name}/index.m3u8")
    return "\n".join([*lines, ""])
