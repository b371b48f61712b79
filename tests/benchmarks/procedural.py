"""The procedural engine against the encoder, against ffmpeg's own filters, and against the clock.

    python -m tests.benchmarks procedural

Invariant: both sides of every ratio are measured in this one run, by turns, in processor seconds of
one thread each, on the same frames; so neither other work on the machine nor its speed decides.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from av.filter import Graph
from av.video.frame import VideoFrame

from farm_procedural.analyse.meter import Meter
from farm_procedural.analyse.video import analyse
from farm_procedural.create.script import compose
from farm_procedural.interpret.reading import interpret
from farm_procedural.render.film import Film
from farm_procedural.render.planes import Planes
from farm_procedural.script import (
    CameraMove,
    Depth,
    Grade,
    Gradient,
    Light,
    Motion,
    Overlay,
    Particles,
    Script,
    Shot,
    Texture,
    Title,
)
from farm_procedural.segment import encode_segment
from farm_procedural.sound.compose import samples

FPS, FRAMES, ROUNDS = 24, 16, 3
CRF, PRESET = 18, "veryfast"
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
SOUND_S = 24
GRAIN = 0.6
"""As much as the words "film grain" give."""
_PALETTE = ((0.20, 0.02, -0.06), (0.34, 0.08, -0.10), (0.55, 0.17, -0.02), (0.72, 0.13, 0.12),
            (0.90, 0.01, 0.10))  # fmt: skip

TARGETS: list[tuple[str, str, str, float]] = [
    *(
        (f"{size} {name}: {what}", f"procedural.{size}.{name}.{scene}.{key}", ">=", least)
        for size in SIZES
        for name, alone, both, full in (("grain", 5.0, 0.85, 0.6), ("smooth", 2.0, 0.65, 0.45))
        for what, scene, key, least in (
            ("render alone, against x264", "usual", "render_x", alone),
            ("render and encode, against x264", "usual", "both_x", both),
            ("everything on, against x264", "everything", "both_x", full),
        )
    ),
    *(
        (f"{size}: ffmpeg's filters, against ours", f"procedural.{size}.filters.filters_x", ">=",
         3.0)
        for size in SIZES
    ),
    ("analysis of a 1080p file, against real time", "procedural.analysis.file_x", ">=", 12.0),
    ("analysis of 1080p planes, against real time", "procedural.analysis.planes_cpu_x", ">=", 12.0),
    ("sound, against real time", "procedural.sound.x", ">=", 50.0),
    ("sound, share of the rendering", "procedural.sound.of_rendering", "<", 1.0),
]  # fmt: skip
"""What each ratio should be: label, where it stands in the results, relation, target."""


def usual(grain: float) -> Shot:
    """A gradient, noise, two shapes, a camera and a grade."""
    return Shot(
        frames=240,
        key=12345,
        palette=_PALETTE,
        gradient=Gradient("angled", 60.0),
        texture=Texture(0.4, 1.0, 0.5, 0.1, 4),
        motion=Motion(0.4),
        camera=(CameraMove("zoom", 0.15), CameraMove("pan", 0.1)),
        overlays=(Overlay("circle", 2, 0.15, soft=0.05, orbit=0.05),),
        grade=Grade(contrast=1.1, saturation=1.1, grain=grain),
    )


def everything(grain: float) -> Shot:
    """Layers, water, depth of field, two kinds of particles, beams, shapes and a title as well."""
    return Shot(
        frames=240,
        key=12345,
        palette=_PALETTE,
        ground=_PALETTE,
        scenery="sky",
        texture=Texture(0.4, 1.0, 0.5, 0.1, 5),
        motion=Motion(0.5, 0.0),
        camera=(CameraMove("zoom", 0.15), CameraMove("pan", 0.2), CameraMove("handheld", 0.3)),
        overlays=(Overlay("star", 3, 0.08, turn=20.0, orbit=0.1),),
        particles=(Particles("snow"), Particles("bokeh")),
        depth=Depth(5, 1.0, False, 0.5, 0.8),
        light=Light("sun", 0.5, 60.0, 0.4, 0.5, 0.6),
        grade=Grade(contrast=1.1, saturation=1.1, grain=grain, vignette=0.3, halation=0.3),
        titles=(Title("FIRST LIGHT", start_s=0.0, length_s=10.0),),
    )


def measure() -> dict[str, Any]:
    """Every ratio of the engine; takes about a minute."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size, (width, height) in SIZES.items():
            for name, grain in (("grain", GRAIN), ("smooth", 0.0)):
                part = found.setdefault(size, {}).setdefault(name, {})
                part["usual"] = _pair(Path(folder), width, height, usual(grain))
                part["everything"] = _pair(Path(folder), width, height, everything(grain))
            found[size]["filters"] = _against_filters(width, height)
        found["analysis"] = _analysis(Path(folder))
    found["sound"] = _sound()
    return found


