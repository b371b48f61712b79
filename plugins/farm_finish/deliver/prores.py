"""The stage ``video.prores``: a film as ProRes in a MOV, for those who cut and grade it further.

Invariant: every frame once, 10 bits, colours tagged; 4444 keeps transparency, 422 says what lies
behind it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm import Result, Task
from farm_finish.deliver.params import ProresParams
from farm_finish.deliver.quality import dress
from farm_finish.deliver.reading import Upright, Wanted, upright
from farm_finish.deliver.writing import SoundForm, write_film
from farm_finish.normalise.look import Look

_PROFILES = {"lt": "1", "standard": "2", "hq": "3", "4444": "4"}


def run(task: Task[ProresParams]) -> Result:
    """Encode ``video`` (and ``audio``, or the video's own sound) to ``video``."""
    target: Path = task.output("video", ".mov")
    source, params = task.input("video"), task.params
    full = params.profile == "4444"

    def form(look: Look) -> str:
        if not full:
            return "yuv422p10le"
        return "yuva444p10le" if look.alpha else "yuv444p10le"

    wanted = Wanted(form, alpha=full, background=params.background, hdr=params.hdr == "keep")
    with upright(source.path, wanted, frames=source.facts.frames or 0) as film:
        add = partial(_add_prores, film=film, profile=params.profile)
        write_film(task, film, target, add, SoundForm("pcm_s24le"), params.metadata)
    task.progress(1, 1)
    return {"video": target}


def _add_prores(
    output: OutputContainer, first: VideoFrame, film: Upright, profile: str
) -> VideoStream:
    alpha = first.format.name.startswith("yuva")
    options = {"profile": _PROFILES[profile], "vendor": "apl0"}
    if alpha:
        options["alpha_bits"] = "16"
    stream = output.add_stream("prores_ks", rate=film.fps, options=options)
    dress(stream, first, film.fps, film.tags)
    stream.codec_context.flags |= Flags.bitexact
    return stream
