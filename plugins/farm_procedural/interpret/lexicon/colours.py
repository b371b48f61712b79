"""Colours by name: the CSS names, common paint names, and the words that shade them.

Invariant: data only; the plain names carry the film's own tints, all others their published value.
"""

from __future__ import annotations

from farm_procedural.interpret.concept import Concept, concept as _

NAMES: dict[str, str] = {
    # The plain names.
    "red": "#d3202f", "orange": "#f57c1f", "yellow": "#f6cf2b", "green": "#1f9d57",
    "blue": "#1f5fd0", "purple": "#7a35c0", "violet": "#8a3fd0", "pink": "#f06aa0",
    "brown": "#8a5128", "white": "#f4f3ef", "black": "#0c0c0f", "grey": "#888a8e",
    "gold": "#e6a21c", "golden": "#e6a21c", "silver": "#c0c4ca", "teal": "#0f8f8f",
    "cyan": "#12c4d6", "turquoise": "#2fc8bc", "magenta": "#d81e9a", "indigo": "#3c33b0",
    # CSS.
    "alice blue": "#f0f8ff", "antique white": "#faebd7", "aqua": "#00d8e0",
    "aquamarine": "#7fffd4", "azure": "#1f7fe0", "beige": "#e8dcc0", "bisque": "#ffe4c4",
    "blanched almond": "#ffebcd", "blue violet": "#8a2be2", "burlywood": "#deb887",
    "cadet blue": "#5f9ea0", "chartreuse": "#7fff00", "coral": "#ff7f50",
    "cornflower blue": "#6495ed", "cornsilk": "#fff8dc", "crimson": "#dc143c",
    "dark blue": "#00008b", "dark cyan": "#008b8b", "dark goldenrod": "#b8860b",
    "dark green": "#006400", "dark khaki": "#bdb76b", "dark magenta": "#8b008b",
    "dark olive green": "#556b2f", "dark orange": "#ff8c00", "dark orchid": "#9932cc",
    "dark red": "#8b0000", "dark salmon": "#e9967a", "dark sea green": "#8fbc8f",
    "dark slate blue": "#483d8b", "dark slate grey": "#2f4f4f", "dark turquoise": "#00ced1",
    "dark violet": "#9400d3", "deep pink": "#ff1493", "deep sky blue": "#00bfff",
    "dodger blue": "#1e90ff", "firebrick": "#b22222", "forest green": "#228b22",
    "fuchsia": "#e0209c", "gainsboro": "#dcdcdc", "ghost white": "#f8f8ff",
    "goldenrod": "#daa520", "green yellow": "#adff2f", "honeydew": "#f0fff0",
    "hot pink": "#ff69b4", "indian red": "#cd5c5c", "khaki": "#d8c878", "lawn green": "#7cfc00",
    "lemon chiffon": "#fffacd", "light blue": "#9fcdf0", "light coral": "#f08080",
    "light cyan": "#c8f4f8", "light green": "#90ee90", "light pink": "#ffb6c1",
    "light salmon": "#ffa07a", "light sea green": "#20b2aa", "light sky blue": "#87cefa",
    "light slate grey": "#778899", "light steel blue": "#b0c4de", "light yellow": "#fff6b0",
    "lime": "#7ad81c", "lime green": "#32cd32", "linen": "#faf0e6", "maroon": "#800020",
    "medium aquamarine": "#66cdaa", "medium blue": "#0000cd", "medium orchid": "#ba55d3",
    "medium purple": "#9370db", "medium sea green": "#3cb371", "medium slate blue": "#7b68ee",
    "medium spring green": "#00fa9a", "medium turquoise": "#48d1cc",
    "medium violet red": "#c71585", "midnight blue": "#191970", "mint cream": "#f5fffa",
    "misty rose": "#ffe4e1", "moccasin": "#ffe4b5", "navajo white": "#ffdead", "navy": "#12206a",
    "navy blue": "#12206a", "old lace": "#fdf5e6", "olive": "#808000", "olive drab": "#6b8e23",
    "olive green": "#7a8a2a", "orange red": "#ff4500", "pale goldenrod": "#eee8aa",
    "pale green": "#98fb98", "pale turquoise": "#afeeee", "pale violet red": "#db7093",
    "papaya whip": "#ffefd5", "peach puff": "#ffdab9", "peru": "#cd853f", "plum": "#a04a9c",
    "powder blue": "#b0e0e6", "rebecca purple": "#663399", "rosy brown": "#bc8f8f",
    "royal blue": "#4169e1", "saddle brown": "#8b4513", "salmon": "#fa8072",
    "sandy brown": "#f4a460", "sea green": "#2e8b57", "seashell": "#fff5ee", "sienna": "#a0522d",
    "sky blue": "#6fc0ee", "slate blue": "#6a5acd", "slate grey": "#708090",
    "spring green": "#00ff7f", "steel blue": "#4682b4", "tan": "#d2b48c", "thistle": "#d8bfd8",
    "tomato": "#ff6347", "white smoke": "#f5f5f5", "yellow green": "#9acd32",
    # Paint, gems, plants and food.
    "scarlet": "#e0241b", "vermilion": "#e34234", "cardinal": "#c41e3a", "carmine": "#960018",
    "ruby": "#c0103c", "cherry red": "#c4122f", "brick red": "#a63a2a", "oxblood": "#5a0f14",
    "burgundy": "#6e1428", "bordeaux": "#5c1226", "wine red": "#6b1a2e", "garnet": "#7a1a2a",
    "blood red": "#7d0a12", "rust": "#a8481c", "terracotta red": "#c65a3a",
    "tangerine": "#f58220", "apricot": "#f8b26a", "amber": "#f0a818", "pumpkin orange": "#e8761a",
    "ochre": "#c8892a", "mustard": "#d8a820", "saffron": "#f0b428", "lemon": "#f8e43c",
    "lemon yellow": "#f8e43c", "canary": "#fde64b", "honey": "#e0a030", "cream": "#fbf1d8",
    "ivory": "#f8f2e0", "champagne gold": "#f0dcb4", "bone": "#e6dcc8", "vanilla": "#f6e8bc",
    "sand colour": "#dcc298", "caramel": "#b8783c", "chocolate": "#5c3018", "mahogany": "#6a2a1c",
    "chestnut": "#7c3f28", "umber": "#5c4630", "burnt umber": "#7a3c26",
    "burnt sienna": "#d0623a", "burnt orange": "#c85a14", "taupe": "#847464", "bronze": "#a8743a",
    "brass": "#c0a048", "rose": "#e8507c", "rose gold": "#dca08e", "rosy": "#f08aa5",
    "blush": "#f2a8b0", "dusty rose": "#c48488", "fuchsia pink": "#e0309c", "cerise": "#d8315c",
    "raspberry": "#c42a60", "strawberry": "#e83a4c", "bubblegum pink": "#ff8cc4",
    "mauve": "#b68ab8", "lilac": "#c4a2dc", "amethyst": "#9560c8", "aubergine": "#3c1a3c",
    "eggplant": "#3c1a3c", "orchid purple": "#b45ac4", "periwinkle": "#8a94e4",
    "ultramarine": "#2a22b4", "cobalt": "#1448b4", "cobalt blue": "#1448b4",
    "sapphire": "#1440a4", "prussian blue": "#0a2c50", "cerulean": "#2a86c8",
    "electric blue": "#2a7cff", "ice blue": "#b8e4f4", "baby blue": "#9ad0f4",
    "ocean blue": "#1a6ca8", "petrol": "#0a5464", "denim": "#3a5c90", "emerald": "#12a05c",
    "jade": "#1ca878", "mint green": "#8ce0b8", "sage": "#9caf88", "sage green": "#9caf88",
    "moss green": "#6a7c34", "pistachio": "#a8c87c", "avocado": "#6c7c2c", "viridian": "#3a8068",
    "malachite": "#10b868", "kelly green": "#3cb41c", "neon green": "#39ff14",
    "neon pink": "#ff3ea5", "neon blue": "#2f6bff", "neon yellow": "#f4ff30",
    "neon orange": "#ff7a1a", "neon purple": "#b02cff", "acid green": "#b0e010",
    "charcoal": "#34363c", "ebony": "#1c1a1c", "onyx": "#101014", "jet black": "#060608",
    "anthracite": "#2c2e34", "graphite": "#404248", "ash grey": "#b0b2ae",
    "pearl white": "#f2eee4", "off white": "#f4f0e4", "snow white": "#fcfcfc",
    "gunmetal": "#2c343c", "platinum": "#dcdcd8", "crimson red": "#dc143c",
    "blood orange": "#e0401c", "ruby red": "#c0103c", "emerald green": "#12a05c",
    "jade green": "#1ca878", "aqua blue": "#30c8e0", "aqua green": "#2cc8a4",
    "sea blue": "#14607c", "teal blue": "#107a94", "teal green": "#0c8874",
    "lavender blue": "#b8b8f0", "lavender purple": "#9678c8",
}  # fmt: skip

