"""From what an author wrote to what each scene shows: ``farm.scene/1`` and an archive of its files.

Invariant: a scene's two files depend on that scene and on what the whole lesson looks like (size,
theme, place of the presenter), never on what other scenes say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from farm import MediaKind
from farm_avatar.compose.intake import has_sound, page_png, pdf_pages
from farm_avatar.compose.scene import Chapter, LowerThird, Presenter, Progress, Scene, Visual
from farm_avatar.lesson.assets import Archive, Asset, Shelf
from farm_avatar.lesson.clips import Heard
from farm_avatar.lesson.document import Card, Lesson, Shown
from farm_avatar.lesson.reading import Script, Spoken
from farm_avatar.lesson.refusals import refused

MOST_PAGES = 200
_SCREEN_NAMES = ("screen", "capture", "recording")
_PASSED_ON = ("fit", "motion", "transition", "start_s", "end_s", "speed", "zoom", "on_end")


@dataclass(frozen=True, slots=True)
class Look:
    """What all scenes share. presenter : whether somebody is seen at all."""

    size: tuple[int, int]
    fps: int
    captions: str
    presenter: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A scene to be written. seen : whether the presenter is in the picture. heard : clips."""

    scene: Scene
    archive: Archive
    seen: bool
    heard: list[Heard]


