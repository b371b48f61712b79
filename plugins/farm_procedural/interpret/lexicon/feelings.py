"""Moods and genres."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    _("calm", "calm, calming, calmly, quiet mood, serene, serenity, peaceful, peace, tranquil, "
      "tranquility, placid, restful, relaxing, relaxed, relax, soothing, at rest, undisturbed, "
      "mellow, calmness, chill, chilled, laid back, easygoing, peacefully, becalmed, "
      "untroubled, harmony, harmonious, balanced, pacific mood, composed",
      "mood=calm intensity=calm@0.85 tempo=slow@0.5",
      "intensity=lively"),
    _("meditative", "meditative, meditation, zen, mindful, mindfulness, yoga, contemplative, "
      "trance, spa, ambient mood, wellness, asmr, reiki, chakra, sleep, bedtime, nirvana, "
      "relaxation, lullaby, prayerful, sleeping",
      "mood=meditative intensity=calm@0.8 tempo=very-slow@0.6 genre=meditation@0.6 "
      "sound=pad@0.5"),
    _("happy", "happy, happiness, joy, joyful, joyous, cheerful, cheery, merry, glad, delight, "
      "delightful, upbeat, smiling, jolly, celebration, celebrate, celebratory, euphoric, "
      "euphoria, ecstatic, feelgood, feel good, bliss, blissful, positive, birthday, sunny "
      "mood, exuberant, jubilant, laughter, laughing, smile, gleeful, optimism, party mood, "
      "delighted",
      "mood=happy palette=joy@0.5 brightness=bright@0.45 sound=major@0.5",
      "mood=melancholy@0.6"),
    _("playful", "playful, fun, funny, whimsical, quirky, cheeky, silly, goofy, mischievous, "
      "bubbly, frolic, lighthearted, light hearted, comical, playfulness, joking, toy, toys, "
      "cartoonish, play, playing, whimsy",
      "mood=playful intensity=lively@0.6"),
    _("hopeful", "hope, hopeful, optimistic, uplifting, inspiring, inspirational, encouraging, "
      "motivational, promising, inspire, new beginning, faith, healing, reassuring, rebirth, "
      "aspiring, comforting, future of hope, renewal, dreams come true, freedom, liberating, "
      "motivating",
      "mood=hopeful brightness=bright@0.5 sound=major@0.5"),
    _("romantic", "romantic, romance, love, loving, lovers, lovely couple, passion, passionate, "
      "sensual, intimate, kiss, affection, wedding, marriage, bride, honeymoon, love story, "
      "tenderness, in love, date night, engagement, anniversary, romantically",
      "mood=romantic palette=romance@0.6 temperature=warm@0.5 light=soft@0.4"),
    _("cosy", "cosy, snug, homely, comfortable, comfy, hygge, warm and safe, cuddly, blanket, "
      "rustic, hearthside, homey, snuggly, nest",
      "mood=cosy temperature=warm@0.7 light=soft@0.4"),
    _("dreamy", "dreamy, dream, dreams, dreamlike, dreaming, ethereal, otherworldly, surreal, "
      "surrealist, surrealism, dreamscape, floaty, reverie, heavenly, fantasy dream, unreal, "
      "angelic, daydream, lucid, dali, transcendental, hallucinatory, gossamer, celestial "
      "dream, angel, angels, spirit world",
      "mood=dreamy texture=cloudy@0.4 light=bloom@0.5 contrast=low@0.4 intensity=calm@0.5"),
    _("nostalgic", "nostalgic, nostalgia, wistful, memory, memories, reminiscent, bittersweet, "
      "sentimental, yesteryear, longing, remembrance, childhood, remember, souvenir, yearning, "
      "long ago, good old days, homesick",
      "mood=nostalgic palette=nostalgia@0.6 grade=faded@0.4"),
    _("elegant", "elegant, elegance, graceful, grace, refined, sophisticated, classy, luxury, "
      "luxurious, luxe, chic, stylish, premium, high end, haute couture, fashion, perfume, "
      "jewellery, jewelry, poised, tasteful, fashionable, glamour, glamorous, exquisite, "
      "gracefully, minimalist, minimalistic, minimalism, understated, simple, art deco, vogue",
      "mood=elegant contrast=medium@0.3 intensity=calm@0.4"),
    _("mysterious", "mysterious, mystery, mystic, mystical, enigmatic, enigma, secret, secrets, "
      "arcane, occult, cryptic, esoteric, hidden, unknown, obscure, puzzling, riddle, strange, "
      "weird, uncanny, ancient, rune, runes, mystique, unexplained, sphinx, egypt, egyptian, "
      "pyramids of giza, eerie calm, intriguing, intrigue",
      "mood=mysterious brightness=dim@0.6 weather=fog@0.35 sound=minor@0.4"),
    _("melancholy", "melancholy, melancholic, somber mood, blue mood, moody blue, pensive, "
      "gloom, forlorn, mournful, brooding, rainy mood, heavy hearted, introspective, wistful "
      "sadness, reflective mood, solemn, november, plaintive, downcast, elegy, elegiac, angsty",
      "mood=melancholy palette=melancholy@0.6 saturation=muted@0.5 tempo=slow@0.5 "
      "sound=minor@0.5"),
    _("sad", "sad, sadness, sorrow, sorrowful, grief, tragic, tragedy, crying, tears, "
      "heartbroken, heartbreak, despair, desperate, mourning, depressing, depressed, funeral, "
      "broken heart, weeping, loss, misery, unhappy, hopeless, sadly, grieving, depression, "
      "agony",
      "mood=sad saturation=muted@0.5 brightness=dim@0.45 tempo=slow@0.5 sound=minor@0.6",
      "mood=happy@0.6"),
    _("lonely", "lonely, loneliness, solitude, solitary, alone, isolated, isolation, abandoned, "
      "desolate, empty, emptiness, deserted, remote, forsaken, lonesome, lone, nowhere, post "
      "apocalyptic, apocalyptic wasteland, dystopia, dystopian, derelict, apocalypse, "
      "apocalyptic, end of the world",
      "mood=lonely shot=wide@0.5 saturation=muted@0.4"),
    _("ominous", "ominous, sinister, menacing, menace, foreboding, threatening, threat, evil, "
      "grim, doom, doomed, bleak, gothic, goth, black metal, macabre, dread, brutal, cursed, "
      "wicked, demonic, devil, satanic, hellish, hell, damned, villain, demon, demons, "
      "underworld, dark mood piece, malevolent, nefarious, lurking",
      "mood=dark brightness=dark@0.75 sound=minor@0.6 sound=bass@0.5"),
    _("scary", "scary, horror, horrifying, terrifying, terror, frightening, fear, spooky, "
      "creepy, eerie, haunting, haunted, nightmare, nightmarish, ghost, ghosts, ghostly, spine "
      "chilling, unsettling, disturbing, zombie, zombies, monster, monsters, skull, skulls, "
      "bone chilling, poltergeist, phantom, exorcism, asylum, witch, witches, paranormal, "
      "bloodcurdling, scared, dreadful",
      "mood=scary brightness=dark@0.65 genre=horror@0.75 sound=minor@0.6 light=flicker@0.35"),
    _("tense", "tense, tension, suspense, suspenseful, nervous, anxious, anxiety, thrilling, "
      "thriller, gripping, edgy, on edge, nail biting, uneasy, unease, stress, stressful, "
      "urgent, urgency, alarm, alarming, countdown, heist, crime, dramatic tension, paranoia, "
      "restless, unnerving, conspiracy, spy, pressure, claustrophobic, panic",
      "mood=tense contrast=high@0.5 sound=bass@0.5 genre=thriller@0.5"),
    _("angry", "angry, anger, rage, fury, furious, wrath, aggressive, aggression, hate filled, "
      "hostile, vicious, mad with rage, heavy metal, savage, vengeance, war, battle, fight, "
      "fighting, combat, punk, hardcore, revenge, warrior, warriors, rebellion, hatred, "
      "battlefield, warfare, enraged, metalcore",
      "mood=angry intensity=strong@0.8 palette=fire@0.4 sound=drums@0.5"),
    _("energetic", "energetic, energy, energising, energizing, electrifying, electric, "
      "electricity, vigorous, pumped, high energy, thrill, exciting, excitement, adrenaline, "
      "exhilarating, powerful, dynamite, full of energy, hyper mood, hyped, turbocharged, "
      "lightning energy, exhilaration, hype, vibrantly alive, stimulating, charged, excited, "
      "invigorating, workout, fitness, gym",
      "mood=energetic intensity=strong@0.85 tempo=fast@0.75 sound=drums@0.5",
      "intensity=calm"),
    _("chaotic", "chaotic, chaos, disorder, disordered, anarchy, anarchic, messy, confusion, "
      "confusing, insane, bedlam, wild chaos, unhinged, haphazard, random, mess, riot, entropy, "
      "havoc, tumult, turmoil of war, overwhelming, delirium",
      "mood=chaotic intensity=frantic@0.85 motion=swirl@0.4",
      "intensity=calm"),
    _("epic", "epic, grand, grandiose, majestic, monumental, heroic, hero, heroes, sweeping, "
      "vast, colossal, larger than life, legendary, mythic, mythological, mythical, titanic, "
      "awe inspiring, breathtaking, dramatic, drama, imposing, spectacular, magnificent, saga, "
      "odyssey, gods, god, viking, vikings, olympus, norse, valhalla, immense, gigantic, giant, "
      "orchestral epic, stately, towering, spartan, gladiator, myth, legend",
      "mood=epic depth=deep@0.5 shot=wide@0.5 sound=drums@0.5 sound=choir@0.45",
      "mood=calm@0.6"),
    _("triumphant", "triumphant, triumph, victory, victorious, glory, glorious, winning, "
      "champion, champions, conquering, anthem, anthemic, proud, pride, fanfare, win, success, "
      "achievement, olympic, finale, climax, climactic, crescendo, grand finale, ovation, "
      "trophy, coronation",
      "mood=triumphant brightness=bright@0.5 sound=major@0.5 sound=drums@0.5"),
    _("sacred", "sacred, spiritual, spirituality, holy, divine, divinity, transcendent, awe, "
      "reverent, religious, blessed, solemn light, prayer, pray, praying, soul, spirit, "
      "gregorian, buddha, buddhist, nirvana light, enlightenment, eternal, eternity, timeless, "
      "ritual, shaman, worship, awestruck, ascension, church mood, hallowed",
      "mood=sacred light=beams@0.5 sound=choir@0.6 tempo=slow@0.4"),
    _("futuristic", "futuristic, future, high tech, hi tech, space age, advanced, sleek future, "
      "cybernetic, ultramodern, techno future, modern, innovation, innovative, quantum, "
      "nanotech, singularity tech, next generation, android future, cyborg, digital future, "
      "state of the art",
      "mood=futuristic palette=technology@0.55 temperature=cool@0.4"),
    _("magic", "magic, magical, enchanted, enchanting, enchantment, spell, wizard, sorcery, "
      "sorcerer, fairy, fairies, fairytale, fairy tale, wonderland, wonder, wondrous, "
      "bewitching, alchemy, elves, elf, elven, narnia, hogwarts, wand, mage, potion, pixie, "
      "spellbound, sorceress",
      "palette=magic mood=mysterious@0.6 particles=sparks@0.55 light=bloom@0.55 "
      "genre=fantasy@0.6"),
    # Genres.
    _("ambient genre", "ambient, ambience, wallpaper, live wallpaper, background loop, mood "
      "film, lounge, backdrop, screen saver, ambient loop",
      "genre=ambient intensity=calm@0.55 sound=pad@0.6"),
    _("nature film", "nature, nature documentary, wildlife, natural world, natural, planet "
      "earth style, national geographic, ecology, ecological, environment, environmental, "
      "flora, botanic, organic nature, green planet",
      "genre=nature palette=forest@0.45"),
    _("documentary", "documentary, docu, reportage, factual, observational, biography, "
      "docuseries, true story",
      "genre=documentary saturation=natural@0.5"),
    _("cinematic", "cinematic, cinema, cinematographic, filmlike, motion picture, feature film, "
      "hollywood, art house, arthouse, short film, indie film, cinematically, cinematography, "
      "big screen, tarkovsky, kubrick, villeneuve, malick, moviegoing",
      "genre=cinematic grade=film@0.6 contrast=medium@0.4 depth=layered@0.4"),
    _("trailer", "trailer, teaser, movie trailer, film trailer, game trailer, promo trailer, "
      "preview",
      "genre=trailer cuts=many@0.55 mood=epic@0.5 sound=drums@0.5"),
    _("music video", "music video, music clip, promo clip, beat driven, mtv, visuals for a "
      "song, song video, music videos, beat synced, live visuals, vj, vj loop",
      "genre=music-video cuts=many@0.5 motion=pulse@0.5 sound=drums@0.6"),
    _("commercial", "commercial, advert, ad, ads, advertisement, advertising, product, product "
      "shot, product film, promo, promotional, promotion, brand film, marketing, brand, sale, "
      "launch film, product launch, spot film, branding, store, shop",
      "genre=commercial grade=clean@0.5"),
    _("corporate", "corporate, business, company, presentation, explainer, tutorial, slideshow, "
      "conference, startup, keynote, finance, financial, bank, banking, professional, "
      "educational, education, science, scientific, infographic, medical, medicine, lecture, "
      "laboratory, office film, training video, school",
      "genre=corporate palette=technology@0.5 grade=clean@0.5"),
    _("logo", "logo, logo reveal, logo animation, logo sting, ident, intro bumper, bumper, "
      "logo intro, brand reveal, sting, logotype, emblem",
      "genre=logo"),
    _("title sequence", "title sequence, opening titles, opening credits, main titles, intro, "
      "outro, end credits, opening sequence, main title, intro sequence, channel intro",
      "genre=title-sequence"),
    _("lyric", "lyric video, lyrics, lyric, karaoke, poem, poetry, poetic, spoken word, poems, "
      "haiku, quote video",
      "genre=lyric title=kinetic@0.4"),
    _("action", "action, action packed, action movie, car chase, stunt, superhero, superheroes, "
      "martial arts, kung fu, blockbuster action, shootout, gunfight, action film, ninja, "
      "samurai, military, fast and furious, explosion heavy",
      "genre=action intensity=strong@0.7 cuts=many@0.5 tempo=fast@0.5"),
    _("horror film", "horror film, horror movie, slasher, horror trailer, found footage horror",
      "genre=horror mood=scary@0.85 brightness=dark@0.65"),
    _("detective", "detective, hard boiled, gangster, mafia, private eye, murder mystery, "
      "whodunit, crime drama, murder",
      "genre=noir mood=tense@0.6 brightness=dark@0.5"),
    _("scifi", "sci fi, scifi, science fiction, space opera, star wars, star trek, dune the "
      "film, alien world, time travel, interstellar travel, dystopian future, stargate, "
      "spacecraft interior, sf",
      "genre=scifi mood=futuristic@0.7 scene=space@0.4"),
    _("fantasy", "fantasy, high fantasy, tolkien, lord of the rings, dragon, dragons, medieval, "
      "knights, knight, sword, game of thrones, dnd, mythic fantasy, fantasy world, folklore, "
      "druid, goblin, orcs, faerie",
      "genre=fantasy palette=magic@0.45 mood=epic@0.4"),
    _("western", "western, wild west, cowboy, cowboys, spaghetti western, prairie town, saloon, "
      "rodeo, sheriff, cactus, tumbleweed",
      "genre=western palette=desert@0.7 scene=desert@0.6 particles=dust@0.5"),
    _("comedy", "comedy, comic, sitcom, humorous, humour, humor, slapstick, jokes, satire, "
      "funny film, parody, clown, circus",
      "genre=comedy mood=playful@0.7"),
    _("love film", "love film, rom com, romcom, romantic film, romantic movie",
      "genre=romance mood=romantic@0.85"),
    _("anime", "anime, manga, ghibli, cartoon, cartoons, animated film, cel shaded, comic book, "
      "studio ghibli, makoto shinkai, disney, pixar, toon, japanese animation, cel shading",
      "genre=anime saturation=vivid@0.5 texture=smooth@0.4"),
    _("retro", "retro, throwback, old school cool, video game, videogame, pixel art, 8 bit, 16 "
      "bit, gameboy, nintendo, gaming, game, arcade game, chiptune, console",
      "genre=retro palette=vaporwave@0.4"),
    _("party", "party, club, disco, rave, nightclub, clubbing, dj, edm, festival night, techno, "
      "dancefloor, dance floor, house music, trance music, afterparty, prom, disco ball, "
      "dubstep, drum and bass",
      "genre=party palette=neon@0.6 motion=pulse@0.6 tempo=fast@0.7 sound=drums@0.75 "
      "light=flicker@0.4 mood=energetic@0.6"),
    _("sport", "sport, sports, athletic, football, soccer, basketball, running athlete, "
      "olympics, tennis, skiing, surfing, skateboarding, marathon, extreme sports, "
      "athlete, boxing, snowboarding, cycling, formula one, climbing wall",
      "genre=sport intensity=strong@0.6 tempo=fast@0.6"),
    _("news", "news, newscast, breaking news, broadcast, bulletin, newsroom, headline news, "
      "election, politics, political",
      "genre=news palette=technology@0.6"),
    _("travel", "travel, trip, tourism, journey, adventure, adventurous, vlog, wanderlust, "
      "roadtrip, explore, exploration, exploring, expedition, voyage, explorer, backpacking, "
      "safari, sailing, holiday film, pilgrimage",
      "genre=travel"),
    _("children", "children, kids, child, kid, nursery, baby, babies, family, storybook, "
      "picture book, kindergarten, for kids, toddlers, playground, cradle, bedtime story",
      "genre=children mood=playful@0.6 saturation=vivid@0.4"),
)  # fmt: skip