SHADES: dict[str, tuple[float, float]] = {
    "dark": (0.55, 1.0), "deep": (0.65, 1.15), "darker": (0.65, 1.0), "rich": (0.85, 1.2),
    "light": (1.4, 0.9), "lighter": (1.4, 0.9), "pale": (1.55, 0.6), "soft": (1.25, 0.7),
    "pastel": (1.5, 0.7), "bright": (1.15, 1.2), "brighter": (1.2, 1.2), "vivid": (1.05, 1.3),
    "vibrant": (1.05, 1.3), "muted": (0.95, 0.5), "dusty": (1.0, 0.45), "neon": (1.1, 1.5),
    "electric": (1.05, 1.4), "hot": (1.05, 1.3), "cool": (1.0, 0.85), "warm": (1.0, 1.05),
    "faded": (1.2, 0.5), "dull": (0.85, 0.4), "saturated": (1.0, 1.4), "desaturated": (1.0, 0.4),
    "strong": (1.0, 1.25), "intense": (0.95, 1.35), "smoky": (0.8, 0.5), "baby": (1.45, 0.8),
    "burnt": (0.75, 0.95), "blood": (0.55, 1.1), "midnight": (0.4, 1.0), "royal": (0.85, 1.15),
    "powder": (1.5, 0.6), "dim": (0.6, 0.8), "glowing": (1.15, 1.2), "luminous": (1.2, 1.1),
    "deepest": (0.5, 1.15), "milky": (1.5, 0.5), "fluorescent": (1.15, 1.5), "acid": (1.05, 1.4),
}  # fmt: skip
"""Factors on lightness and saturation of the colour that follows ("dark red")."""