def _pair(folder: Path, width: int, height: int, shot: Shot) -> dict[str, float]:
    """Rendering, encoding and both of the same frames, in processor milliseconds a frame."""
    script = Script(width, height, FPS, 7, (shot,))
    film = Film(script)
    target = folder / "clip.mp4"
    kept = [Planes.blank(width, height) for _ in range(FRAMES)]
    numbers = [60 + n for n in range(FRAMES)]
    film.frame(0, kept[0])

    def render() -> None:
        for number, planes in zip(numbers, kept, strict=True):
            film.frame(number, planes)

    def encode(paint: Callable[[int, Planes], None]) -> None:
        encode_segment(
            target, paint, numbers, size=(width, height), fps=FPS, crf=CRF, preset=PRESET
        )

    def copied(number: int, planes: Planes) -> None:
        source = kept[number - numbers[0]]
        planes.luma[:], planes.cb[:], planes.cr[:] = source.luma, source.cb, source.cr

    rounds = []
    for _ in range(ROUNDS):
        rounds.append(
            (_cpu(render), _cpu(lambda: encode(copied)), _cpu(lambda: encode(film.frame)))
        )
    alone, ceiling, both = (statistics.median(times) for times in zip(*rounds, strict=True))
    return {
        "render_ms": _per_frame(alone),
        "x264_ms": _per_frame(ceiling),
        "both_ms": _per_frame(both),
        "render_x": round(statistics.median(c / r for r, c, _ in rounds), 2),
        "both_x": round(statistics.median(c / b for _, c, b in rounds), 3),
    }


def _against_filters(width: int, height: int) -> dict[str, float]:
    """The usual scene with grain, against ffmpeg's filters: gradients, noise, shapes, camera,
    curves, vignette and grain."""
    film = Film(Script(width, height, FPS, 7, (usual(GRAIN),)))
    planes = Planes.blank(width, height)
    film.frame(0, planes)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        sink = _filters(width, height)
        sink()
        ours.append(_cpu(lambda: [film.frame(60 + n, planes) for n in range(FRAMES)]))
        theirs.append(_cpu(lambda pull=sink: [pull() for _ in range(FRAMES)]))
    return {
        "ours_ms": _per_frame(statistics.median(ours)),
        "filters_ms": _per_frame(statistics.median(theirs)),
        "filters_x": round(statistics.median(t / o for o, t in zip(ours, theirs, strict=True)), 2),
    }


