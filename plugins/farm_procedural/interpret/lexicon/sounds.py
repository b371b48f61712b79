"""What is to be heard."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

_MUSIC = "!sound=pad !sound=pluck !sound=bass !sound=drums !sound=bells !sound=choir"

CONCEPTS = (
    _("silence", "silent, silence, mute, muted sound, no sound, no audio, without sound, "
      "without audio, soundless, sound off, no sounds, silently, no music or sound, audio off, "
      "soundless film, muted audio, without any sound",
      "sound=none"),
    _("audio", "sound, sounds, audio, soundtrack, sound effects, sfx, sound design, noises, "
      "soundscape",
      "sound=pad@0.4",
      "sound=none"),
    _("music", "music, musical, score, song, melody, melodic, tune, instrumental, background "
      "music, film music, musician, band",
      "sound=pad@0.6 sound=pluck@0.5",
      _MUSIC),
    _("wind sound", "wind sound, howling, howling wind, wind sounds, whooshing, sound of wind, "
      "rustling, rustle",
      "sound=wind"),
    _("rain sound", "rain sound, rain sounds, sound of rain, pattering, patter, rain on the "
      "roof, pitter patter",
      "sound=rain"),
    _("sea sound", "sea sound, sound of the sea, sound of waves, ocean sounds, wave sounds, "
      "crashing waves, sound of the ocean, ocean sound, crashing surf",
      "sound=sea"),
    _("fire sound", "crackling, crackling fire, fire sounds, sound of fire, crackle of fire",
      "sound=fire"),
    _("hum", "hum, humming, drone sound, buzzing, buzz, droning, engine sound, low hum, static "
      "hum, white noise, brown noise, noise bed, machine sound",
      "sound=hum"),
    _("night sounds", "crickets, cicadas, night sounds, cricket, insects, frogs, owl, owls, "
      "sounds of the night, nature sounds",
      "sound=night"),
    _("pad", "pad, pads, synth pad, drone music, ambient music, warm pads, strings section, "
      "synth, synthesizer, synths, electronic music, electronica, organ, atmospheric music, "
      "ethereal music, soft music, violins, violin, cello, orchestra, orchestral, symphony, "
      "symphonic, strings music, classical music, classical, accordion, synthesiser, flute, "
      "harmonica, soft synth",
      "sound=pad"),
    _("pluck", "piano, guitar, harp, plucked, acoustic, ukulele, banjo, lute, koto, sitar, "
      "marimba, harpsichord, kalimba, piano music, acoustic guitar, xylophone, music box, folk, "
      "country music, pizzicato, keys music, flamenco, mandolin, jazz, ",
      "sound=pluck"),
    _("bass", "bass, deep bass, sub bass, low end, bass line, bassline, basses, heavy bass, "
      "808, rumbling bass, contrabass",
      "sound=bass"),
    _("drums", "drum, drums, percussion, percussive, drumbeat, drumbeats, beat music, hip hop, "
      "hiphop, trap beat, rock music, rock and roll, kick drum, tribal drums, taiko, marching, "
      "march, techno beat, electro, trap, rap, pop music, beats, breakbeat, bongo, snare, funk, "
      "reggae, samba, salsa, four on the floor, metal music, heavy beat",
      "sound=drums"),
    _("bells", "bell, bells, chime, chimes, gong, glockenspiel, tinkling, jingle, carillon, "
      "singing bowl, singing bowls, celesta, wind chimes, jingle bells, vibraphone",
      "sound=bells"),
    _("choir", "choir, choral, chorus, chant, chanting, voices, vocal, vocals, singing, hymn, "
      "opera, voice, gregorian chant, sing, gospel, aria, requiem",
      "sound=choir"),
    _("loud", "loud, loudly, noisy sound, deafening, booming, thunderous, roar, loud music, "
      "thundering, loud sound, bombastic, ear splitting",
      "sound=loud"),
    _("quiet", "quiet, quietly, hushed, soft sound, whisper, whispering, muffled, low volume, "
      "quiet music, faint sound, murmur, murmuring, hush, quietness, whispers, quiet sound",
      "sound=quiet mood=calm@0.7 intensity=calm@0.6"),
    _("major", "major key, major, in major, bright music, happy music, cheerful music, c major, "
      "uplifting music",
      "sound=major"),
    _("minor", "minor key, minor, in minor, sad music, dark music, a minor, melancholic music, "
      "scary music, tense music",
      "sound=minor"),
)  # fmt: skip
