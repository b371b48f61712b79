"""The frames of a scene, one after another.

Invariant: a frame depends on its moment alone; at most two shots are open at a time; what did not
change is copied, never drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from farm_avatar.compose.camera import eased
from farm_avatar.compose.captions import Captions
from farm_avatar.compose.layout import even
from farm_avatar.compose.overlays import Banner, Bar, ChapterCard
from farm_avatar.compose.planes import Planes, lay, mix
from farm_avatar.compose.presenter import Presenter
from farm_avatar.compose.shots import Shot

FADE_S, SLIDE_S = 0.4, 0.6
Plan = tuple[float, Callable[[], Shot]]
"""When a shot begins, and what opens it."""


class Painter:
    """Draws frames in rising order. length_s : of the scene."""

    def __init__(
        self,
        plans: list[Plan],
        length_s: float,
        fps: int,
        presenter: Presenter | None = None,
        banner: Banner | None = None,
        captions: Captions | None = None,
        bar: Bar | None = None,
        chapter: ChapterCard | None = None,
    ) -> None:
        self._plans, self._length_s, self._fps = plans, length_s, fps
        self.presenter, self._banner, self._captions = presenter, banner, captions
        self._bar, self._chapter = bar, chapter
        self._next = 0
        self._old: Shot | None = None
        self._now: Shot | None = None

    def __enter__(self) -> Painter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for part in (self._old, self._now, self.presenter):
            if part is not None:
                part.close()

    def draw(self, number: int, target: Planes) -> None:
        """Draw frame ``number`` to ``target``."""
        at_s = number / self._fps
        self._come(at_s)
        if self._chapter is not None and self._chapter.covers(at_s):
            self._chapter.draw(target, at_s)
        else:
            self._scene(number, at_s, target)
        if self._captions is not None:
            self._captions.draw(target, at_s)
        if self._bar is not None:
            self._bar.draw(target, (at_s + 1 / self._fps) / self._length_s)

    def _scene(self, number: int, at_s: float, target: Planes) -> None:
        self._screen(at_s, target)
        if self.presenter is not None:
            self.presenter.draw(target, number)
        if self._banner is not None:
            self._banner.draw(target, at_s)
        if self._chapter is not None:
            self._chapter.draw(target, at_s)

    def _come(self, at_s: float) -> None:
        """Open the shot whose moment has come."""
        while self._next < len(self._plans) and self._plans[self._next][0] <= at_s + 1e-6:
            if self._old is not None:
                self._old.close()
            self._old, self._now = self._now, self._plans[self._next][1]()
            self._next += 1

    def _screen(self, at_s: float, target: Planes) -> None:
        now, old = self._now, self._old
        assert now is not None
        length_s = SLIDE_S if now.transition == "slide" else FADE_S
        share = (at_s - now.start_s + 0.5 / self._fps) / length_s
        if old is None or share >= 1 or now.transition == "cut":
            if old is not None:
                old.close()
                self._old = None
            target.put(now.draw(at_s))
            return
        fresh = now.draw(at_s)
        if now.transition == "slide" and now.card is not None and old.card is not None:
            # Both shots lie on the same ground: only the cards move.
            target.put(now.behind)
            wide = target.y.shape[1]
            move = even(wide * eased(share))
            lay(target, old.card.sprite, dx=-move)
            lay(target, now.card.sprite, dx=wide - move)
            return
        mix(target, old.draw(at_s), fresh, eased(share))