class Studio:
    """Makes the scenes of a lesson."""

    def __init__(self, script: Script, shelf: Shelf, look: Look, told: Callable[[], None]) -> None:
        self._script, self._shelf, self._look, self._told = script, shelf, look, told
        self._file = script.source.file
        self._pages: dict[str, int] = {}
        self.warnings: list[str] = []
        self._count = len(script.scenes) + bool(script.lesson.intro) + bool(script.lesson.outro)

    def scene(self, number: int) -> Made:
        """Scene ``number`` of the script, from 0. Raises InputError."""
        spoken, lesson = self._script.scenes[number], self._script.lesson
        archive = Archive()
        visuals: list[Visual] = []
        heard: list[Heard] = []
        presenter = self._presenter(spoken)
        for index, shown in enumerate(spoken.scene.show):
            visuals.append(self._visual(shown, spoken, number, index, archive))
            line = self._script.source.line(("scenes", number, "show", index))
            # Behind a presenter who fills the picture no clip is seen, so none is heard.
            sound = self._sound(shown, visuals[-1], line, presenter.layout == "full")
            if sound:
                heard.append(Heard(visual=index, sound=sound, name=shown.file, gain_db=shown.sound_db,
                                   asked=shown.sound is not None))  # fmt: skip
        if not visuals:
            title = spoken.scene.title or lesson.title
            visuals = [Visual(kind="title", text=title)]
        place = number + bool(lesson.intro)
        made = Scene(
            **self._shared(),
            title=spoken.scene.title,
            presenter=presenter,
            visuals=tuple(visuals),
            lower_third=self._lower_third(number),
            chapter=self._card(spoken),
            progress=Progress(index=place, count=self._count) if lesson.progress else None,
        )
        return Made(made, archive, presenter.layout != "none", heard)

    def card(self, card: Card, last: bool) -> Made:
        """A title card without anybody."""
        place = self._count - 1 if last else 0
        lesson = self._script.lesson
        made = Scene(
            **self._shared(),
            presenter=Presenter(layout="none"),
            visuals=(Visual(kind="title", text=card.title, caption=card.subtitle),),
            progress=Progress(index=place, count=self._count) if lesson.progress else None,
        )
        return Made(made, Archive(), False, [])

    def _shared(self) -> dict[str, Any]:
        lesson, look = self._script.lesson, self._look
        return {
            "size": look.size,
            "fps": look.fps,
            "theme": lesson.theme,
            "captions": look.captions,
            "language": lesson.language,
        }

    def _presenter(self, spoken: Spoken) -> Presenter:
        if not self._look.presenter or not spoken.sentences:
            return Presenter(layout="none")
        given = spoken.scene.presenter or self._script.lesson.presenter
        if given is not None:
            return given
        return Presenter(layout="corner" if spoken.scene.show else "full")

    def _lower_third(self, number: int) -> LowerThird | None:
        scenes = self._script.scenes
        own = scenes[number].scene.lower_third
        first = next(index for index, each in enumerate(scenes) if each.sentences)
        return own or (self._script.lesson.lower_third if number == first else None)

    def _card(self, spoken: Spoken) -> Chapter | None:
        lesson: Lesson = self._script.lesson
        wanted = spoken.scene.card or (lesson.cards and spoken.scene.chapter)
        title = spoken.scene.title
        return Chapter(title=title) if wanted and title and spoken.scene.show else None

    def _visual(
        self, shown: Shown, spoken: Spoken, number: int, index: int, archive: Archive
    ) -> Visual:
        line = self._script.source.line(("scenes", number, "show", index))
        at = shown.from_sentence
        if at is not None and at > len(spoken.sentences):
            at = len(spoken.sentences) or None
            self.warnings.append(
                f'{self._file}, line {line}: nothing is said after this in "{spoken.scene.title}"; '
                "it comes with the last sentence"
            )
        fields: dict[str, Any] = {name: getattr(shown, name) for name in _PASSED_ON}
        fields["at_sentence"] = at
        # Whoever wants to hear all of a recording wants no part of it cut out.
        fields["dead_air"] = shown.sound != "full" if shown.dead_air is None else shown.dead_air
        if shown.code:
            return Visual(
                kind="code", text=shown.code, language=shown.language, lines=shown.lines,
                caption=shown.caption, **fields,
            )  # fmt: skip
        if shown.title:
            return Visual(kind="title", text=shown.title, caption=shown.subtitle, **fields)
        asset = self._shelf.find(shown.file, line)
        self._told()
        if asset.is_pdf:
            png = self._page(asset, shown.page, line)
            return Visual(kind="slide", file=archive.add_picture(png), **fields)
        kind = self._kind(asset, shown.kind, line)
        return Visual(kind=kind, file=archive.add(asset), caption=shown.caption, **fields)

    def _sound(self, shown: Shown, visual: Visual, line: int, hidden: bool) -> Any:
        """How a visual is heard: ``under``, ``full``, or not."""
        if visual.kind not in ("clip", "screen"):
            if shown.sound in ("under", "full"):
                raise refused(
                    "has no sound that could be heard", self._file, line, field="sound",
                    expected="a clip or a screen recording", got=visual.kind,
                    mend="Leave `sound` out.", code="lesson.no-sound",
                )  # fmt: skip
            return None
        if shown.sound == "off" or hidden:
            return None
        if has_sound(self._shelf.find(shown.file, line).path, shown.file):
            return shown.sound or "under"
        if shown.sound:
            self.warnings.append(
                f'no-sound: {self._file}, line {line}: "{shown.file}" has no sound of its own, so '
                f"`sound: {shown.sound}` changes nothing"
            )
        return None

    def _page(self, asset: Asset, page: int, line: int) -> bytes:
        """A page of a PDF as a picture: then a page that changes changes no other's scene."""
        if asset.name not in self._pages:
            self._pages[asset.name] = pdf_pages(asset.path, asset.name)
        pages = self._pages[asset.name]
        if pages > MOST_PAGES:
            raise refused(
                f'"{asset.name}" has too many pages', self._file, line,
                expected=f"at most {MOST_PAGES} pages", got=f"{pages} pages",
                mend="Export the pages that the lesson shows to a file of their own.",
                code="lesson.many-pages",
            )  # fmt: skip
        if page > pages:
            raise refused(
                f'"{asset.name}" has no page {page}', self._file, line,
                expected=f"1 to {pages}", got=str(page),
                mend="Write #page= with a page that is there.", code="lesson.no-such-page",
            )  # fmt: skip
        return page_png(asset.path, page, self._look.size, asset.name)

    def _kind(self, asset: Asset, wanted: str, line: int) -> Any:
        if asset.kind is MediaKind.IMAGE and wanted in ("", "slide", "image"):
            return wanted or "slide"
        if asset.kind is MediaKind.VIDEO and wanted in ("", "clip", "screen"):
            stem = asset.name.rpartition("/")[2].lower()
            return wanted or ("screen" if stem.startswith(_SCREEN_NAMES) else "clip")
        raise refused(
            f'"{asset.name}" cannot be shown' + (f" as {wanted}" if wanted else ""),
            self._file, line,
            expected="a picture, a PDF or a film", got=asset.kind.value,
            mend="Export it as PNG, PDF or MP4, and leave `kind` out.", code="lesson.bad-asset",
        )  # fmt: skip
