"""Five colours for every palette that a prompt can name, dark to light.

Invariant: data only; every palette has exactly five sRGB colours as ``#rrggbb``, ordered by
lightness, so that a reader may take the first as shadow and the last as highlight.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """about: one sentence. colours: five ``#rrggbb``, dark to light. rank: of several palettes
    with equal confidence the highest leads (a time of day outranks a place)."""

    about: str
    colours: tuple[str, str, str, str, str]
    rank: int = 1


def _palette(about: str, colours: str, rank: int = 1) -> Palette:
    one, two, three, four, five = colours.split()
    return Palette(about, (one, two, three, four, five), rank)


PALETTES: dict[str, Palette] = {
    # Light and time of day.
    "dawn": _palette("Cool violet night giving way to peach.",
                     "#1a1c3c #55396d #c4607c #f5a06e #ffe2b4", 4),
    "sunset": _palette("Plum, crimson and burning orange.",
                       "#160e2c #4b1e5e #b5386c #f5703a #ffd078", 4),
    "twilight": _palette("Blue hour into dusty rose.",
                         "#0d1030 #2c2a66 #6d4a93 #c77a9b #f6c9a8", 4),
    "blue-hour": _palette("Deep blue sky with the last light of the day.",
                          "#060d24 #14285a #2f559c #7d9fd0 #f0dcc8", 4),
    "golden-hour": _palette("Low amber light on brown shadow.",
                            "#2a1408 #7a3b12 #c97a24 #f2b24c #ffe9b8", 4),
    "night": _palette("Ink and deep blue.", "#04060f #0a1430 #173058 #2f5585 #9fc0e8", 3),
    "day": _palette("Clear sky blue with warm white.",
                    "#0b4a86 #2a80c4 #66b2e4 #b5def3 #fff3d4", 3),
    "moonlight": _palette("Slate blue under silver.",
                          "#060812 #101b36 #2a4064 #6c86a8 #e6eefb", 3),
    "sunlight": _palette("Rust, orange and sun yellow.",
                         "#3a1206 #a3340c #ee7a1c #ffc04d #fff0bd", 2),
    "aurora": _palette("Polar night with green curtains.",
                       "#040a14 #0a2233 #0f5a52 #32c48d #c8ffd8", 5),
    # Places.
    "sea": _palette("Petrol to sea foam.", "#03202f #07445a #12768a #54b7b8 #dff5e6", 2),
    "lake": _palette("Cool teal and pale reed.", "#082032 #1a4a63 #3f8296 #8fc3c0 #eaf5e4", 2),
    "reef": _palette("Deep water with a coral highlight.",
                     "#02121f #053a56 #0a7390 #3cc0b4 #ffd9a8", 2),
    "abyss": _palette("Almost black water, a cold glow far above.",
                      "#01060d #031628 #06324e #0e5f7e #4fb8c9", 2),
    "forest": _palette("Fir, moss and warm light between trunks.",
                       "#04130d #0f3322 #2a6540 #7aa65a #f0e9b4", 2),
    "meadow": _palette("Fresh greens to straw.", "#0a2414 #27602f #6aa84a #c2d96b #fff7c9", 2),
    "desert": _palette("Oxblood, terracotta and sand.",
                       "#2a0f14 #7a2d22 #c8653a #eeb06a #ffe9bf", 2),
    "mountain": _palette("Blue stone, haze and cream.",
                         "#0d1626 #2b3f5e #5f7a99 #aebfcb #fbe9d2", 2),
    "lagoon": _palette("Tropical teal to lime cream.",
                       "#032a4a #0b6f9c #28b0c4 #9fe3d6 #fff2cf", 2),
    "city": _palette("Indigo night with magenta and lamp light.",
                     "#070812 #1c1840 #4b2a78 #b8479a #ffd08a", 2),
    "cosmos": _palette("Black violet with magenta gas and peach stars.",
                       "#04030d #1a0f3c #4a1d74 #b0428f #ffc69a", 3),
    "starlight": _palette("Midnight blue with lilac light.",
                          "#04050f #0a1130 #182252 #364488 #b4b8f0"),
    # Weather, seasons, elements.
    "snow": _palette("Steel blue shade and white.", "#142238 #3b587c #7f9fbe #c5d8e6 #ffffff", 2),
    "ice": _palette("Glacier blue and clear white.",
                    "#06202f #18546f #4fa0b8 #a9dbe6 #f6ffff", 2),
    "fire": _palette("Black red through orange to yellow white.",
                     "#120204 #5a0b08 #c22b0a #ff8a1f #ffe9a3", 3),
    "lava": _palette("Basalt with glowing cracks.", "#0d0306 #3d0a10 #9b1d12 #f0621a #ffd07a", 3),
    "storm": _palette("Slate cloud and cold flash.", "#070a12 #1b2536 #3b4b60 #74879a #dfe8ee", 3),
    "rain": _palette("Wet blue grey.", "#0a1220 #22364e #486580 #86a3b4 #e3ebe8", 2),
    "sky": _palette("Open blue with white cloud.", "#22488a #4f80bf #8db3dc #cfdff0 #fff6e8"),
    "fog": _palette("Soft greys.", "#20262e #4c5862 #84909a #bcc4c8 #f1efe8"),
    "autumn": _palette("Maple red, orange and straw.",
                       "#1e0c0a #6a2412 #b8551b #e69a34 #ffe3a0", 2),
    "spring": _palette("Young green with blossom pink.",
                       "#1d4a3a #4f8f5c #9ccc7a #f4c6d0 #fff6ee", 2),
    "blossom": _palette("Wine, rose and petal.", "#2c0f2b #7d2c5c #d0668f #f7b0b8 #fff0e6", 2),
    "lavender": _palette("Violet to milk.", "#1a1238 #46357d #8469b8 #c2a7dd #f8e8f2", 2),
    "firefly": _palette("Night green with small gold lights.",
                        "#060d12 #12291f #2d5030 #a08a2c #ffe58a", 2),
    "rainbow": _palette("Every hue.", "#3a1a8a #1274c8 #18b060 #ff7a66 #f0c030", 3),
    # Matter and style.
    "neon": _palette("Night violet with hot pink and cyan.",
                     "#0a0424 #3a0c78 #a0149c #ff3d8b #6bf7ff", 4),
    "vaporwave": _palette("Violet, rose and cyan.", "#1b1145 #6a2a9c #00aacc #ff6fb8 #a8f4ff", 4),
    "toxic": _palette("Black with acid green.", "#050a04 #15310d #3c7a12 #8be01c #efff8a", 3),
    "matrix": _palette("Terminal green on black.", "#000503 #022213 #046035 #14b35a #b6ffce", 3),
    "pastel": _palette("Powder violet, pink and cream.",
                       "#7f6fb5 #b49ad6 #f0b2cf #ffd6c2 #fff6dc", 2),
    "candy": _palette("Berry, bubble gum and mint.",
                      "#8c2f7a #e0569c #ff9ac0 #a8ecd8 #fff7d6", 2),
    "silk": _palette("Wine red folds and skin light.", "#240a22 #5e1c46 #a83f62 #e58a86 #fde0cf"),
    "marble": _palette("Warm greys and ivory.", "#4a4a55 #8b8a92 #c4c0c2 #e6e0da #fffaf2"),
    "chrome": _palette("Blue black to bright metal.", "#0b0f14 #2f3944 #6b7884 #b0bbc4 #f6f9fb"),
    "gold": _palette("Dark bronze to champagne.", "#1c1004 #5c3a0c #b07a1a #e6b84a #fff1c2", 2),
    "copper": _palette("Oxide brown to rose metal.", "#1c0c08 #5a2a1a #a85a3a #dd9a72 #fbe3d0"),
    "coffee": _palette("Espresso to cream.", "#1a0c07 #4a2614 #8a5128 #c8935a #f7e1bb"),
    "earth": _palette("Clay, ochre and stone.", "#1c140e #4d3a26 #8b6b45 #bfa070 #efe3c8"),
    "paint": _palette("Ultramarine, rose and ochre from the tube.",
                      "#0d1a3a #274b8f #b0527a #f0a35e #fdf0d2"),
    "jewel": _palette("Sapphire, ruby, emerald and gold.",
                      "#0b0f3a #5a0f4a #0f6a58 #c8912a #fbeac0", 2),
    "royal": _palette("Imperial purple and gold.", "#140828 #3c1468 #7a2fa0 #d09a3a #fdeebc", 2),
    "noir": _palette("Black, white and nothing else.", "#050505 #1e1e20 #4e4f52 #a2a3a5 #f2f2f0", 3),
    "mono": _palette("Even neutral greys.", "#141416 #3c3d40 #747578 #b4b5b8 #f2f2f4", 3),
    "blood": _palette("Black and dark red.", "#080203 #2a0508 #620a10 #a8141c #f0a090", 3),
    "technology": _palette("Navy, signal blue and ice white.",
                           "#050c1c #0b2a52 #1560b0 #4fb0ee #ecf8ff", 2),
    "joy": _palette("Berry, coral and sun.", "#7a2a5a #e0536a #ff9a56 #ffd166 #fff6cf"),
    "romance": _palette("Deep red to blush.", "#24051a #6e0f35 #c72c4f #f77f74 #ffdcc8"),
    "magic": _palette("Indigo, orchid and candle light.",
                      "#0c0a2a #33207a #7b3fb5 #d985c9 #ffe6b8", 2),
    "nostalgia": _palette("Faded brown print.", "#1f1712 #5a4230 #9a7650 #d4b483 #f7ead0"),
    "melancholy": _palette("Grey blue dusk.", "#0c1018 #26303e #4c5a6c #8593a0 #d6d8d6"),
    "mint": _palette("Cool green and milk.", "#0a2a26 #1f5e54 #57a592 #a6dcc6 #f2fff6"),
    "peach": _palette("Warm skin and apricot.", "#4a1e22 #9c4c48 #e48a70 #ffc09c #fff0e0"),
}  # fmt: skip
