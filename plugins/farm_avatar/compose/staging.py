"""A scene's visuals made ready: each as a shot with its moment, its card and its picture.

Invariant: a file is opened when its shot is near and closed when it is over, so that memory does not
grow with the number of visuals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter

from farm import InputError
from farm_avatar.compose.camera import camera
from farm_avatar.compose.fonts import lacking
from farm_avatar.compose.framing import backing
from farm_avatar.compose.ground import ground
from farm_avatar.compose.intake import check_visual, open_page, open_picture
from farm_avatar.compose.layout import Places
from farm_avatar.compose.listing import listing
from farm_avatar.compose.moving import NEAR, Clip, Drift, Screen
from farm_avatar.compose.pace import pace_of
from farm_avatar.compose.planes import Planes, lay, planes_of
from farm_avatar.compose.scene import Scene, Visual
from farm_avatar.compose.shots import Shot, card, placed
from farm_avatar.compose.theme import Palette
from farm_avatar.compose.titles import add_heading, add_title

Told = Callable[[str], None]


@dataclass(slots=True)
class Stager:
    """Makes shots for one scene. files : of the scene's archive, by name.

    told : is called now and then, for cancellation. warnings : named, in plain words.
    """

    scene: Scene
    places: Places
    colours: Palette
    files: Mapping[str, Path]
    told: Told = lambda note: None
    warnings: list[str] = field(default_factory=list)
    facts: list[dict[str, object]] = field(default_factory=list)
    _ground: Image.Image | None = None
    _planes: Planes | None = None

    def shot(self, number: int, start_s: float, stop_s: float) -> Shot:
        """Visual ``number`` (from 0), on screen between two moments of the scene.

        Raises
        ------
        InputError : its file is missing or cannot be shown, or its text does not fit.
        """
        visual = self.scene.visuals[number]
        where = _named(number, visual)
        self.told(where)
        if self.places.frame == "full" and visual.kind in ("title", "code", "clip", "screen"):
            self.warnings.append(f"hidden: {where} is not shown behind a presenter in full")
            return Shot(start_s, visual.transition, self.ground_planes())
        if visual.kind == "title":
            return self._title(visual, start_s, where)
        if visual.kind == "code":
            return self._code(visual, start_s, where)
        path = self._file(visual, where)
        if visual.kind in ("slide", "image", "pdf"):
            return self._still(visual, path, start_s, stop_s, where)
        return self._film(visual, path, start_s, stop_s, where)

    def check_all(self) -> None:
        """Look at every file. Raises InputError for the first that cannot be shown."""
        for number, visual in enumerate(self.scene.visuals):
            if visual.file:
                where = _named(number, visual)
                check_visual(self._file(visual, where), visual, where)

    def bare(self) -> Shot:
        """What is shown where a scene has nothing on screen: its title, or the ground alone."""
        if not self.scene.title or self.places.head is not None or self.places.frame == "full":
            return Shot(0.0, "cut", self.ground_planes())
        picture = self.ground_picture().copy()
        add_title(picture, self.places.stage, self.colours, self.places.unit, self.scene.title,
                  centred=self.places.frame == "none")  # fmt: skip
        return Shot(0.0, "cut", self._with_panel(planes_of(picture)))

    def ground_picture(self) -> Image.Image:
        """The ground with the scene's title where there is room for it."""
        if self._ground is None:
            picture = ground(self.scene.size, self.colours)
            if self.places.head is not None:
                self.letters(self.scene.title, "the title")
                add_heading(picture, self.places.head, self.colours, self.places.unit,
                            self.scene.title)  # fmt: skip
            self._ground = picture
        return self._ground

    def ground_planes(self) -> Planes:
        """The same as planes."""
        if self._planes is None:
            self._planes = self._with_panel(planes_of(self.ground_picture()))
        return self._planes

    def letters(self, text: str, what: str, code: bool = False) -> None:
        """Warn of characters that the letters lack."""
        missing = lacking("code" if code else "text", text.replace("\n", " "))
        if missing:
            self._warn(
                f"missing-letters: {what} has characters that the letters lack: {missing[:40]}"
            )

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    def _file(self, visual: Visual, where: str) -> Path:
        path = self.files.get(visual.file)
        if path is None:
            raise InputError(
                "is not among the scene's files",
                where=where,
                expected=", ".join(sorted(self.files)[:8]) or "a file",
                got=visual.file,
                mend="Send the file along.",
                code="compose.missing-file",
            )
        return path

    def _title(self, visual: Visual, start_s: float, where: str) -> Shot:
        for text in (visual.text, visual.caption, visual.label):
            self.letters(text, where)
        picture = self.ground_picture().copy()
        add_title(picture, self.places.stage, self.colours, self.places.unit, visual.text,
                  visual.caption, visual.label, self.places.frame == "none", where)  # fmt: skip
        return Shot(start_s, visual.transition, self._with_panel(planes_of(picture)))

    def _code(self, visual: Visual, start_s: float, where: str) -> Shot:
        self.letters(visual.text, where, code=True)
        window = listing(visual.text, visual.language, visual.lines, visual.caption,
                         self.places.stage.size, self.places.unit, self.colours, where)  # fmt: skip
        # A window is shown as it was drawn: letters that are enlarged are not sharp.
        at = placed(window.size, self.places, enlarge=False)
        made = card(window, at, self.places, self.colours, self.scene.size)
        return Shot(start_s, visual.transition, self.ground_planes(), made)

    def _still(self, visual: Visual, path: Path, start_s: float, stop_s: float, where: str) -> Shot:
        room = self.scene.size if self.places.frame == "full" else self.places.stage.size
        near = NEAR if visual.motion != "none" else 1.0
        wanted = (round(room[0] * near), round(room[1] * near))
        if visual.kind == "pdf":
            # Rendered half as large again and made smaller: thin lines stay even.
            fine = (round(wanted[0] * 1.5), round(wanted[1] * 1.5))
            picture = open_page(path, visual.page, fine, where)
        else:
            picture = open_picture(path, where, wanted)
        if self.places.frame == "full":
            return Shot(start_s, visual.transition, planes_of(self._blurred(picture)))
        cover = visual.fit == "cover"
        at = placed(picture.size, self.places, cover)
        scale = max(at.width / picture.width, at.height / picture.height) * near
        size = (max(2, round(at.width * near)), max(2, round(at.height * near)))
        content = _cut(picture, size, scale)
        if visual.motion == "none":
            made = card(content, at, self.places, self.colours, self.scene.size)
            return Shot(start_s, visual.transition, self.ground_planes(), made)
        made = card(None, at, self.places, self.colours, self.scene.size)
        even_size = (content.width // 2 * 2, content.height // 2 * 2)
        drift = Drift(planes_of(content.crop((0, 0, *even_size))), visual.motion, stop_s - start_s)
        return Shot(start_s, visual.transition, self.ground_planes(), made, drift)

    def _film(self, visual: Visual, path: Path, start_s: float, stop_s: float, where: str) -> Shot:
        cover = visual.fit == "cover"
        if visual.kind == "clip":
            clip = Clip(path, where, (visual.start_s, visual.end_s), visual.speed,
                        visual.on_end == "loop", self._warn)  # fmt: skip
            at = placed(clip.size, self.places, cover)
            made = card(None, at, self.places, self.colours, self.scene.size)
            return Shot(start_s, visual.transition, self.ground_planes(), made, clip)
        room_s = stop_s - start_s
        seen, pace = pace_of(path, where, visual, room_s, self.told)
        at = placed(seen.size, self.places)
        moves = camera(seen, pace, at.size, room_s) if visual.zoom else None
        if pace.length_s > room_s + 0.5:
            self.warnings.append(
                f"screen-cut-off: {where} is longer than the {room_s:.1f} s that it is shown for"
            )
        self.facts.append(
            {
                "visual": where,
                "cut_s": round(pace.cut_s, 2),
                "hurried_s": round(pace.hurried_s, 2),
                "shown_s": round(min(pace.length_s, room_s), 2),
                "frozen_s": round(max(0.0, room_s - pace.length_s), 2),
                "moves": len(moves.moves) if moves else 0,
            }
        )
        made = card(None, at, self.places, self.colours, self.scene.size)
        screen = Screen(path, where, (visual.start_s, visual.end_s), pace, moves, self._warn)
        return Shot(start_s, visual.transition, self.ground_planes(), made, screen)

    def _with_panel(self, planes: Planes) -> Planes:
        """The card that a presenter stands in lies on the ground, below what is on screen."""
        if self.places.frame == "card":
            lay(planes, backing(self.places, self.colours))
        return planes

    def _blurred(self, picture: Image.Image) -> Image.Image:
        """A picture as the dim background of a presenter who fills the frame."""
        size = self.scene.size
        scale = max(size[0] / picture.width, size[1] / picture.height)
        small = _cut(picture, (size[0] // 4, size[1] // 4), scale / 4)
        soft = small.filter(ImageFilter.GaussianBlur(self.places.unit / 90))
        whole = soft.resize(size, Image.Resampling.BICUBIC)
        return Image.blend(
            ImageEnhance.Brightness(whole).enhance(0.55), self.ground_picture(), 0.66
        )


def _named(number: int, visual: Visual) -> str:
    return f"visual {number + 1} ({visual.file or visual.kind})"


def _cut(picture: Image.Image, size: tuple[int, int], scale: float) -> Image.Image:
    """The middle of a picture at a scale, of exactly that size."""
    across, down = min(picture.width, size[0] / scale), min(picture.height, size[1] / scale)
    left, top = (picture.width - across) / 2, (picture.height - down) / 2
    return picture.resize(
        size,
        Image.Resampling.LANCZOS,
        box=(left, top, left + across, top + down),
        reducing_gap=3.0,
    )
