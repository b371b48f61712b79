"""What words look like: palettes, scenery, light and motion for some two hundred English words.

Invariant: data only. A word stands in one entry; an entry says only what the word is about, and
``look.py`` decides how several of them make one picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scenery = Literal["flow", "sky", "aurora"]
Drift = Literal["stars", "embers", "snow", "rain", "dust", "petals", "bokeh", "bubbles"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word adds to the look. Absent means: nothing to say about it.

    palette : five colours, dark to light. tint : one colour that leans on the palette.
    rank : of several palettes the highest leads (a time of day outranks a place).
    orb : a disc of light in the sky. ridges : rows of hills. drift : what floats in the air.
    energy, scale : factors on speed and on the size of forms. lift : brighter or darker.
    """

    words: str
    palette: str = ""
    rank: int = 1
    tint: str = ""
    scenery: Scenery | None = None
    orb: Literal["sun", "moon"] | None = None
    water: bool = False
    ridges: int = 0
    rough: float = 0.0
    drift: Drift | None = None
    energy: float = 1.0
    scale: float = 1.0
    lift: float = 0.0
    chroma: float = 1.0


ENTRIES: tuple[Entry, ...] = (
    # Light and time of day.
    Entry("dawn sunrise morning daybreak", "#1a1c3c #55396d #c4607c #f5a06e #ffe2b4", 4,
          scenery="sky", orb="sun", energy=0.8),
    Entry("sunset dusk evening sundown", "#160e2c #4b1e5e #b5386c #f5703a #ffd078", 4,
          scenery="sky", orb="sun", energy=0.8),
    Entry("twilight gloaming", "#0d1030 #2c2a66 #6d4a93 #c77a9b #f6c9a8", 4, scenery="sky",
          drift="stars", energy=0.7),
    Entry("night midnight nocturne", "#04060f #0a1430 #173058 #2f5585 #9fc0e8", 3, drift="stars",
          energy=0.7, lift=-0.04),
    Entry("noon day daylight sunny summer", "#0b4a86 #2a80c4 #66b2e4 #b5def3 #fff3d4", 3,
          scenery="sky", orb="sun", lift=0.03),
    Entry("moon moonlight moonlit lunar", "#060812 #101b36 #2a4064 #6c86a8 #e6eefb", 3,
          scenery="sky", orb="moon", drift="stars", energy=0.6),
    Entry("sun sunlight sunlit solar", "#3a1206 #a3340c #ee7a1c #ffc04d #fff0bd", 2,
          scenery="sky", orb="sun"),
    Entry("aurora borealis northern polar", "#040a14 #0a2233 #0f5a52 #32c48d #c8ffd8", 5,
          scenery="aurora", drift="stars", ridges=2, rough=0.7),
    # Places.
    Entry("ocean sea tide wave seaside beach shore coast harbor harbour",
          "#03202f #07445a #12768a #54b7b8 #dff5e6", 2, scenery="sky", water=True),
    Entry("lake river pond water reflection", "#082032 #1a4a63 #3f8296 #8fc3c0 #eaf5e4", 2,
          scenery="sky", water=True, energy=0.7),
    Entry("underwater reef coral jellyfish abyss", "#02121f #053a56 #0a7390 #3cc0b4 #ffd9a8", 2,
          drift="bubbles", energy=0.8),
    Entry("forest jungle wood tree pine fern", "#04130d #0f3322 #2a6540 #7aa65a #f0e9b4", 2,
          scenery="sky", ridges=4, rough=1.6, drift="dust"),
    Entry("meadow grass field garden leaf moss spring", "#0a2414 #27602f #6aa84a #c2d96b #fff7c9",
          2, scenery="sky", ridges=3, rough=0.35, drift="dust"),
    Entry("desert dune sand sahara canyon", "#2a0f14 #7a2d22 #c8653a #eeb06a #ffe9bf", 2,
          scenery="sky", ridges=4, rough=0.3, drift="dust"),
    Entry("mountain alps peak valley hill highland ridge cliff",
          "#0d1626 #2b3f5e #5f7a99 #aebfcb #fbe9d2", 2, scenery="sky", ridges=5, rough=1.0),
    Entry("island lagoon tropical palm paradise", "#03283a #0b6b7c #28b5a6 #a5e6b8 #fff2bf", 2,
          scenery="sky", water=True, ridges=2, rough=0.5, orb="sun"),
    Entry("city street urban skyline downtown", "#070812 #1c1840 #4b2a78 #b8479a #ffd08a", 2,
          drift="bokeh"),
    Entry("space galaxy nebula cosmos universe planet interstellar orbit",
          "#04030d #1a0f3c #4a1d74 #b0428f #ffc69a", 3, drift="stars", scale=0.9, energy=0.6),
    Entry("star starlight starlit starry constellation", "#04050f #0d1533 #243268 #5d6bb0 #e8e6ff",
          1, drift="stars"),
    # Weather, seasons, elements.
    Entry("snow winter blizzard christmas", "#142238 #3b587c #7f9fbe #c5d8e6 #ffffff", 2,
          drift="snow", ridges=2, rough=0.6, scenery="sky"),
    Entry("ice frost glacier arctic crystal frozen", "#06202f #18546f #4fa0b8 #a9dbe6 #f6ffff", 2,
          energy=0.6, scale=1.15),
    Entry("fire flame blaze inferno bonfire", "#120204 #5a0b08 #c22b0a #ff8a1f #ffe9a3", 3,
          drift="embers", energy=1.6),
    Entry("ember lava magma volcano forge", "#0d0306 #3d0a10 #9b1d12 #f0621a #ffd07a", 3,
          drift="embers", energy=1.0),
    Entry("storm thunder lightning hurricane tempest", "#070a12 #1b2536 #3b4b60 #74879a #dfe8ee",
          3, drift="rain", energy=1.6, scenery="sky"),
    Entry("rain rainy drizzle monsoon", "#0a1220 #22364e #486580 #86a3b4 #e3ebe8", 2,
          drift="rain"),
    Entry("cloud sky wind air breeze", "#22488a #4f80bf #8db3dc #cfdff0 #fff6e8", 1,
          scenery="sky"),
    Entry("fog mist haze smoke steam", "#20262e #4c5862 #84909a #bcc4c8 #f1efe8", 1,
          scale=0.8, energy=0.6, chroma=0.7),
    Entry("autumn october harvest maple", "#1e0c0a #6a2412 #b8551b #e69a34 #ffe3a0", 2,
          drift="petals", ridges=3, rough=0.8, scenery="sky"),
    Entry("blossom cherry sakura flower petal bloom rose orchid",
          "#2c0f2b #7d2c5c #d0668f #f7b0b8 #fff0e6", 2, drift="petals", energy=0.8),
    Entry("lavender lilac iris wisteria", "#1a1238 #46357d #8469b8 #c2a7dd #f8e8f2", 2,
          drift="petals", energy=0.7),
    Entry("firefly fireflies lantern candle glow", "#060d12 #12291f #2d5030 #a08a2c #ffe58a", 2,
          drift="dust", energy=0.7),
    Entry("rainbow prism spectrum festival carnival", "#3a1a8a #1274c8 #18b08a #f0c030 #ff6a5a",
          3, drift="bokeh", chroma=1.15),
    # Matter and style.
    Entry("neon cyberpunk synthwave electric laser vaporwave",
          "#0a0424 #3a0c78 #a0149c #ff3d8b #6bf7ff", 4, drift="bokeh", energy=1.2, chroma=1.1),
    Entry("pastel candy sweet bubblegum", "#7f6fb5 #b49ad6 #f0b2cf #ffd6c2 #fff6dc", 2,
          drift="bubbles", lift=0.03),
    Entry("silk velvet fabric satin", "#240a22 #5e1c46 #a83f62 #e58a86 #fde0cf", 1, energy=0.8),
    Entry("marble porcelain pearl ivory", "#4a4a55 #8b8a92 #c4c0c2 #e6e0da #fffaf2", 1,
          energy=0.5),
    Entry("metal chrome steel silver mercury", "#0b0f14 #2f3944 #6b7884 #b0bbc4 #f6f9fb", 1,
          chroma=0.7),
    Entry("coffee chocolate caramel leather wooden",
          "#1a0c07 #4a2614 #8a5128 #c8935a #f7e1bb", 1),
    Entry("oil ink watercolor watercolour paint painting", "#0d1a3a #274b8f #b0527a #f0a35e "
          "#fdf0d2", 1, scale=0.9),
    Entry("hope joy happy celebration", "#7a2a5a #e0536a #ff9a56 #ffd166 #fff6cf", 1,
          drift="bokeh", lift=0.04),
    Entry("love romance heart passion", "#24051a #6e0f35 #c72c4f #f77f74 #ffdcc8", 1,
          drift="bokeh"),
    Entry("magic fantasy mystic enchanted fairy spell", "#0c0a2a #33207a #7b3fb5 #d985c9 #ffe6b8",
          2, drift="dust"),
    Entry("memory nostalgia vintage old", "#1f1712 #5a4230 #9a7650 #d4b483 #f7ead0", 1,
          drift="dust", chroma=0.85),
    # Colours lean on whatever palette the rest of the prompt asks for.
    Entry("red crimson scarlet ruby", tint="#d3202f"),
    Entry("orange tangerine apricot", tint="#f57c1f"),
    Entry("yellow lemon", tint="#f6cf2b"),
    Entry("gold golden amber honey", tint="#e6a21c", lift=0.02),
    Entry("green emerald jade lime olive", tint="#1f9d57"),
    Entry("teal turquoise aqua cyan", tint="#14a7a5"),
    Entry("blue azure cobalt sapphire navy", tint="#1f5fd0"),
    Entry("indigo ultramarine", tint="#3c33b0"),
    Entry("purple violet amethyst plum", tint="#7a35c0"),
    Entry("magenta fuchsia", tint="#cc2a92"),
    Entry("pink rosy blush peach", tint="#f08aa5"),
    Entry("brown copper bronze rust sepia", tint="#9a5528"),
    Entry("white pale bright", tint="#f0eee8", lift=0.07, chroma=0.75),
    Entry("grey gray monochrome", tint="#888a8e", chroma=0.35),
    Entry("black dark shadow noir", tint="#20222a", lift=-0.08),
    # Moods move more than they colour.
    Entry("calm quiet still serene peaceful silent", energy=0.5, scale=0.85),
    Entry("slow gentle soft lazy sleepy", energy=0.6, scale=0.9),
    Entry("dream dreamy surreal ethereal", energy=0.7, scale=0.85, lift=0.02),
    Entry("wild fast energetic dynamic chaos rush", energy=1.8, scale=1.15),
    Entry("epic grand majestic vast", scale=0.8, chroma=1.1),
    Entry("mysterious secret ancient gothic", energy=0.7, lift=-0.05),
    Entry("sad melancholy lonely", energy=0.6, lift=-0.03, chroma=0.7),
    Entry("vivid vibrant colorful colourful saturated", chroma=1.25),
)  # fmt: skip

BY_WORD: dict[str, Entry] = {word: entry for entry in ENTRIES for word in entry.words.split()}


def entry_for(word: str) -> Entry | None:
    """The entry for a lower-case word, also for plain plurals and adjectives in -y.

    ``waves``, ``beaches``, ``skies``, ``snowy``, ``foggy`` and ``icy`` are understood.
    """
    forms = [word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("y")]
    if word.endswith("ies"):
        forms.append(f"{word[:-3]}y")
    if word.endswith("y"):
        forms += [word[:-2], f"{word[:-1]}e"]
    return next((BY_WORD[form] for form in forms if form in BY_WORD), None)
