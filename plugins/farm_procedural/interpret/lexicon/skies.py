"""Time of day, seasons, weather and light."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    # Time of day.
    _("dawn", "dawn, sunrise, daybreak, first light, early morning, rising sun, sun rises, morning,"
      "morning light, crack of dawn", "palette=dawn scene=sky@0.55 light=sun@0.75 temperature=warm "
      "direction=up@0.3 mood=hopeful@0.4"),
    _("sunset", "sunset, sundown, setting sun, dusk, evening, sun sets, evening sun, last "
      "light,end of the day, evening light, evening sky, afterglow, red sky",
      "palette=sunset scene=sky@0.55 light=sun@0.75 temperature=warm"),
    _("twilight", "twilight, gloaming, nightfall, half light",
      "palette=twilight scene=sky@0.5 brightness=dim@0.7 particles=stars@0.4"),
    _("blue hour", "blue hour",
      "palette=blue-hour scene=sky@0.5 brightness=dim@0.7 particles=stars@0.4"),
    _("golden hour", "golden hour, golden light, magic hour, low sun, late afternoon, warm "
      "sunlight,golden sunlight, golden sun",
      "palette=golden-hour light=sun@0.75 temperature=warm@0.85 light=bloom@0.4"),
    _("night", "night, nighttime, night time, midnight, nocturnal, nocturne, at night, dark night,"
      "by night, night sky, nightly", "palette=night brightness=dark@0.75 particles=stars@0.5 "
      "sound=night@0.4"),
    _("day", "day, afternoon, daytime, daylight, noon, midday, broad daylight, sunny day, bright day, "
      "clear day,beautiful day",
      "palette=day brightness=bright@0.7 scene=sky@0.4"),
    _("sun", "sun, sunny, sunlight, sunlit, solar, sunshine, sunbathed, sun drenched, blazing sun",
      "light=sun palette=sunlight@0.75 temperature=warm brightness=bright@0.6"),
    _("moon", "moon, moonlight, moonlit, lunar, full moon, crescent moon, moonshine, half moon",
      "light=moon palette=moonlight brightness=dim@0.65 temperature=cool@0.6 particles=stars@0.5"),
    _("stars in the sky", "starry, starlight, starlit, starry night, starry sky, night of stars,"
      "constellation, constellations, stars in the sky, sky full of stars, stargazing",
      "particles=stars palette=starlight@0.75 brightness=dark@0.75 scene=sky@0.4"),
    _("eclipse", "eclipse, solar eclipse, lunar eclipse, corona", "light=rim@0.85 shape=circle@0.6 "
      "palette=night brightness=dark@0.7 gradient=radial@0.5"),
    # Seasons.
    _("spring", "spring, springtime, easter, april", "palette=spring particles=petals@0.5 "
      "mood=hopeful@0.5 brightness=bright@0.4"),
    _("summer", "summer, summertime, july, midsummer, holiday, vacation, summery",
      "palette=day temperature=warm@0.8 brightness=bright@0.6 light=sun@0.5 mood=happy@0.4"),
    _("autumn", "autumn, autumnal, october, harvest, maple, autumn leaves, fall leaves, indian "
      "summer,fall colours, fall foliage, foliage, thanksgiving",
      "palette=autumn particles=leaves@0.6 temperature=warm@0.6 scene=forest@0.4"),
    _("winter", "winter, wintry, january, december, wintertime, winter night",
      "palette=snow temperature=cold particles=snow@0.6 scene=snowfield@0.5"),
    _("christmas", "christmas, xmas, advent, santa, sleigh, holiday season, noel, yuletide",
      "particles=snow palette=jewel@0.6 particles=bokeh@0.55 sound=bells mood=cosy@0.6"),
    _("halloween", "halloween, pumpkin, jack o lantern", "mood=scary palette=fire@0.6 "
      "brightness=dark@0.6 weather=fog@0.4 sound=minor@0.5"),
    _("new year", "new year, new years eve, silvester, fourth of july",
      "particles=sparks motion=explode@0.7 palette=jewel@0.5 mood=happy@0.6"),
    # Weather.
    _("clear sky", "clear sky, clear skies, clear weather, fair weather, cloudless sky, crisp air",
      "weather=clear scene=sky@0.5"),
    _("overcast", "cloudy, overcast, grey sky, gloomy sky, dark clouds, cloud cover, clouded",
      "weather=cloudy scene=sky@0.5 saturation=muted@0.5"),
    _("fog", "fog, foggy, mist, misty, haze, hazy, brume, murky, vaporous",
      "weather=fog palette=fog@0.6 contrast=low@0.6 saturation=muted@0.5"),
    _("drizzle", "drizzle, light rain, gentle rain, soft rain, spring rain, fine rain, drizzly",
      "weather=drizzle particles=rain@0.9*0.5 palette=rain@0.6 sound=rain@0.7"),
    _("rain", "rain, rainy, raining, rainfall, downpour, monsoon, raindrop, raindrops, pouring "
      "rain,heavy rain, shower, rainstorm, torrential",
      "weather=rain particles=rain@0.9 palette=rain@0.65 sound=rain@0.7 direction=down@0.3"),
    _("storm", "storm, stormy, thunderstorm, tempest, hurricane, typhoon, cyclone, gale, squall,"
      "dark storm, storm clouds, raging storm, raging sea, rough seas, stormy sea",
      "weather=storm palette=storm intensity=strong@0.7 particles=rain@0.6 brightness=dim@0.5 "
      "sound=wind@0.7"),
    _("tornado", "tornado, twister, whirlwind, maelstrom", "weather=storm motion=swirl@0.9 "
      "palette=storm@0.7 intensity=strong@0.7 sound=wind"),
    _("thunder", "thunder, lightning, thunderbolt, lightning bolt, lightning bolts, bolt of "
      "lightning,electric storm, lightnings",
      "light=lightning weather=storm palette=storm@0.6 sound=bass@0.5"),
    _("snow", "snow, snowy, snowfall, snowflake, snowflakes, snowing, falling snow, flurries, "
      "frosty",
      "particles=snow weather=snow@0.85 palette=snow@0.7 temperature=cold"),
    _("blizzard", "blizzard, snowstorm, snow storm, white out, whiteout",
      "weather=blizzard particles=snow@0.9*1.8 palette=snow intensity=strong@0.6 sound=wind@0.7"),
    _("wind", "wind, windy, breeze, breezy, gust, gusts, windswept, blowing, draft, airflow",
      "weather=windy motion=flow@0.6 sound=wind@0.75"),
    _("heat", "heat, heat wave, heatwave, scorching, sweltering, shimmering heat, heat haze",
      "weather=heat temperature=hot@0.85 palette=desert@0.4"),
    _("rainbow", "rainbow, rainbows, prism, prismatic, spectrum, spectral, all colours, iridescent,"
      "multicolour, every colour, all the colours, many colours, iridescence, opalescent",
      "palette=rainbow saturation=vivid@0.7"),
    # Light.
    _("bright", "bright, brightly, high key, luminous, radiant, brilliant, well lit, "
      "brightness, airy,light filled, full of light, lit up, brighten, bright "
      "light, bright lighting",
      "brightness=bright",
      "brightness=dim"),
    _("blinding", "blinding, dazzling, glaring, overexposed, overflowing light, whitewashed, "
      "blown out",
      "brightness=blinding light=bloom@0.6",
      "brightness=medium"),
    _("dark", "dark, darkness, low key, shadowy, gloomy, darkly, underexposed, unlit, murk, sombre,"
      "somber, darken, dark lighting, dark mood, dark tones, shadows, shadow, in the dark",
      "brightness=dark mood=dark@0.35", "brightness=medium"),
    _("black out", "pitch black, pitch dark, blackness, lightless, black void, total darkness, "
      "blackout",
      "brightness=black",
      "brightness=dim"),
    _("dim", "dim, dimly, subdued, dusky, dimly lit, soft glow, low light, faint light, dim light",
      "brightness=dim", "brightness=medium"),
    _("medium light", "evenly bright, medium brightness, normal light, neutral light",
      "brightness=medium"),
    _("light", "light, lighting, lights, illumination, illuminated, lit", "brightness=bright@0.5",
      "brightness=dark"),
    _("soft light", "soft light, soft, diffuse light, diffused, diffuse, soft lighting, "
      "ambient light,gentle light, softly lit, softbox",
      "light=soft contrast=low@0.6"),
    _("hard light", "hard light, harsh light, harsh, stark, direct light, dramatic light,"
      "dramatic lighting, key light, chiaroscuro, hard shadows, strong light, harsh lighting",
      "light=hard contrast=high@0.7"),
    _("backlight", "backlit, backlight, back light, back lit, silhouette, silhouettes, silhouetted,"
      "against the light, ", "light=backlit light=rim@0.6 contrast=high@0.5"),
    _("rim light", "rim light, rim lit, rim lighting, edge light, edge lit, glowing edges, "
      "outline glow,halo",
      "light=rim"),
    _("beams", "beam, beams, ray, rays, god rays, sunbeam, sunbeams, light shaft, shafts of "
      "light,volumetric, volumetric light, crepuscular, rays of light, light beams, "
      "searchlight, sun rays,volumetric beams, light rays, streaks of light",
      "light=beams"),
    _("bloom", "glow, glowing, bloom light, aglow, radiance, luminescent, bioluminescent, "
      "shining, shine,shiny, gleam, gleaming, phosphorescent, light bloom, luminescence, "
      "bioluminescence, glowy,incandescent, lens bloom, glare",
      "light=bloom"),
    _("spotlight", "spotlight, spot light, pool of light, limelight, stage light",
      "light=spotlight brightness=dim@0.4"),
    _("flicker light", "flickering light, flickering lights, blinking, blinking lights",
      "light=flicker motion=flicker@0.8"),
    _("strobe", "strobe, strobing, strobe light, strobe lights, stroboscope, flashing, "
      "flashing lights,flashes, flash",
      "light=flicker*1.8 motion=flicker@0.8"),
    _("candle", "candle, candles, candlelight, candlelit, lantern, lanterns, fireplace, hearth,"
      "oil lamp, torch, torchlight", "light=candle palette=firefly@0.6 temperature=warm "
      "brightness=dim@0.5 mood=cosy@0.5"),
    _("fire", "fire, flame, flames, blaze, blazing, inferno, bonfire, burning, burn, campfire, "
      "fiery,wildfire, on fire, ablaze",
      "scene=fire palette=fire particles=embers light=flicker@0.6 temperature=hot "
      "sound=fire@0.7 direction=up@0.4"),
    _("reflection", "reflection, reflections, reflective, mirrored, mirror, glint, glints, "
      "glinting,shimmering, shimmer, glistening, glittering water, sparkling water, reflecting, "
      "gloss, glossy",
      "light=reflections"),
    _("lens flare", "lens flare, flare, flares, anamorphic flare, sun flare",
      "light=bloom light=sun@0.4"),
    _("neon lights", "neon light, neon lights, neon sign, neon signs, neon glow, neon tubes",
      "palette=neon light=bloom light=flicker@0.35 brightness=dim@0.4"),
)  # fmt: skip
