"""What cannot be shown is refused by name, before a frame is drawn."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from lesson_scenes import SIZE, composed, film, frames_of, like, locked_pdf, picture
from PIL import Image

import farm_avatar
from farm import InputError
from farm_avatar.compose.fonts import lacking
from farm_avatar.compose.intake import check_visual, open_picture, page_png, pdf_pages
from farm_avatar.compose.listing import listing
from farm_avatar.compose.scene import Presenter, Scene, Visual, read_scene
from farm_avatar.compose.theme import CodeColours, Theme, contrast, palette
from farm_avatar.compose.wrapping import fitted

NOBODY = Presenter(layout="none")


def refusal(path: Path, kind: str, **more: object) -> InputError:
    visual = Visual.model_validate({"kind": kind, "file": path.name, **more})
    with pytest.raises(InputError) as caught:
        check_visual(path, visual, path.name)
    return caught.value


def bomb(path: Path, wide: int, high: int) -> Path:
    """A PNG of a few bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) +
                     chunk(b"IEND", b""))  # fmt: skip
    return path


def pages(path: Path, count: int) -> Path:
    sheets = [Image.new("RGB", (64, 36), (at % 256, 20, 20)) for at in range(count)]
    sheets[0].save(path, "PDF", save_all=True, append_images=sheets[1:])
    return path


def test_files_that_are_no_pictures_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "words.png").write_bytes(b"not a picture at all")
    whole = picture(tmp_path / "a.png", (9, 9, 9)).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path / "empty.png", "slide").code == "compose.empty-file"
    assert refusal(tmp_path / "words.png", "image").code == "compose.bad-picture"
    assert refusal(bomb(tmp_path / "bomb.png", 60_000, 60_000), "slide").code == (
        "compose.picture-too-large"
    )
    scene = Scene(size=SIZE, presenter=NOBODY, visuals=(Visual(kind="slide", file="half.png"),))
    with pytest.raises(InputError, match=r"half\.png"):
        composed(tmp_path / "s", scene, files={"half.png": tmp_path / "half.png"})


