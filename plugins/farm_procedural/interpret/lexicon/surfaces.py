"""Gradients, textures, materials, depth, film looks and art styles."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    # Gradients.
    _("flat colour", "flat colour, solid colour, plain colour, single colour, one colour, flat "
      "shading, solid background, no gradient,no gradients, uniform colour, plain, solid, "
      "without gradient, without gradients",
      "gradient=flat texture=smooth@0.4"),
    _("vertical gradient", "vertical gradient, gradient top to bottom, gradient bottom to top, "
      "top to bottom gradient, gradient from top to bottom, bottom to top gradient, vertical "
      "blend,gradient from bottom to top, vertical colour gradient, vertical gradients",
      "gradient=vertical scene=gradient@0.6"),
    _("horizontal gradient", "horizontal gradient, gradient left to right, gradient right to "
      "left, left to right gradient, gradient from left to right, horizontal blend, horizontal "
      "gradients,gradient from right to left, linear gradient from left to right,linear gradient from "
      "right to left, sideways gradient, right to left gradient",
      "gradient=horizontal scene=gradient@0.6"),
    _("radial gradient", "radial gradient, radial, circular gradient, round gradient, gradient "
      "from the centre, spherical gradient, radial glow,radial gradients, radially, glow in the "
      "middle,glow in the centre, light in the middle, light in the centre, from the "
      "centre outward gradient",
      "gradient=radial scene=gradient@0.5"),
    _("angled gradient", "diagonal gradient, angled gradient, diagonal, slanted, oblique, "
      "diagonal blend, tilted gradient, linear gradient,diagonal gradients, angled",
      "gradient=angled scene=gradient@0.5"),
    _("conic gradient", "conic gradient, conical gradient, conic, sweep gradient, angular "
      "gradient, colour wheel, conic gradients, conical",
      "gradient=conic scene=gradient@0.5"),
    _("diamond gradient", "diamond gradient, rhombic gradient, diamond shaped gradient, "
      "diamond gradients",
      "gradient=diamond scene=gradient@0.5"),
    # Textures.
    _("smooth", "smooth, clean surface, polished, even surface, sleek, textureless, no texture, "
      "no noise, noiseless, smooth surface, seamless,without noise, without texture, buttery, "
      "smoothness, satiny smooth",
      "texture=smooth"),
    _("texture", "texture, textures, textured, noise, noisy, fractal noise, perlin noise, "
      "noise texture",
      "texture=rough@0.85",
      "texture=smooth"),
    _("cloudy texture", "billowing, billowy, fluffy, puffy, cottony, cotton, cotton candy, "
      "soft noise, cloud texture, cloud like, woolly, wool, fleecy, pillowy",
      "texture=cloudy"),
    _("silk", "silk, silky, satin, velvet, velvety, fabric, cloth, textile, drapery, curtain, "
      "curtains, folds, folded cloth, chiffon, lace, veil, veils, scarf",
      "texture=silky palette=silk@0.65 motion=wave@0.5"),
    _("liquid", "liquid, liquids, viscous, syrup, oily, oil, melting, melt, melted, gooey, "
      "slime, liquid metal, mercury drops, lava lamp, goo, fluid art, pouring paint, acrylic "
      "pour",
      "texture=liquid motion=flow@0.55"),
    _("marble", "marble, marbled, marbling, porcelain, agate, alabaster, veined, onyx stone, "
      "stone veins, ebru",
      "texture=marbled palette=marble@0.65"),
    _("smoke", "smoke, smoky, smokey, smoking, incense, vapour, steam, steamy, fumes, wisps, "
      "wisp, dry ice, ink in water, ink drops, ink clouds, exhaust, plume, plumes",
      "texture=smoky scene=smoke@0.75 palette=fog@0.45 motion=rise@0.4"),
    _("ripples", "ripple, ripples, rippling, rippled, caustics, caustic, wavelets, water "
      "surface, corrugated",
      "texture=rippled motion=wave@0.5"),
    _("rough", "rough, coarse, gritty, grunge, rugged, weathered, rusty, cracked, crackle, "
      "bark, concrete, asphalt, raw, scratched, eroded, distressed, crumbling, rusted",
      "texture=rough"),
    _("crystal", "crystal, crystals, crystalline, faceted, facets, gem, gems, gemstone, "
      "gemstones, jewel, jewels, diamond, diamonds, glass, glassy, broken glass, low poly "
      "crystal, quartz, shards, refraction, refracting, prism glass, crystal clear glass",
      "texture=crystalline light=reflections@0.6 palette=jewel@0.5"),
    _("ice", "ice, icy, frost, frozen, ice crystals, freezing ice, permafrost, icicle, icicles, "
      "hoarfrost, frosted, frosted glass",
      "palette=ice temperature=cold texture=crystalline@0.6"),
    _("painterly", "painterly, painting, painted, paint, brush strokes, brushstrokes, oil "
      "painting, watercolour, watercolours, impressionist, impressionism, monet, van gogh, "
      "turner, gouache, acrylic, expressionist, expressionism, canvas, ink, ink painting, sumi "
      "e, calligraphy, pastel painting, art, artistic, artwork, artsy, aquarelle, fresco, "
      "brush, mural, klimt, kandinsky, rothko",
      "texture=painterly palette=paint@0.6"),
    _("cells", "cellular, cells, cell, organic, organic shapes, voronoi, biological, bacteria, "
      "bacterial, petri dish, amoeba, scales, reptile skin, membrane, mitosis, biology",
      "texture=cellular motion=morph@0.5"),
    _("fibres", "fibrous, fibres, fibre, hair, fur, furry, woven, threadlike, silk threads, "
      "wood grain, wooden, straw, grass blades, feathers, feather, feathery, brushed metal, "
      "woodgrain",
      "texture=fibrous"),
    _("wood", "timber, oak wood, parquet, wooden planks", "palette=coffee texture=fibrous@0.8"),
    _("metal", "metal, metallic, chrome, steel, iron, aluminium, aluminum, titanium, mercury, "
      "chromed, silvery, nickel, tin, mirror metal, armor, armour",
      "palette=chrome light=reflections@0.6 saturation=muted@0.4"),
    _("gold metal", "gold leaf, gilded, gold plated, liquid gold, molten gold, golden metal, "
      "gold foil, luxury gold, treasure, gold coins, bullion",
      "palette=gold light=reflections@0.5 light=bloom@0.4"),
    _("copper metal", "copper, coppery, patina, brassy, copper pipes, steampunk, bronze metal",
      "palette=copper"),
    _("coffee", "coffee, espresso, latte, cappuccino, mocha, cocoa, leather, hot chocolate, "
      "tobacco, cinnamon, toffee, tea, whiskey, cognac",
      "palette=coffee temperature=warm@0.6"),
    _("candy", "candy, sweets, sweet, bubblegum, bubble gum, ice cream, lollipop, cupcake, "
      "sugar, sugary, marshmallow, kawaii, cute, unicorn, unicorns",
      "palette=candy mood=playful@0.6"),
    _("peachy", "peach, peachy, apricots, skin tones, nude tones, fruit, fruity",
      "palette=peach colour=#ffc09c@0.5"),
    _("minty", "mint, minty, menthol, eucalyptus, peppermint, fresh mint", "palette=mint"),
    _("lavender", "lavender, lavenders, heather", "palette=lavender colour=#9678c8@0.7"),
    _("jewel tones", "jewel tones, jewel toned, oriental, arabian, persian, bollywood, india, "
      "indian, byzantine, opulent, ornate, baroque, rococo, lush colours, moroccan, carnival, "
      "mardi gras, festival, holi, fiesta, bazaar",
      "palette=jewel saturation=vivid@0.7"),
    _("royal", "royal, regal, imperial, king, queen, crown, noble, emperor, aristocratic, "
      "majesty of kings",
      "palette=royal mood=elegant@0.5"),
    _("toxic", "toxic, radioactive, nuclear, acid, slimy, poison, poisonous, venom, venomous, "
      "biohazard, contaminated, alien, aliens, ufo, extraterrestrial, xenomorph, mutant",
      "palette=toxic mood=mysterious@0.4"),
    _("blood", "blood, bloody, gore, gory, vampire, vampires, dracula, bleeding",
      "palette=blood mood=scary@0.6 brightness=dark@0.5"),
    # Styles with a palette.
    _("neon", "neon, cyberpunk, neon colours, fluorescent, blacklight, day glo, tron, blade "
      "runner, uv light, neon noir, ultraviolet",
      "palette=neon saturation=vivid@0.7 light=bloom@0.6 brightness=dim@0.35 "
      "mood=futuristic@0.4"),
    _("synthwave", "synthwave, retrowave, outrun, eighties, 80s, 1980s, miami vice, arcade, "
      "retro futuristic, retro wave, the 80s, vhs era, synth wave, chillwave",
      "palette=neon genre=retro@0.85 shape=grid@0.5 scene=cyberspace@0.5 sound=bass@0.5 "
      "sound=drums@0.5"),
    _("vaporwave", "vaporwave, vapour wave, aesthetic, seapunk, vapor wave, lofi, lo fi, lofi "
      "hip hop",
      "palette=vaporwave genre=retro@0.7 tempo=slow@0.4"),
    # Depth.
    _("flat", "flat, two dimensional, 2d, flat design, planar, no depth, vector, vector art, "
      "without depth, paper cut flat, flat style",
      "depth=flat"),
    _("layered", "layered, layers, parallax, multi layered, paper cut, papercut, paper cutout, "
      "layer, stacked, multilayer, collage, layer upon layer, 2.5d, diorama, layering",
      "depth=layered"),
    _("deep", "deep, depth, three dimensional, 3d, great depth, endless depth, vast depth, far "
      "horizon, infinite, infinity, perspective, far reaching, distance, distant, faraway, to "
      "the horizon",
      "depth=deep",
      "depth=flat"),
    _("shallow focus", "shallow focus, shallow depth of field, depth of field, blurred "
      "background, blurry background, soft focus, tilt shift, selective focus, dof, rack focus, "
      "miniature, out of focus background, bokeh background, shallow dof, focus pull",
      "depth=shallow-focus",
      "depth=deep-focus"),
    _("deep focus", "deep focus, everything in focus, all in focus, tack sharp, sharp focus, "
      "sharp, pin sharp, in focus, crisp, crisp focus, sharp everywhere, crystal clear",
      "depth=deep-focus",
      "depth=blurred"),
    _("blurred", "blurred, blurry, out of focus, unfocused, defocused, blur, hazy focus, "
      "gaussian blur, unsharp, fuzzy, blurring",
      "depth=blurred",
      "depth=deep-focus"),
    # Film looks.
    _("clean look", "clean, clean look, no grain, digital look, no film grain, no vignette, no "
      "effects, pristine, spotless, modern look, unprocessed, without grain, ungraded, clean "
      "image, without film grain, without any grain",
      "grade=clean"),
    _("film look", "film look, filmic, celluloid, analog film, analogue film, kodak, 35mm, 35 "
      "mm, 70mm, kodachrome, portra, film stock, movie look, analog, analogue, imax",
      "grade=film grade=grain@0.5"),
    _("grain", "grain, grainy, film grain, noise grain, iso noise, grainy film, grain texture",
      "grade=grain"),
    _("vignette", "vignette, vignetting, vignetted, dark corners, darkened edges, dark edges, "
      "darker corners",
      "grade=vignette"),
    _("halation", "halation, red glow on highlights, highlight glow, highlight bleed",
      "grade=halation"),
    _("letterbox", "letterbox, letterboxed, cinemascope, anamorphic, black bars, scope format, "
      "cinema bars, cinematic bars, 2.39 to 1, cinematic black bars, movie bars",
      "grade=letterbox"),
    _("sepia", "sepia, sepia toned, sepia tone, daguerreotype, tintype, sepia tones",
      "grade=sepia palette=nostalgia@0.7 saturation=muted@0.6"),
    _("noir look", "film noir, noir, black and white noir, neo noir, noirish",
      "grade=noir genre=noir palette=noir@0.75 contrast=high@0.7 brightness=dark@0.6 "
      "light=hard@0.5"),
    _("bleach bypass", "bleach bypass, bleached, bleach, silver retention, saving private ryan",
      "grade=bleach contrast=high@0.5 saturation=muted@0.5"),
    _("teal and orange", "teal and orange, orange and teal, teal orange, blockbuster look, "
      "hollywood look, blockbuster colours, teal & orange, orange teal, blockbuster",
      "grade=teal-orange"),
    _("faded look", "faded, matte, faded blacks, lifted blacks, washed, instagram filter, "
      "bleached out, matte look, sun faded, faded look, polaroid",
      "grade=faded contrast=low@0.5"),
    _("vintage look", "vintage, vintage look, old film, old movie, old footage, retro look, "
      "super 8, super8, 8mm, 16mm, 16 mm, home movie, antique, old fashioned, seventies, 70s, "
      "1970s, sixties, 60s, 1960s, fifties, 50s, 1950s, archival, archive footage, silent film, "
      "old school, 1920s, twenties, wes anderson",
      "grade=vintage palette=nostalgia@0.5 genre=vintage@0.5 mood=nostalgic@0.5"),
    _("technicolor", "technicolor, technicolour, three strip, wizard of oz",
      "grade=technicolor saturation=vivid@0.8"),
    _("vhs", "vhs, video tape, videotape, camcorder, crt, old tv, analog video, tape look, "
      "nineties, 90s, 1990s, scanlines, television, tv noise, vcr",
      "grade=vhs genre=retro@0.6"),
)  # fmt: skip
