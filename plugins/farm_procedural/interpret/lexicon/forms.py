"""Shapes drawn over the picture, particles in the air, and titles."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    # Shapes.
    _("circle", "circle, circles, disc, discs, disk, disks, dot, dots, ball, balls, round "
      "shapes, round shape,spheres, sphere, orb, orbs, polka dots, globes, balloons, balloon, "
      "pearls, planets as circles, marbles",
      "shape=circle"),
    _("ring", "ring, rings, hoop, hoops, halos, donut, donuts, annulus, concentric circles, "
      "concentric rings,concentric, portal, torus",
      "shape=ring"),
    _("triangle", "triangle, triangles, triangular, pyramid, pyramids, low poly, polygonal "
      "triangles, delta shape",
      "shape=triangle"),
    _("square", "squares, square, cube, cubes, box, boxes, rectangle, rectangles, block, "
      "blocks, tiles, tile, rectangular,square shape, square shapes, a square, cubic, pixels "
      "as shapes, checkerboard, mosaic",
      "shape=square"),
    _("hexagon", "hexagon, hexagons, hexagonal, honeycomb, hex grid, polygon, polygons, "
      "polygonal, octagon, pentagon,hive, beehive, geometric, geometry, geometric shapes, "
      "geometrical, shapes, shape, sacred geometry, mandala,mandalas",
      "shape=hexagon"),
    _("star shape", "star shape, star shapes, star symbol, five pointed star, pentagram, drawn "
      "stars, paper stars,cartoon stars, star polygon, asterisk, star icon",
      "shape=star"),
    _("heart", "heart, hearts, heart shape, heart shapes, valentine, valentines",
      "shape=heart mood=romantic@0.7 palette=romance@0.55"),
    _("line", "line, lines, stripe, stripes, striped, streaks, strokes, bars, ray lines, line "
      "art, strings, wires,threads, laser, lasers, laser beams, scan lines, laser lines, "
      "parallel lines, linear shapes",
      "shape=line"),
    _("wave line", "wave line, wave lines, sine wave, sine waves, waveform, waveforms, sound "
      "wave, sound waves,wavy line, wavy lines, sinus, oscilloscope, zigzag, squiggles, "
      "frequency, equalizer, audio wave",
      "shape=wave"),
    _("spiral", "spiral, spirals, helix, dna, double helix, golden spiral, fibonacci, golden "
      "ratio, curlicue",
      "shape=spiral motion=swirl@0.4"),
    _("grid", "grid, grids, lattice, mesh, wireframe, wire frame, graph paper, checkered, "
      "network lines, net, matrix of dots",
      "shape=grid"),
    _("diamond shape", "diamond shapes, rhombus, rhombs, kite shapes, lozenge", "shape=square"),
    # Particles.
    _("particles", "particle, particles, motes, specks, floating particles, particle system, "
      "dust motes, dust, dusty,pollen, spores, powder, plankton, sand grains, particulate",
      "particles=dust"),
    _("stars", "stars, star, stellar, starfield, star field, twinkling stars, starscape, "
      "distant stars",
      "particles=stars palette=starlight@0.45"),
    _("embers", "ember, embers, cinders, glowing ash, ash, ashes, fire particles, glowing "
      "embers, forge, fire sparks",
      "particles=embers palette=lava@0.5 direction=up@0.4"),
    _("sparks", "spark, sparks, sparkle, sparkles, sparkling, sparkly, sparkler, sparklers, "
      "welding, electric sparks, sparking",
      "particles=sparks light=bloom@0.4"),
    _("fireworks", "firework, fireworks, pyrotechnics, firecracker",
      "particles=sparks motion=explode@0.85 palette=night@0.5 light=bloom@0.5 mood=happy@0.5 "
      "intensity=lively@0.4"),
    _("glitter", "glitter, glittering, glittery, sequins, fairy dust, pixie dust, gold dust, "
      "magic dust, star sprinkles, sparkle dust",
      "particles=sparks particles=dust@0.8 light=bloom@0.6"),
    _("petals", "petal, petals, cherry blossom, cherry blossoms, sakura, blossom, blossoms, "
      "falling petals, rose petals, flower petals",
      "particles=petals palette=blossom"),
    _("bokeh", "bokeh, defocused lights, blurred lights, light orbs, out of focus lights, "
      "light bubbles, bokeh lights, fairy lights,string lights, light dots, soft lights",
      "particles=bokeh depth=shallow-focus@0.4"),
    _("bubbles", "bubble, bubbles, soap bubble, soap bubbles, fizz, fizzy, foam, champagne, "
      "effervescent, soda, carbonated, foamy",
      "particles=bubbles direction=up@0.3"),
    _("confetti", "confetti, streamers, paper snips, ticker tape",
      "particles=confetti mood=happy@0.6 palette=joy@0.5"),
    _("leaves", "leaf, leaves, falling leaves, fallen leaves, leafy",
      "particles=leaves palette=autumn@0.4"),
    _("fireflies", "firefly, fireflies, glowworm, glow worms, lightning bugs, will o the wisp, "
      "wisps of light, glow bugs",
      "particles=fireflies palette=firefly brightness=dark@0.4 sound=night@0.5"),
    _("flowers", "flower, flowers, floral, roses, tulip, tulips, daisies, daisy, lily, lilies, "
      "poppy, poppies, orchid, orchids,sunflower, sunflowers, lotus, bouquet, wildflowers, "
      "jasmine, magnolia, peonies, peony, hibiscus, dandelion, dandelions",
      "palette=blossom scene=garden@0.6 particles=petals@0.6"),
    _("lavender field", "lavender field, lavender fields, wisteria, lilacs, irises, bluebells, "
      "violets, field of lavender",
      "palette=lavender scene=meadow@0.7 particles=petals@0.4"),
    # Titles.
    _("title", "title, titles, text, texts, lettering, typography, caption text, letters, "
      "heading, headline, word on screen,words on screen, on screen text, writing, font, fonts, "
      "credits, inscription, written, logo text, wordmark, slogan, type,title card, text "
      "overlay, text on screen, title text, intertitle, watermark",
      "title=title@0.85",
      "title=none"),
    _("kinetic type", "kinetic type, kinetic typography, animated text, moving text, dancing "
      "letters, lyric text, word by word,animated typography, kinetic text, bouncing letters, "
      "animated letters, animated title",
      "title=kinetic"),
    _("lower third", "lower third, lower thirds, name tag, name bar, chyron, nameplate, banner "
      "text",
      "title=lower-third",
      "title=none"),
    _("caption", "caption, captions, subtitle, subtitles, subtitled, subtext, captioned, "
      "closed captions",
      "title=caption",
      "title=none"),
)  # fmt: skip