def test_pictures_of_every_form_are_shown_upright_and_in_their_colours(tmp_path: Path) -> None:
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, :40] = (220, 40, 40)
    plain = Image.fromarray(wide)
    turned = Image.Exif()
    turned[0x0112] = 6  # To be turned a quarter clockwise.
    plain.save(tmp_path / "turned.jpg", exif=turned, quality=95)
    plain.convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    plain.quantize(8).save(tmp_path / "palette.gif")
    clear = plain.convert("RGBA")
    clear.putalpha(0)
    clear.save(tmp_path / "clear.png")
    deep = np.full((40, 80), 40_000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    seen = {name: open_picture(tmp_path / name, name, (80, 80)) for name in sorted(
        path.name for path in tmp_path.iterdir())}  # fmt: skip
    assert {picture.mode for picture in seen.values()} == {"RGB"}
    assert seen["turned.jpg"].size == (40, 80)
    assert like(np.array(seen["turned.jpg"])[:36], (220, 40, 40), 12)
    assert like(np.array(seen["print.jpg"])[:, :36], (220, 40, 40), 12)
    assert like(np.array(seen["palette.gif"])[:, :40], (220, 40, 40), 4)
    assert like(np.array(seen["clear.png"]), (255, 255, 255), 0)
    assert like(np.array(seen["deep.png"]), (155, 155, 155), 2)


def test_a_pdf_with_a_password_or_without_the_page_is_refused(tmp_path: Path) -> None:
    locked = locked_pdf(tmp_path / "locked.pdf")
    assert refusal(locked, "pdf").code == "compose.pdf-password"
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 and nothing else")
    assert refusal(tmp_path / "broken.pdf", "pdf").code == "compose.bad-pdf"
    many = pages(tmp_path / "many.pdf", 300)
    assert pdf_pages(many) == 300
    missing = refusal(many, "pdf", page=301)
    assert missing.code == "compose.no-page" and "1 to 300" in str(missing)
    check_visual(many, Visual(kind="pdf", file="many.pdf", page=300), "many.pdf")


def test_a_page_is_drawn_to_fit_and_shown(tmp_path: Path) -> None:
    two = pages(tmp_path / "two.pdf", 2)
    (tmp_path / "p.png").write_bytes(page_png(two, 2, (640, 640)))
    with Image.open(tmp_path / "p.png") as page:
        assert page.width == 640 and 350 <= page.height <= 364
    assert page_png(two, 2, (640, 640)) == (tmp_path / "p.png").read_bytes()
    scene = Scene(size=SIZE, presenter=NOBODY, visuals=(Visual(kind="pdf", file="two.pdf"),))
    done = composed(tmp_path / "s", scene, 0.04, files={"two.pdf": two})
    assert like(frames_of(done["segment"])[0][80:100, 140:180], (0, 20, 20))


def test_clips_without_frames_and_moments_after_their_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "none.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    assert refusal(tmp_path / "none.mp4", "clip").code == "media.unreadable"
    grey = [np.full((64, 64, 3), 90, np.uint8)] * 5
    clip = film(tmp_path / "c.mp4", grey, 10, "libx264", "yuv420p")
    late = refusal(clip, "clip", start_s=3.0)
    assert late.code == "compose.clip-too-short" and "start_s" in late.where
    picture(tmp_path / "still.png", (1, 2, 3))
    (tmp_path / "sound.mp4").write_bytes(b"RIFF")
    assert refusal(tmp_path / "sound.mp4", "screen").code == "media.unreadable"


def test_a_clip_that_breaks_off_stands_at_its_last_good_picture(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    noise = [draw.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(30)]
    clip = film(tmp_path / "c.mp4", noise, 10, "libx264", "yuv420p")
    data = bytearray(clip.read_bytes())
    half = len(data) // 2
    data[half : half + 4000] = bytes(byte ^ 0x5A for byte in data[half : half + 4000])
    clip.write_bytes(data)
    scene = Scene(size=SIZE, presenter=NOBODY, visuals=(Visual(kind="clip", file="c.mp4"),))
    done = composed(tmp_path / "s", scene, 3.2, files={"c.mp4": clip})
    assert [warning.split(":")[0] for warning in done["told"]["warnings"]] == ["clip-damaged"]
    shown = frames_of(done["segment"])
    assert len(shown) == 80
    assert np.abs(shown[-1].astype(int) - shown[-12].astype(int)).mean() < 2


def test_every_refusal_and_warning_is_in_the_documentation() -> None:
    folder = Path(farm_avatar.__file__).parent
    source = "".join(path.read_text() for path in sorted((folder / "compose").glob("*.py")))
    told = (folder / "COMPOSE.md").read_text()
    codes = set(re.findall(r'"(compose\.[a-z-]+)"', source))
    warnings = set(re.findall(r'f"([a-z]+(?:-[a-z]+)*): ', source))
    assert len(codes) > 15 and len(warnings) > 4
    for name in sorted(codes | warnings):
        assert f"`{name}`" in told, name


def test_what_a_scene_names_must_be_there(tmp_path: Path) -> None:
    scene = Scene(size=SIZE, presenter=NOBODY, visuals=(Visual(kind="slide", file="gone.png"),))
    with pytest.raises(InputError) as caught:
        composed(tmp_path / "s", scene)
    assert caught.value.code == "compose.missing-file" and "gone.png" in str(caught.value)
    early = Scene(
        size=SIZE, presenter=NOBODY, visuals=(Visual(kind="title", text="A", at_sentence=5),)
    )
    with pytest.raises(InputError) as caught:
        composed(tmp_path / "t", early, 1.0, ["One."])
    assert caught.value.code == "compose.no-sentence"


def test_text_becomes_smaller_and_is_then_refused() -> None:
    long = "A title that says a little more than titles should"
    small = fitted(long, "display", 60, (500, 130), "title", 2, 0.5)
    assert small.size < 60 and small.width <= 500 and small.height <= 130
    assert " ".join(small.lines) == long
    with pytest.raises(InputError) as caught:
        fitted(long * 6, "display", 60, (500, 130), "title of scene 2", 2, 0.5)
    assert caught.value.code == "compose.text-too-long"
    assert "title of scene 2" in str(caught.value)
    with pytest.raises(InputError):
        fitted("Donaudampfschifffahrt" * 9, "text", 40, (300, 400), "role")


def test_code_that_does_not_fit_and_languages_nobody_knows_are_refused() -> None:
    colours = palette(Theme())

    def shown(code: str, language: str = "python") -> Image.Image:
        return listing(code, language, (2,), "a.py", (600, 400), 400, colours, "visual 1")

    few = shown("def f(x):\n    return x\n")
    assert few.width <= 600 and few.height <= 400
    for code in ("x = 1\n" * 60, "y = " + "1 + " * 80):
        with pytest.raises(InputError) as caught:
            shown(code)
        assert caught.value.code == "compose.code-too-long" and "visual 1" in str(caught.value)
    with pytest.raises(InputError) as caught:
        shown("x", "klingon")
    assert caught.value.code == "compose.code-language"


def test_every_theme_can_be_read() -> None:
    for name in ("dusk", "paper", "slate", "forest"):
        colours = palette(Theme.model_validate({"name": name}))
        for ground in (colours.top, colours.bottom, colours.panel):
            assert contrast(colours.ink, ground) >= 7, name
            assert contrast(colours.faint, ground) >= 4.5, name
        assert contrast(colours.accent, colours.top) >= 3, name
    code = CodeColours()
    for ink in (code.ink, code.keyword, code.name, code.string, code.comment, code.number):
        assert contrast(ink, code.ground) >= 4.5


def test_letters_that_are_missing_are_known() -> None:
    assert lacking("text", "Größe → αβγ Жук ½ “quoted” €") == ""
    assert lacking("text", "光 and 光 and ق") == "光ق"
    assert lacking("code", "λ != →") == ""


def test_a_scene_that_is_none_says_which_field_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "scene.json"
    path.write_text('{"schema": "farm.scene/1", "visuals": [{"kind": "slide"}]}')
    with pytest.raises(InputError, match=r"scene\.visuals\.0.*needs a file"):
        read_scene(path)
    path.write_text('{"schema": "farm.scene/1", "size": [1280, 721]}')
    with pytest.raises(InputError, match=r"scene\.size\.1"):
        read_scene(path)
    path.write_text("[" * 5000)
    with pytest.raises(InputError):
        read_scene(path)


def test_equal_scenes_have_equal_files_and_come_back_the_same(tmp_path: Path) -> None:
    visual = Visual(kind="code", text="λ = 1", lines=(1,))
    one, two = (Scene(size=SIZE, title="Ä", visuals=(visual,)) for _ in range(2))
    assert one.as_json() == two.as_json()
    (tmp_path / "s.json").write_bytes(one.as_json())
    assert read_scene(tmp_path / "s.json") == one
