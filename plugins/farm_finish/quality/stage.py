"""The stage ``media.quality``: a film measured against a reference and by itself.

Invariant: everything is read once, from the first picture to the last; a film that fails is never
passed on by the policy ``fail``, and the reason names the check, the time, the value and the limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from farm import InputError, Result, Task
from farm.media.source import frame_rate, opened, video_stream
from farm_finish.normalise.decoded import Damage, pictures
from farm_finish.quality.comparison import Comparison
from farm_finish.quality.film import Film, film_of
from farm_finish.quality.finding import Finding
from farm_finish.quality.flip import check_installed
from farm_finish.quality.hearing import Heard, has_sound, hear
from farm_finish.quality.page import page
from farm_finish.quality.params import QualityParams
from farm_finish.quality.picture_checks import picture_findings
from farm_finish.quality.report import facts, graphs, record
from farm_finish.quality.sound_checks import sound_findings
from farm_finish.quality.thumbnails import thumbnails
from farm_finish.quality.vmaf import Vmaf, ffmpeg_with_vmaf

_PICTURES_SHARE = 0.9


def run(task: Task[QualityParams]) -> Result:
    """Measure ``media``, against ``reference`` if there is one; write ``report`` and ``page``.

    Raises
    ------
    InputError : it cannot be read, the reference is of another size, or, by the policy ``fail``,
        a check failed. MissingExtra : a metric was asked for that is not installed.
    """
    written: Path = task.output("report", ".json")
    shown: Path = task.output("page", ".html")
    media = task.input("media").path
    against = task.input("reference").path if task.inputs.get("reference") else None
    if against is not None:
        _check_extras(task.params)
    film, comparison = _seen(task, media, against)
    heard = _heard(task, media)
    if film is None and heard is None:
        raise InputError(
            "has neither pictures nor sound",
            where="media",
            mend="Send a film or a sound.",
            code="media.no-streams",
        )
    findings = [
        finding
        for finding in _findings(film, heard, comparison, task.params)
        if finding.check not in task.params.skip
    ]
    failed = [finding for finding in findings if not finding.passed]
    for finding in failed:
        task.log.warning("%s", finding.sentence())
    if failed and task.params.policy == "fail":
        raise _refusal(failed)
    told = record(findings, task.params.policy, film, heard, comparison)
    written.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    length_s = max(film.length_s if film else 0.0, heard.length_s if heard else 0.0)
    small = thumbnails(media, failed, task.checkpoint) if film is not None else []
    drawn = graphs(findings, film, heard, comparison)
    text = page("Quality report", facts(film, heard), findings, drawn, small, length_s)
    shown.write_text(text, encoding="utf-8")
    task.progress(1, 1)
    return {"report": written, "page": shown}


def _seen(
    task: Task[QualityParams], media: Path, against: Path | None
) -> tuple[Film | None, Comparison | None]:
    with ExitStack() as held:
        container = held.enter_context(opened(media, "media"))
        if not container.streams.video:
            return None, None
        stream = video_stream(container, "media")
        film = film_of(container, stream)
        total = stream.frames or task.input("media").facts.frames or 0
        if not total and container.duration:
            total = round(Fraction(container.duration, 1_000_000) * film.fps)
        comparison: Comparison | None = None
        if against is not None:
            vmaf: Vmaf | None = None
            if "vmaf" in task.params.metrics:
                task.scratch.mkdir(parents=True, exist_ok=True)
                vmaf = held.enter_context(Vmaf(task.scratch, task.threads, task.checkpoint))
            references = _references(held, against)
            comparison = Comparison(references, task.params, vmaf, total)
        frames = pictures(container, stream, "media", film.fps, film.damage)
        for moment, frame in frames:
            task.progress(
                film.frames, max(total, film.frames + 1) / _PICTURES_SHARE, f"frame {film.frames}"
            )
            film.add(moment, frame)
            if comparison is not None:
                comparison.add(frame, film.fps)
        if comparison is not None:
            comparison.finish()
        return film, comparison


def _references(held: ExitStack, against: Path) -> Iterator[tuple[Fraction, VideoFrame]]:
    container = held.enter_context(opened(against, "reference"))
    stream = video_stream(container, "reference")
    return pictures(container, stream, "reference", frame_rate(stream), Damage(keep=False))


def _heard(task: Task[QualityParams], media: Path) -> Heard | None:
    with opened(media, "media") as container:
        if not has_sound(container):
            return None
    total_s = task.input("media").facts.duration_s or 0.0

    def told(done_s: float) -> None:
        share = done_s / max(total_s, done_s)
        task.progress(_PICTURES_SHARE + (1 - _PICTURES_SHARE) * share, 1, f"sound {done_s:.0f} s")

    return hear(media, task.params, told)


def _findings(
    film: Film | None, heard: Heard | None, comparison: Comparison | None, params: QualityParams
) -> Iterator[Finding]:
    if comparison is not None and film is not None:
        yield from comparison.findings(film.fps)
    if film is not None:
        yield from picture_findings(film, params)
    yield from sound_findings(film, heard, params)


def _check_extras(params: QualityParams) -> None:
    if "vmaf" in params.metrics:
        ffmpeg_with_vmaf()
    if "flip" in params.metrics:
        check_installed()


def _refusal(failed: Sequence[Finding]) -> InputError:
    first = failed[0]
    where = f", {first.where()}" if first.where() else ""
    others = ", ".join(finding.check for finding in failed[1:])
    more = f" {others} failed too." if others else ""
    return InputError(
        f"failed the check {first.check}: {first.said}",
        where=f"media{where}",
        expected=first.text(first.limit),
        got=first.text(first.measured),
        mend=f'Mend the film, or allow more, skip the check or use policy "flag".{more}',
        code=f"quality.{first.check}",
    )
