"""The command ``farm optics``.

Invariant: nothing here is worked out; words go to the parameters, numbers come from the lens.
"""

from __future__ import annotations

import argparse
import json
import math

from pydantic import ValidationError

from farm import CommandContext, InputError
from farm_optics import measures
from farm_optics.acoustics import PLACES
from farm_optics.cameras import SENSORS
from farm_optics.hearing import settings
from farm_optics.lens import Lens, background_growth, dolly_zoom_mm
from farm_optics.params import AcousticsParams, LensParams
from farm_optics.shots import SHOTS, picture_height_mm, shot, shot_at, shot_distance_m


def optics(context: CommandContext) -> int:
    """``farm optics 85mm f/1.4 2m --camera alexa35``: what a lens does there."""
    given = _parser().parse_args(context.arguments)
    if given.cameras:
        context.echo(_cameras(given.json))
        return 0
    params = _params(given)
    found = _report(params.lens(), given)
    if given.place:
        found["acoustics"] = settings(
            AcousticsParams(**params.model_dump(), shot=given.shot or "", place=given.place)
        )
    context.echo(json.dumps(found, indent=2) if given.json else _printed(found))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("farm optics", description=optics.__doc__)
    parser.add_argument(
        "lens", nargs="*", metavar="MEASURE", help="focal length, aperture, focus: 85mm f/1.4 2m"
    )
    parser.add_argument("--camera", default="full-frame", help="camera or format; see --cameras")
    parser.add_argument("--at", action="append", default=[], metavar="DISTANCE", help="blur there")
    parser.add_argument("--shot", help="distance for a shot size, such as close-up")
    parser.add_argument("--to", metavar="DISTANCE", help="dolly zoom to there from the focus")
    parser.add_argument("--behind", default="10 m", help="background of the dolly zoom")
    parser.add_argument("--size", default="1920x1080", help="picture in pixels, for blurs")
    parser.add_argument("--place", choices=PLACES, help="how the shot sounds there")
    parser.add_argument("--cameras", action="store_true", help="list cameras and formats")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _params(given: argparse.Namespace) -> LensParams:
    """Measures in any order: the first length is the lens, the second the focus."""
    words = " ".join(given.lens).replace(",", " ").split()
    # "85 mm" is two words to a shell.
    joined: list[str] = []
    for word in words:
        if joined and word.lower() in ("mm", "cm", "m", "ft", "in"):
            joined[-1] += word
        else:
            joined.append(word)
    fields: dict[str, str] = {"camera": given.camera}
    for word in joined:
        if word.lower().startswith(("f/", "t/")):
            fields["aperture"] = word
        elif "focal_length" not in fields:
            fields["focal_length"] = word
        else:
            fields["focus"] = word
    try:
        return LensParams.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            str(first["msg"]).removeprefix("Value error, "),
            where=".".join(map(str, first["loc"])) or "lens",
            expected="measures such as 85mm f/1.4 2m",
            code="optics.measure",
        ) from error


def _report(lens: Lens, given: argparse.Namespace) -> dict[str, object]:
    width, height = _pixels(given.size)
    across, down = lens.sensor.framed(width, height)
    near, far = lens.limits_m()
    found: dict[str, object] = {
        "camera": lens.sensor.name,
        "sensor_mm": [lens.sensor.width_mm, lens.sensor.height_mm],
        "picture_mm": [round(across, 3), round(down, 3)],
        "focal_mm": lens.focal_mm,
        "f_number": lens.f_number,
        "focus_m": _plain(lens.focus_m),
        "equivalent_focal_mm": round(lens.equivalent_focal_mm, 2),
        "equivalent_f_number": round(lens.equivalent_f_number, 2),
        "angle_of_view_deg": [
            round(lens.angle_of_view_deg(side), 2)
            for side in (across, down, math.hypot(across, down))
        ],
        "circle_of_confusion_mm": round(lens.sharp_mm, 5),
        "hyperfocal_m": round(lens.hyperfocal_m(), 3),
        "near_m": _plain(near),
        "far_m": _plain(far),
        "depth_of_field_m": _plain(far - near),
        "blur": [
            {
                "at_m": _plain(distance),
                "mm": round(lens.blur_mm(distance), 4),
                "px": round(lens.blur_px(distance, width, height), 2),
            }
            for distance in [*map(_distance, given.at), math.inf]
        ],
    }
    high = picture_height_mm(lens.sensor, width / height)
    if math.isfinite(lens.focus_m):
        found["shot"] = shot_at(lens.focus_m, lens.focal_mm, high).name
    wanted = [shot(given.shot)] if given.shot else SHOTS.values()
    found["shot_distances_m"] = {
        one.name: round(shot_distance_m(one.height_m, lens.focal_mm, high), 3) for one in wanted
    }
    if given.to:
        to, behind = _distance(given.to), _distance(given.behind)
        zoomed = dolly_zoom_mm(lens.focal_mm, lens.focus_m, to)
        growth = background_growth(lens.focal_mm, lens.focus_m, to, behind)
        found["dolly_zoom"] = {
            "to_m": _plain(to),
            "focal_mm": round(zoomed, 2),
            "background_grows": round(growth, 3),
        }
    return found


def _printed(found: dict[str, object]) -> str:
    lines = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines.append(f"{_words(name)}:")
            lines += [f"  {_words(str(key)):28} {_value(one)}" for key, one in value.items()]
        elif name == "blur" and isinstance(value, list):
            lines.append("blur:")
            lines += [
                f"  at {one['at_m']!s:>8} {'' if one['at_m'] == 'infinity' else 'm':2}"
                f" {one['mm']:9.4f} mm {one['px']:8.2f} px"
                for one in value
            ]
        else:
            lines.append(f"{_words(name):30} {_value(value)}")
    return "\n".join(lines)


def _words(name: str) -> str:
    for ending, unit in (
        ("_mm", " (mm)"),
        ("_m", " (m)"),
        ("_deg", " (degrees)"),
        ("_db", " (dB)"),
    ):
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " ") + unit
    return name.replace("_", " ")


def _value(value: object) -> str:
    return " x ".join(map(str, value)) if isinstance(value, list) else str(value)


def _cameras(as_json: bool) -> str:
    if as_json:
        listed = [
            {
                "name": one.name,
                "title": one.title,
                "sensor_mm": [one.width_mm, one.height_mm],
                "pixels": list(one.pixels),
                "crop": round(one.crop, 3),
            }
            for one in SENSORS.values()
        ]
        return json.dumps(listed, indent=2)
    return "\n".join(
        f"{one.name:15} {one.width_mm:6.2f} x {one.height_mm:5.2f} mm"
        f"  crop {one.crop:5.2f}  {one.title}"
        for one in SENSORS.values()
    )


def _plain(metres: float) -> float | str:
    """JSON has no infinity."""
    return "infinity" if math.isinf(metres) else round(metres, 4)


def _distance(text: str) -> float:
    try:
        return measures.distance_m(text)
    except ValueError as error:
        raise InputError(str(error), where="distance", code="optics.measure") from error


def _pixels(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise InputError(
            "is no size", where="--size", expected="such as 1920x1080", got=text, code="optics.size"
        )
    return int(width), int(height)
