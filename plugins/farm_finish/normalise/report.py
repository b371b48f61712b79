"""What was found and what was changed, as one JSON document (schema ``farm.normalise/1``).

Invariant: a change that is not in ``changes`` was not made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from farm_finish.normalise.decoded import Damage
from farm_finish.normalise.geometry import Geometry
from farm_finish.normalise.look import Look
from farm_finish.normalise.params import NormaliseParams
from farm_finish.normalise.soundtrack import UNEVEN_S, Heard
from farm_finish.normalise.survey import Survey
from farm_finish.normalise.timing import Paced
from farm_finish.normalise.written import RATE

if TYPE_CHECKING:
    from farm_finish.normalise.stage import Timeline

SCHEMA = "farm.normalise/1"
Change = dict[str, Any]


@dataclass(slots=True)
class Done:
    """Everything the stage learned and did, filled in as it goes."""

    survey: Survey
    damage: Damage
    container: str = ""
    look: Look | None = None
    timeline: Timeline | None = None
    geometry: Geometry | None = None
    form: str = ""
    fields: str = "none"
    changed_shape: int = 0
    paced: Paced = field(default_factory=Paced)
    heard: Heard | None = None
    silent: bool = False
    samples: int = 0


def report(done: Done, params: NormaliseParams) -> dict[str, Any]:
    """The document: ``source``, ``result`` and ``changes`` (each with ``what`` and details)."""
    source: dict[str, Any] = {"container": done.container, "unused_streams": [*done.survey.unused]}
    result: dict[str, Any] = {}
    if done.look is not None and done.timeline is not None and done.geometry is not None:
        source["video"] = {
            "width": done.look.width,
            "height": done.look.height,
            "pixel_aspect": str(done.look.aspect),
            "pixel_format": done.look.format,
            "matrix": "rgb" if done.look.rgb else done.look.matrix,
            "full_range": done.look.full_range,
            "transfer": done.look.transfer,
            "gamut": done.look.gamut,
            "fps": str(done.timeline.pace.fps),
            "constant_rate": done.timeline.pace.steady,
            "start_s": float(done.look.first_s),
        }
        result["video"] = {
            "width": done.geometry.width,
            "height": done.geometry.height,
            "pixel_format": done.form,
            "fps": str(done.timeline.fps),
            "frames": done.timeline.total,
            "duration_s": float(done.timeline.total / done.timeline.fps),
        }
    if done.heard is not None:
        source["audio"] = {"layouts": done.heard.layouts, "sample_rates": done.heard.rates}
    if done.samples:
        result["audio"] = {"samples": done.samples, "duration_s": done.samples / RATE}
    return {
        "schema": SCHEMA,
        "source": source,
        "result": result,
        "changes": [*_picture(done, params), *_time(done), *_sound(done), *_damage(done)],
    }


def _picture(done: Done, params: NormaliseParams) -> Iterator[Change]:
    look, geometry = done.look, done.geometry
    if look is None or geometry is None:
        return
    if done.fields != "none":
        yield {"what": "deinterlaced", "by": "bwdif", "fields": done.fields}
    elif look.flagged and params.deinterlace == "auto":
        yield {"what": "interlace-flag-ignored", "why": "the pictures are progressive"}
    if geometry.turns or geometry.mirrored:
        turned = {"counter_clockwise_deg": 90 * geometry.turns, "mirrored": geometry.mirrored}
        yield {"what": "turned-upright", **turned}
    if look.askew:
        yield {"what": "rotation-rounded", "ignored_deg": look.askew}
    if look.aspect != 1:
        yield {"what": "pixels-squared", "pixel_aspect": str(look.aspect)}
    if geometry.scale is not None:
        yield {"what": "scaled", "width": geometry.scale[0], "height": geometry.scale[1]}
    for what, box in (("cropped", geometry.crop), ("padded", geometry.pad)):
        if box is not None:
            names = ("width", "height", "left", "top")
            yield {"what": what, **dict(zip(names, box, strict=True))}
    if done.changed_shape:
        yield {"what": "size-changes-evened", "count": done.changed_shape}
    if look.gamut != "bt709":
        peak = params.hdr_peak_nits or look.peak_nits or 1000
        yield {
            "what": "mapped-to-sdr" if look.transfer != "sdr" else "gamut-mapped",
            "transfer": look.transfer,
            "gamut": look.gamut,
            "source_peak_nits": peak,
            "sdr_peak_nits": params.sdr_peak_nits,
            "curve": "ITU-R BT.2390" if look.transfer != "sdr" else "none",
        }
    elif not look.rgb and (look.matrix != "bt709" or look.full_range):
        yield {"what": "colours-to-bt709", "matrix": look.matrix, "full_range": look.full_range}
    if look.alpha and params.alpha == "flatten":
        yield {"what": "alpha-flattened", "background": params.background}
    if look.format != done.form:
        yield {"what": "pixel-format", "from": look.format, "to": done.form}


def _time(done: Done) -> Iterator[Change]:
    timeline = done.timeline
    if timeline is None:
        return
    if not timeline.pace.steady:
        yield {"what": "rate-made-constant", "fps": str(timeline.fps)}
    elif timeline.fps != timeline.pace.fps:
        change = {"from": str(timeline.pace.fps), "to": str(timeline.fps)}
        yield {"what": "rate-changed", **change}
    if done.paced.repeated:
        yield {"what": "frames-repeated", "count": done.paced.repeated}
    if done.paced.dropped:
        yield {"what": "frames-dropped", "count": done.paced.dropped}
    if timeline.origin_s != 0:
        yield {"what": "start-moved", "from_s": float(timeline.origin_s), "to_s": 0.0}
    if done.survey.untimed:
        yield {"what": "time-stamps-made", "count": done.survey.untimed}


def _sound(done: Done) -> Iterator[Change]:
    if done.silent:
        yield {"what": "sound-silent", "why": "there was none"}
    heard = done.heard
    if heard is None:
        return
    if any(rate != RATE for rate in heard.rates):
        yield {"what": "sound-resampled", "from_hz": heard.rates, "to_hz": RATE}
    if heard.drift_s > UNEVEN_S:
        yield {"what": "sound-kept-in-time", "drift_s": round(float(heard.drift_s), 4)}
    if any(layout != "stereo" for layout in heard.layouts):
        mixed = {"layouts": heard.layouts, "gain_db": round(heard.gain_db, 2)}
        yield {"what": "sound-mixed-to-stereo", "by": "ITU-R BS.775", **mixed}
    if heard.holes:
        yield {"what": "sound-holes-filled", "count": heard.holes}
    moves = {
        "sound-begins-later": heard.led_in,
        "sound-cut-before-film": heard.cut_in,
        "sound-padded-to-film": heard.filled_out,
        "sound-cut-after-film": heard.cut_out,
    }
    for what, samples in moves.items():
        if samples:
            yield {"what": what, "samples": samples, "seconds": float(Fraction(samples, RATE))}


def _damage(done: Done) -> Iterator[Change]:
    damage = done.damage
    if done.survey.short:
        yield {"what": "truncated", "got": done.survey.short}
    if damage.packets or damage.pictures:
        counts = {"packets": damage.packets, "pictures": damage.pictures}
        yield {"what": "damage-passed-over", **counts}