def _filters(width: int, height: int) -> Callable[[], VideoFrame]:
    """The chain; each call gives its next frame."""
    graph = Graph()
    graph.threads = 1
    size = f"{width}x{height}"
    field = graph.add("gradients", f"s={size}:r={FPS}:n=5:speed=0.02:type=linear:seed=7")
    plain = graph.add("format", "gbrp")
    noise = graph.add("perlin", f"s={size}:r={FPS}:octaves=4:persistence=0.5:xscale=2:yscale=2")
    grey = graph.add("format", "gbrp")
    blend = graph.add("blend", "all_mode=softlight:all_opacity=0.6")
    radius = round(0.15 * height)
    shape = graph.add("color", f"c=white:s={2 * radius}x{2 * radius}:r={FPS}")
    alpha = graph.add("format", "rgba")
    circle = graph.add(
        "geq", f"r=255:g=255:b=255:a=clip(({radius}-hypot(X-{radius}\\,Y-{radius}))*16\\,0\\,204)"
    )
    once = graph.add("loop", "loop=-1:size=1:start=0")
    copies = graph.add("split", "2")
    first = graph.add("overlay", f"x={width}*0.3+20*sin(t):y={height}*0.3:shortest=1:format=gbrp")
    second = graph.add("overlay", f"x={width}*0.55+20*cos(t):y={height}*0.4:shortest=1:format=gbrp")
    camera = graph.add("rotate", "a=0.02*sin(t):bilinear=1")
    closer = graph.add("scale", "w=iw*1.1:h=ih*1.1")
    crop = graph.add("crop", f"{width}:{height}:x=20*t:y=10")
    curves = graph.add("curves", "preset=increase_contrast")
    vignette = graph.add("vignette", "PI/6")
    grain = graph.add("noise", "alls=10:allf=t")
    last = graph.add("format", "yuv420p")
    sink = graph.add("buffersink")
    field.link_to(plain)
    plain.link_to(blend, 0, 0)
    noise.link_to(grey)
    grey.link_to(blend, 0, 1)
    shape.link_to(alpha)
    alpha.link_to(circle)
    circle.link_to(once)
    once.link_to(copies)
    blend.link_to(first, 0, 0)
    copies.link_to(first, 0, 1)
    first.link_to(second, 0, 0)
    copies.link_to(second, 1, 1)
    chain = (second, camera, closer, crop, curves, vignette, grain, last, sink)
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()

    def pull() -> VideoFrame:
        frame = graph.pull()
        assert isinstance(frame, VideoFrame)
        # The graph runs with the frame that keeps it alive.
        return frame

    return pull


def _analysis(folder: Path) -> dict[str, float]:
    """How many times faster than real time a 1080p film is analysed: from its file in wall-clock
    time with the stage's two threads and in processor time, and from its planes."""
    film = Film(Script(1920, 1080, FPS, 7, (usual(0.0),)))
    target = folder / "film.mp4"
    numbers = range(2 * FPS)
    encode_segment(target, film.frame, numbers, size=(1920, 1080), fps=FPS, crf=CRF, preset=PRESET)
    planes = Planes.blank(1920, 1080)
    film.frame(0, planes)
    meter = Meter(1920, 1080, FPS)

    def look() -> None:
        for _ in numbers:
            meter.add(planes.luma, planes.cb, planes.cr)

    look()
    analyse(target)
    seconds = len(numbers) / FPS
    walls = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        analyse(target, threads=2)
        walls.append(time.perf_counter() - began)
    spent = statistics.median(_cpu(lambda: analyse(target)) for _ in range(ROUNDS))
    looked = statistics.median(_cpu(look) for _ in range(ROUNDS))
    return {
        "file_x": round(seconds / statistics.median(walls), 1),
        "file_cpu_x": round(seconds / spent, 1),
        "planes_cpu_x": round(seconds / looked, 1),
    }


def _sound() -> dict[str, float]:
    """How many times faster than real time a score is played, and its share of the picture's time."""
    instruction = interpret("epic trailer: storm over the sea, drums, choir, fast cuts")
    script = compose(
        instruction, seed=7, width=1280, height=720, fps=FPS, duration_s=SOUND_S, knowledge=None
    )
    samples(script)
    spent = statistics.median(_cpu(lambda: samples(script)) for _ in range(ROUNDS))
    film, planes = Film(script), Planes.blank(1280, 720)
    film.frame(0, planes)
    step = script.frames // FRAMES
    picture = _cpu(lambda: [film.frame(n * step, planes) for n in range(FRAMES)])
    share = spent / (picture / FRAMES * script.frames)
    return {"x": round(SOUND_S / spent, 1), "of_rendering": round(share, 3)}


def _cpu(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def _per_frame(seconds: float) -> float:
    return round(1000 * seconds / FRAMES, 2)
