"""Things and creatures: what a film about them looks like when it is made of light and form."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    _("whale", "whale, whales, dolphin, dolphins, fish, fishes, shark, sharks, octopus, turtle, "
      "turtles, mermaid, mermaids, orca, koi, school of fish, seal, manta ray, scuba, diver, "
      "diving, goldfish, squid, seahorse, submarine",
      "scene=underwater palette=reef@0.75 motion=float@0.6 particles=bubbles@0.5"),
    _("jellyfish", "jellyfish, medusa, anemone, jellyfishes",
      "scene=underwater palette=abyss@0.7 motion=pulse@0.7 light=bloom@0.7 motion=float@0.6"),
    _("bird", "bird, birds, eagle, eagles, seagull, seagulls, swallow, swallows, crane birds, "
      "goose, geese, flock, hawk, falcon, raven, crow, crows, dove, doves, phoenix rising, owl "
      "in flight, parrot, hummingbird, swan, swans, flamingo",
      "scene=sky@0.75 motion=float@0.6 palette=sky@0.5 sound=wind@0.4"),
    _("phoenix", "phoenix",
      "palette=fire particles=embers@0.7 motion=rise@0.7 mood=triumphant@0.5"),
    _("butterfly", "butterfly, butterflies, moth, moths, bee, bees, dragonfly, dragonflies, "
      "ladybug, insect",
      "scene=garden motion=float@0.7 palette=spring@0.6 particles=petals@0.4 mood=playful@0.4"),
    _("wolf", "wolf, wolves, bear, bears, deer, stag, fox, foxes, rabbit, squirrel, elk, moose, "
      "animal, animals, creature, creatures, beast, boar, hedgehog, panda",
      "scene=forest@0.75 palette=forest@0.55 genre=nature@0.5"),
    _("lion", "lion, lions, elephant, elephants, giraffe, zebra, leopard, cheetah, rhino, "
      "camel, camels, africa, african, kenya, serengeti",
      "scene=desert@0.7 palette=golden-hour@0.6 genre=nature@0.5 temperature=warm@0.5"),
    _("tiger", "tiger, tigers, monkey, monkeys, gorilla, panther, snake, snakes, crocodile, "
      "jaguar, toucan, sloth",
      "scene=jungle@0.75 palette=forest@0.55 genre=nature@0.5"),
    _("horse", "horse, horses, wild horses, galloping, gallop, mustang, stallion, cattle, cow, "
      "cows, sheep, pony",
      "scene=meadow@0.7 intensity=lively@0.5 motion=flow@0.4"),
    _("pet", "cat, cats, kitten, kittens, dog, dogs, puppy, puppies, pet, pets, hamster",
      "scene=room@0.5 mood=playful@0.6 palette=coffee@0.35"),
    _("penguin", "penguin, penguins, polar bear, polar bears, reindeer, husky, walrus, snowman, "
      "igloo, snow fox",
      "scene=snowfield palette=snow@0.7 temperature=cold@0.6"),
    _("dinosaur", "dinosaur, dinosaurs, prehistoric, jurassic, fossil, fossils, mammoth, stone "
      "age",
      "scene=jungle@0.7 palette=earth@0.5 mood=epic@0.4"),
    _("mushroom", "mushroom, mushrooms, fungi, mycelium, moss, mossy, toadstool, lichen, clover",
      "scene=forest@0.75 palette=forest@0.7 shot=close@0.4"),
    _("plant", "plant, plants, seed, seedling, sapling, vine, vines, cactus flower, succulent, "
      "bush, herbs, ivy, weeds, roots, root, photosynthesis",
      "palette=meadow scene=garden@0.6 motion=grow@0.4"),
    _("ship", "ship, ships, boat, boats, sail, sails, sailboat, yacht, pirate, pirates, raft, "
      "canoe, ferry, titanic ship, lighthouse, kayak, captain, sailor, navy ship, galleon",
      "scene=sea motion=wave@0.6 palette=sea@0.6 sound=sea@0.5"),
    _("plane", "plane, airplane, aeroplane, aircraft, jet, parachute, skydiving, hot air "
      "balloon, hot air balloons, kite, kites, glider, blimp, zeppelin, airship, drone flight, "
      "cockpit",
      "scene=clouds@0.75 motion=float@0.6 camera=dolly-in@0.5 palette=sky@0.5"),
    _("clock", "clock, watch face, clockwork, pendulum clock, hourglass, ticking, countdown "
      "timer, metronome, sundial",
      "shape=circle@0.7 motion=spin@0.7 motion=pulse@0.5 sound=bells@0.4"),
    _("eye", "eye, eyes, iris, pupil, eyeball", "gradient=radial shape=ring@0.7 shot=macro@0.6"),
    _("brain", "brain, neuron, neurons, neural, neural network, synapse, synapses, mind, "
      "thought, thoughts, consciousness, idea, intelligence, thinking, psychology",
      "shape=grid@0.6 palette=magic@0.5 light=bloom@0.5 motion=pulse@0.5 particles=sparks@0.5"),
    _("molecule", "atom, atoms, atomic, molecule, molecules, electron, electrons, chemistry, "
      "chemical, physics, subatomic, proton, molecular, isotope",
      "shape=circle@0.7 motion=orbit palette=technology@0.5"),
    _("body", "blood cells, veins, artery, virus, viruses, lungs, anatomy, cancer, immune, "
      "microbe, germs, plasma",
      "texture=cellular palette=blood@0.5 motion=flow@0.5 shot=macro@0.5"),
    _("plasma", "plasma ball, tesla coil, electric arc, electric arcs, voltage, static "
      "electricity, tesla, force field, energy field",
      "palette=neon@0.6 light=lightning particles=sparks@0.7 texture=smoky@0.3"),
    _("portal", "gateway, stargate portal, teleport, teleportation, time machine, time vortex, "
      "warp, warp tunnel, light tunnel, tunnel of light, another dimension, multiverse, "
      "dimension, dimensions",
      "motion=swirl gradient=radial@0.5 camera=dolly-in@0.6 palette=magic@0.5 shape=ring@0.4"),
    _("end of a tunnel", "light at the end of the tunnel",
      "gradient=radial light=spotlight@0.6 brightness=dim@0.5 camera=dolly-in@0.6 "
      "mood=hopeful@0.5"),
    _("storm of sand", "sandstorm, sand storm, dust storm, dust devil",
      "scene=desert particles=dust@0.9*1.8 weather=windy@0.8 intensity=strong@0.6 "
      "palette=desert@0.7 sound=wind@0.7"),
    _("money", "money, coins, coin, cash, crypto, bitcoin, wealth, rich, stock market, dollars, "
      "jackpot",
      "palette=gold particles=confetti@0.4"),
    _("book", "book, books, story, stories, parchment, scroll, old map, novel, letter writing, "
      "paper, papyrus, newspaper, diary, manuscript",
      "palette=nostalgia@0.75 texture=fibrous@0.5"),
    _("mirrorball", "mirror ball, mirrorball, glitter ball",
      "particles=bokeh light=beams@0.7 genre=party@0.6"),
    _("food", "food, pizza, bread, cooking, cake, soup, cheese, burger, meal, dinner, "
      "breakfast, recipe, chef, baking, pasta, dessert, spices, honey jar",
      "palette=autumn@0.6 temperature=warm@0.7 shot=close@0.6"),
    _("fruit", "lemons, oranges, apples, apple, berries, cherries, strawberries, grapes, "
      "watermelon, citrus, limes, mango, pineapple, banana, bananas, smoothie",
      "palette=joy@0.75 saturation=vivid@0.6"),
    _("wine", "wine, red wine, vino, goblet, wine glass",
      "palette=romance colour=#6b1a2e@0.7 texture=liquid@0.4"),
    _("milk", "milk, yogurt, vanilla cream, whipped cream",
      "palette=marble@0.7 texture=liquid brightness=bright@0.6"),
    _("beer", "beer, ale, lager, cider", "palette=golden-hour particles=bubbles@0.8"),
    _("lightshow", "light show, laser show, light painting, light installation, projection "
      "mapping, light streaks",
      "light=beams palette=neon@0.6 motion=flow@0.5"),
    _("japan", "japan, japanese, kyoto, geisha, ukiyo e, hokusai, fuji, mount fuji, torii, zen "
      "garden, wabi sabi",
      "palette=blossom@0.6 scene=mountains@0.5 particles=petals@0.5 mood=elegant@0.4"),
    _("north", "norway, iceland, icelandic, scandinavia, nordic, sweden, finland, alaska, "
      "greenland, scotland, canada, patagonia, lapland, faroe",
      "scene=mountains@0.7 palette=mountain@0.6 temperature=cool@0.6"),
    _("greece", "greece, santorini, greek, italy, italian, spain, riviera, amalfi, ibiza, "
      "croatia, sardinia, cuba, brazil, rio",
      "scene=beach@0.7 palette=day@0.5 brightness=bright@0.5"),
    _("stillness of water", "calm water, still water, glassy water, mirror lake, calm lake",
      "scene=lake@0.7 mood=calm intensity=calm@0.9 light=reflections@0.6 palette=lake@0.6 "
      "tempo=slow@0.5"),
    _("steam train", "steam train, locomotive, steam engine",
      "texture=smoky@0.7 palette=nostalgia@0.5 motion=flow@0.4 sound=hum@0.6"),
    _("peacock", "peacock, peacocks, chameleon, beetle, oil slick, oil on water, soap film, "
      "mother of pearl, opal",
      "palette=jewel saturation=vivid@0.7 motion=morph@0.4 light=reflections@0.5"),
    _("growth of light", "sunflower field, sunflower fields, field of sunflowers",
      "palette=sunlight scene=meadow@0.75 particles=dust@0.3"),
    _("rose garden", "red roses, rose garden, bed of roses",
      "palette=romance scene=garden@0.6 particles=petals@0.7 colour=#d3202f@0.5"),
)  # fmt: skip
