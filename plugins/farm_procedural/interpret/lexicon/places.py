"""Places: landscapes, waters, towns, rooms and outer space."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    # Water.
    _("sea", "sea, ocean, open water, high seas, seascape, pacific, atlantic, mediterranean, "
      "",
      "scene=sea palette=sea motion=wave@0.55 sound=sea@0.6"),
    _("waves", "wave, waves, ocean waves, swell, surf, breakers, tide, tides, billow, whitecaps",
      "motion=wave scene=sea@0.7 palette=sea@0.5 sound=sea@0.6"),
    _("beach", "beach, shore, seaside, coast, coastline, seashore, shoreline, seafront, "
      "sandbank, bay",
      "scene=beach palette=sea@0.55 sound=sea@0.6 motion=wave@0.45"),
    _("harbour", "harbour, port, marina, pier, dock, jetty, quay",
      "scene=beach palette=sea@0.5 light=reflections@0.5 sound=sea@0.5"),
    _("lake", "lake, pond, lakeside, reservoir, tarn, loch, fjord, water mirror",
      "scene=lake palette=lake light=reflections@0.5 intensity=calm@0.4"),
    _("river", "river, stream, creek, brook, riverbank, rapids, canal, delta",
      "scene=river palette=lake@0.6 motion=flow@0.6 sound=sea@0.4"),
    _("waterfall", "waterfall, cascade, cataract",
      "scene=waterfall palette=lake@0.55 motion=fall direction=down@0.6 sound=rain@0.5"),
    _("underwater", "underwater, under water, submerged, under the sea, beneath the waves, "
      "undersea,coral reef, reef, aquarium, seabed, kelp, seaweed, subaquatic, below "
      "the surface,deep water",
      "scene=underwater palette=reef particles=bubbles@0.6 light=beams@0.6 motion=float@0.5 "
      "sound=hum@0.4"),
    _("abyss", "abyss, deep sea, deep ocean, depths, ocean floor, mariana trench, abyssal, trench",
      "scene=underwater palette=abyss brightness=dark@0.6 particles=bubbles@0.5"),
    _("water", "water, aquatic, liquid water, wet, pool, puddle, spring water",
      "palette=lake@0.75 texture=rippled@0.8 light=reflections@0.5"),
    _("island", "island, isle, archipelago, atoll, desert island",
      "scene=island palette=lagoon@0.6"),
    _("lagoon", "lagoon, tropical, tropics, paradise, palm, palm tree, caribbean, hawaii, maldives,"
      "tropical beach, tropical island", "palette=lagoon scene=island@0.7 temperature=warm@0.5 "
      "brightness=bright@0.4"),
    _("swamp", "swamp, marsh, bog, wetland, bayou, mangrove",
      "scene=lake palette=firefly@0.6 weather=fog@0.5 sound=night@0.5"),
    # Land.
    _("forest", "forest, wood, woods, woodland, grove, trees, tree, pine, pines, fir, birch, oak,"
      "redwood, forests, treetops, taiga, thicket",
      "scene=forest palette=forest particles=dust@0.4 light=beams@0.4"),
    _("jungle", "jungle, rainforest, rain forest, amazon", "scene=jungle palette=forest "
      "weather=fog@0.3 sound=night@0.4"),
    _("bamboo", "bamboo, bamboo forest, fern, ferns", "scene=forest palette=meadow@0.6"),
    _("meadow", "meadow, meadows, grass, grassland, field, fields, pasture, prairie, lawn, "
      "steppe,savanna, savannah, countryside, farmland, rolling hills, grassy",
      "scene=meadow palette=meadow particles=dust@0.35"),
    _("wheat field", "wheat field, wheat fields, cornfield, cornfields, barley, golden fields,"
      "field of wheat", "scene=meadow palette=golden-hour motion=wave@0.4"),
    _("garden", "garden, park, orchard, greenhouse, botanical, flower bed, terrace",
      "scene=garden palette=spring@0.6 particles=petals@0.4"),
    _("vineyard", "vineyard, vineyards, tuscany, provence", "scene=meadow palette=golden-hour@0.6"),
    _("hills", "hill, hills, highlands, highland, moor, heath, downs, knoll",
      "scene=meadow palette=meadow@0.5 depth=layered@0.5"),
    _("desert", "desert, dune, dunes, sand dunes, sahara, sand, sandy, gobi, wasteland, arid, "
      "barren",
      "scene=desert palette=desert temperature=hot@0.6 sound=wind@0.5"),
    _("oasis", "oasis, mirage", "scene=desert palette=lagoon@0.5 weather=heat@0.5"),
    _("canyon", "canyon, gorge, ravine, badlands, grand canyon, mesa, monument valley, rock face",
      "scene=canyon palette=desert depth=deep@0.4"),
    _("mountains", "mountain, mountains, alps, alpine, peak, peaks, summit, ridge, ridges, "
      "himalaya,everest, andes, rockies, mountain range, mountainous, cliffs, cliff, crag, "
      "massif",
      "scene=mountains palette=mountain depth=layered@0.5 sound=wind@0.4"),
    _("valley", "valley, valleys, glen, dale",
      "scene=mountains palette=mountain@0.6 weather=fog@0.3"),
    _("rock", "rock, rocks, stone, stones, boulder, rocky, granite, slate, basalt",
      "palette=earth@0.75 texture=rough@0.8"),
    _("volcano", "volcano, volcanic, crater, eruption, caldera",
      "scene=volcano palette=lava particles=embers intensity=strong@0.5 sound=fire@0.5"),
    _("lava", "lava, magma, molten, molten rock", "palette=lava scene=volcano@0.6 "
      "texture=liquid@0.6 particles=embers@0.6 sound=fire@0.5 temperature=hot@0.6"),
    _("snowfield", "snowfield, tundra, arctic, antarctic, antarctica, siberia, north pole, "
      "polar,south pole, snowy mountains, snowy landscape, winter landscape, winter wonderland, "
      "ski slope",
      "scene=snowfield palette=snow temperature=cold@0.7 particles=snow@0.5 sound=wind@0.5"),
    _("glacier", "glacier, iceberg, icebergs, ice field, ice floe, ice cave",
      "scene=glacier palette=ice temperature=cold@0.7"),
    _("cave", "cave, cavern, grotto, tunnel, mine, catacombs, underground, cellar, dungeon",
      "scene=cave palette=earth@0.5 brightness=dark@0.6 light=spotlight@0.4"),
    _("landscape", "landscape, landscapes, panorama, vista, scenery of nature, horizon, outdoors,"
      "wilderness, wild nature", "scene=meadow@0.7 depth=layered@0.6 shot=wide@0.6"),
    _("earth", "soil, mud, clay, dirt, ground, terracotta, adobe, earthy, earth tones, earthen",
      "palette=earth texture=rough@0.4"),
    # Built.
    _("city", "city, cityscape, skyline, town, metropolis, downtown, skyscraper, skyscrapers, "
      "tower,towers, buildings, building, architecture, urban, tokyo, new york, manhattan, "
      "london, paris,hong kong, shanghai, berlin, dubai, rooftops, rooftop, megacity, big city",
      "scene=city palette=city particles=bokeh@0.45 sound=hum@0.4"),
    _("city lights", "city lights, street lights, "
      "nightlife,street lamp, lamps, headlights, traffic lights, tail lights, light trails",
      "scene=city palette=city particles=bokeh brightness=dim@0.5 light=bloom@0.5"),
    _("street", "street, alley, lane, road, avenue, boulevard, highway, motorway, crosswalk, "
      "sidewalk,back street, road trip, path, pathway, trail",
      "scene=street palette=city@0.4 camera=dolly-in@0.35"),
    _("traffic", "traffic, cars, car, driving, drive, taxi, racing car, motorcycle, bus, subway,"
      "train, railway, tram, metro", "scene=street motion=flow@0.6 light=reflections@0.4 "
      "sound=hum@0.5 intensity=lively@0.4"),
    _("bridge", "bridge, dam, viaduct", "scene=river@0.7 palette=city@0.4"),
    _("room", "room, interior, indoors, indoor, living room, bedroom, kitchen, library, office, "
      "studio,museum, gallery, hallway, corridor, house, home, window",
      "scene=room palette=coffee@0.4 light=soft@0.5"),
    _("cafe", "cafe, coffee shop, bar, restaurant, pub, tavern, coffeehouse",
      "scene=room palette=coffee particles=bokeh@0.5 temperature=warm@0.5 mood=cosy@0.5"),
    _("temple", "temple, cathedral, church, chapel, shrine, monastery, mosque, stained glass, "
      "altar",
      "scene=room@0.6 light=beams mood=sacred@0.7 sound=choir@0.6 palette=jewel@0.5"),
    _("castle", "castle, palace, fortress, ruins, ruin, kingdom, citadel, throne",
      "scene=mountains@0.6 palette=royal@0.7 mood=epic@0.5 genre=fantasy@0.4"),
    _("village", "village, cottage, farm, barn, hamlet, cabin, chalet, hut",
      "scene=meadow palette=autumn@0.4 mood=cosy@0.5"),
    _("factory", "factory, industrial, warehouse, machinery, machine, engine, gears, industry, "
      "robot,robots, robotic, mechanical, android",
      "palette=chrome scene=room@0.4 sound=hum@0.7 texture=rough@0.3"),
    _("stage", "stage, concert, theatre, arena, stadium, show stage, opera house, festival stage",
      "light=spotlight light=beams@0.8 palette=neon@0.5 brightness=dim@0.4 sound=drums@0.4"),
    # Beyond.
    _("space", "space, outer space, deep space, cosmos, cosmic, universe, interstellar, spaceship,"
      "spacecraft, rocket, astronaut, astronauts, zero gravity, void, celestial, galactic space,"
      "satellite, starship, solar system", "scene=space palette=cosmos particles=stars@0.75 "
      "motion=float@0.4 sound=pad@0.5"),
    _("nebula", "nebula, nebulae, galaxy, galaxies, milky way, star dust, stardust, supernova, "
      "quasar,andromeda, galactic, cosmic clouds, star cluster",
      "scene=nebula palette=cosmos particles=stars@0.75 motion=swirl@0.4 sound=pad@0.5"),
    _("black hole", "black hole, wormhole, event horizon, vortex in space, singularity",
      "scene=nebula palette=cosmos motion=swirl motion=implode@0.6 gradient=radial@0.6 "
      "brightness=dark@0.4"),
    _("planet", "planet, planets, mars, saturn, jupiter, venus, neptune, globe, the earth, "
      "planet earth,exoplanet, earth from space, alien planet",
      "scene=planet palette=cosmos@0.7 particles=stars@0.7 motion=spin@0.3"),
    _("meteor", "meteor, meteors, comet, comets, shooting star, shooting stars, asteroid, "
      "asteroids,meteor shower, falling star, falling stars",
      "scene=space particles=sparks@0.8 particles=stars@0.6 palette=starlight@0.6 "
      "direction=down-right@0.4"),
    _("aurora", "aurora, aurora borealis, aurora australis, northern lights, polar lights,"
      "southern lights, northern light, aurorae", "scene=aurora palette=aurora particles=stars@0.6 "
      "motion=wave@0.5 mood=sacred@0.3"),
    _("clouds", "clouds, cloud, cloudscape, above the clouds, cloudy sky, cumulus, in the clouds,"
      "among the clouds, cloud sea, sea of clouds, heaven, heavens", "scene=clouds palette=sky "
      "weather=cloudy@0.85 texture=cloudy@0.7"),
    _("sky", "sky, skies, blue sky, firmament, airspace, open sky", "scene=sky palette=sky"),
    _("cyberspace", "cyberspace, digital, virtual, virtual reality, matrix, data, code, "
      "algorithm,network, internet, computer, hologram, holographic, circuit, circuits, "
      "electronics, blockchain,artificial intelligence, ai, tech, technology, hacker, binary, "
      "cyber, digital world, metaverse",
      "scene=cyberspace palette=technology shape=grid@0.6 mood=futuristic@0.6 sound=hum@0.4"),
    _("matrix code", "matrix code, green code, digital rain, terminal green, code rain",
      "scene=cyberspace palette=matrix particles=rain@0.7 direction=down@0.6"),
    _("abstract", "abstract, abstraction, non figurative, generative, generative art, digital art,"
      "abstract art, psychedelic, trippy, surreal shapes, kaleidoscope, kaleidoscopic, hypnotic,"
      "fractal, fractals, screensaver, visualizer, visualiser", "scene=abstract genre=abstract@0.8 "
      "motion=morph@0.5"),
    _("psychedelia", "acid trip, lsd, psychedelia, hallucination, hallucinogenic",
      "scene=abstract palette=rainbow saturation=vivid motion=morph@0.7 motion=swirl@0.6"),
    _("plain gradient", "gradient, gradients, colour gradient, smooth gradient, gradient "
      "background,colour wash, colour field, plain background, mesh gradient, soft gradient, "
      "gradient wallpaper",
      "scene=gradient texture=smooth@0.6"),
)  # fmt: skip