_BESIDES: dict[str, str] = {
    "white": "brightness=bright@0.6 saturation=muted@0.5", "black": "brightness=dark@0.7",
    "grey": "saturation=grey@0.7", "gold": "palette=gold@0.65 temperature=warm@0.4",
    "golden": "palette=gold@0.65 temperature=warm@0.4",
    "silver": "palette=chrome@0.65 saturation=muted@0.4", "teal": "temperature=cool@0.3",
    "blue": "temperature=cool@0.3", "cyan": "temperature=cool@0.3", "red": "temperature=warm@0.3",
    "orange": "temperature=warm@0.4", "yellow": "temperature=warm@0.3",
    "chocolate": "palette=coffee@0.6", "bronze": "palette=copper@0.6",
    "jet black": "brightness=dark@0.7",
}  # fmt: skip


def _entry(name: str, value: str) -> Concept:
    phrases = name if " " not in name else f"{name}, {name.replace(' ', '')}"
    more = {"aquamarine": ", aqua marine", "purple": ", purples", "navy": ", navies"}.get(name, "")
    return _(name, phrases + more, f"colour={value} {_BESIDES.get(name, '')}")


CONCEPTS = (
    *(_entry(name, value) for name, value in NAMES.items()),
    # Colour without a hue of its own.
    _("black and white", "black and white, monochrome, greyscale, b&w, bw, without colour, "
      "without colours, no colour,no colours, achromatic, colourless, black white, decoloured, "
      "uncoloured, grey scale, shades of grey, not in colour,black & white",
      "saturation=grey palette=mono@0.85",
      "saturation=natural"),
    _("muted", "muted, muted colours, desaturated, washed out, pale colours, faint colours, "
      "low saturation, dull, subdued colours,unsaturated, toned down, soft colours, pale, "
      "earthy colours, dusty colours, drab, understated colours",
      "saturation=muted",
      "saturation=vivid"),
    _("natural colours", "natural colours, natural colour, true colours, realistic colours, "
      "lifelike",
      "saturation=natural"),
    _("vivid", "vivid, vibrant, colourful, saturated, rich colours, bold colours, strong "
      "colours, intense colours, garish,highly saturated, high saturation, punchy, bright "
      "colours, brightly coloured, bold, gaudy, vibrancy, vividly, lush,full of colour, "
      "saturated colours, vivid colours, vibrant colours, lurid, brilliant colours, saturation",
      "saturation=vivid",
      "saturation=muted"),
    _("pastel", "pastel, pastels, pastel colours, powdery, milky, soft pastel, macaron, baby "
      "colours",
      "palette=pastel saturation=pastel@0.85 brightness=bright@0.5"),
    _("warm", "warm, warmth, warm colours, warm tones, warm light, toasty, warm palette, warm "
      "hues, warm lighting, warming",
      "temperature=warm",
      "temperature=cool"),
    _("hot", "hot, burning hot, hot colours, red hot, torrid",
      "temperature=hot",
      "temperature=cool"),
    _("cool", "cool, cool colours, cool tones, cool light, cool palette, cool hues, chilly, "
      "chill colours, fresh colours, cooler colours",
      "temperature=cool",
      "temperature=warm"),
    _("cold", "cold, freezing, icy cold, cold light, cold colours, bitter cold, frigid, cold "
      "tones, coldness, ice cold",
      "temperature=cold",
      "temperature=warm"),
    _("neutral colours", "neutral, neutral colours, neutral tones, neutral palette, balanced "
      "colours",
      "temperature=neutral saturation=muted@0.5"),
    _("high contrast", "high contrast, contrasty, strong contrast, contrast, contrasting, bold "
      "contrast, hard contrast, sharp contrast,strong contrasts, punchy contrast, stark "
      "contrast, contrasts",
      "contrast=high",
      "contrast=low"),
    _("low contrast", "low contrast, soft contrast, gentle contrast, low key contrast, flat "
      "contrast, milky contrast, flat look",
      "contrast=low",
      "contrast=high"),
    _("medium contrast", "medium contrast, normal contrast, balanced contrast", "contrast=medium"),
)  # fmt: skip
