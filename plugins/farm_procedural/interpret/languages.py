"""Other tongues and signs: main words of Spanish, French and German and the commonest emoji.

Invariant: a foreign word becomes the key of an English one before anything is looked up, so that
negation, degree and order work in it too; its span stays that of the typed word. A word that
English knows is only translated where the prompt is in that language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace

from farm_procedural.interpret.tokens import Token


def _table(text: str) -> dict[str, str]:
    pairs = (pair.split("=") for pair in text.split())
    return {word: target for words, target in pairs for word in words.split("/")}


WORDS: dict[str, dict[str, str]] = {
    "es": _table(
        """mar/oceano=ocean olas=waves ola=wave playa=beach lago=lake rio=river
        bosque=forest selva=jungle desierto=desert montana/montanas=mountains
        ciudad=city calle=street espacio=space galaxia=galaxy cielo=sky
        nube/nubes=clouds noche=night dia=day amanecer/alba=dawn atardecer/ocaso=sunset
        luna=moon sol=sun estrella/estrellas=stars lluvia=rain nieve=snow tormenta=storm
        niebla=fog viento=wind fuego=fire llama/llamas=flames hielo=ice humo=smoke
        volcan=volcano primavera=spring verano=summer otono=autumn invierno=winter
        flor/flores=flowers jardin=garden rojo/roja=red azul/azules=blue
        verde/verdes=green amarillo/amarilla=yellow naranja=orange morado/morada=purple
        rosa=pink blanco/blanca=white negro/negra=black gris=grey dorado/dorada/oro=gold
        plata=silver oscuro/oscura=dark brillante/luminoso=bright calido/calida=warm
        frio/fria=cold lento/lenta/lentamente=slow rapido/rapida/rapidos=fast
        tranquilo/tranquila/calma=calm alegre/feliz=happy triste=sad
        misterioso/misteriosa=mysterious epico/epica=epic romantico/romantica=romantic
        sueno=dream magico/magica=magic musica=music silencio=silence texto=text
        sin=without muy=very pero=but luego/despues=then finalmente=finally
        circulo/circulos=circles cuadrado=square corazon=heart linea/lineas=lines
        triangulo/triangulos=triangles tres=three dos=two cinco=five explota=explodes
        cortes=cuts camara=camera suave=gentle caos=chaos"""
    ),
    "fr": _table(
        """mer/ocean=ocean vagues=waves vague=wave plage=beach lac=lake
        riviere/fleuve=river foret=forest jungle=jungle desert=desert
        montagne/montagnes=mountains ville=city rue=street espace=space galaxie=galaxy
        ciel=sky nuage/nuages=clouds nuit=night jour=day aube/aurore=dawn
        crepuscule=twilight lune=moon soleil=sun etoile/etoiles=stars pluie=rain
        neige=snow orage/tempete=storm brume/brouillard=fog vent=wind feu=fire
        flamme/flammes=flames glace=ice fumee=smoke volcan=volcano printemps=spring
        ete=summer automne=autumn hiver=winter fleur/fleurs=flowers jardin=garden
        rouge=red bleu/bleue=blue vert/verte=green jaune=yellow violet/violette=violet
        rose=pink blanc/blanche=white noir/noire=black gris/grise=grey
        dore/doree/or=gold argent=silver sombre=dark lumineux/lumineuse=bright
        chaud/chaude=warm froid/froide=cold lent/lente/lentement=slow rapide=fast
        calme=calm joyeux/joyeuse/heureux=happy triste=sad mysterieux=mysterious
        epique=epic romantique=romantic reve=dream magique=magic musique=music
        silence=silence texte=text sans=without tres=very mais=but puis/ensuite=then
        enfin=finally cercle/cercles=circles carre=square coeur=heart ligne/lignes=lines
        trois=three deux=two cinq=five explose=explodes doux/douce=gentle coucher=sunset
        lever=dawn"""
    ),
    "de": _table(
        """meer/ozean=ocean wellen=waves welle=wave strand=beach see=lake fluss=river
        wald=forest dschungel=jungle wuste/wueste=desert berg/berge=mountains stadt=city
        strasse=street weltraum/weltall=space galaxie=galaxy himmel=sky
        wolke/wolken=clouds nacht=night tag=day morgendammerung/sonnenaufgang=dawn
        sonnenuntergang/abendrot=sunset mond=moon sonne=sun stern/sterne=stars
        regen=rain schnee=snow sturm/gewitter=storm nebel=fog wind=wind feuer=fire
        flamme/flammen=flames eis=ice rauch=smoke vulkan=volcano
        fruhling/fruehling=spring sommer=summer herbst=autumn winter=winter
        blume/blumen=flowers garten=garden rot/rote/roter/rotes=red
        blau/blaue/blaues/blauer=blue grun/grune/gruen/gruene=green gelb/gelbe=yellow
        lila=purple weiss/weisse=white schwarz/schwarze=black grau/graue=grey
        golden/goldene/goldenes=golden silber=silver dunkel/dunkle/dunkler=dark
        hell/helle=bright warm/warme=warm kalt/kalte=cold langsam/langsame=slow
        schnell/schnelle/schneller=fast ruhig/ruhige/ruhiges=calm
        frohlich/froehlich=happy traurig/traurige=sad geheimnisvoll=mysterious
        episch=epic romantisch=romantic traum=dream magisch=magic musik=music
        stille=silence ohne=without kein/keine/keinen=no sehr=very aber=but
        dann/danach=then schliesslich/zuletzt=finally kreis/kreise=circles herz=heart
        linien=lines drei=three zwei=two funf/fuenf=five explodiert=explodes
        sanft/sanfte=gentle beginnt=starts endet=ends wird=becomes nicht=not
        dreieck/dreiecke=triangles schnitte=cuts kamera=camera aurora=aurora"""
    ),
}  # fmt: skip

_TELLTALE: dict[str, frozenset[str]] = {
    "es": frozenset(
        [
            "el",
            "la",
            "los",
            "las",
            "un",
            "una",
            "y",
            "de",
            "del",
            "en",
            "con",
            "sobre",
            "que",
            "muy",
            "sin",
            "por",
            "para",
            "al",
        ]
    ),
    "fr": frozenset(
        [
            "le",
            "la",
            "les",
            "un",
            "une",
            "et",
            "de",
            "du",
            "des",
            "dans",
            "sur",
            "avec",
            "sans",
            "tres",
            "au",
            "aux",
            "qui",
            "est",
            "l",
            "d",
        ]
    ),
    "de": frozenset(
        [
            "der",
            "die",
            "das",
            "und",
            "ein",
            "eine",
            "im",
            "am",
            "auf",
            "mit",
            "von",
            "uber",
            "ist",
            "sehr",
            "ohne",
            "dem",
            "den",
            "nicht",
        ]
    ),
}
_ENGLISH = frozenset(
    [
        "the",
        "a",
        "and",
        "of",
        "in",
        "with",
        "on",
        "over",
        "to",
        "into",
        "is",
        "as",
        "at",
        "then",
        "from",
        "no",
        "it",
        "or",
        "not",
        "but",
        "without",
        "for",
        "so",
        "me",
    ]
)

EMOJI: dict[str, str] = _table(
    """🌊=ocean 🏖=beach 🏝=island 🌅=sunset 🌇=sunset 🌄=dawn 🌆=city 🌃=night 🌉=bridge 🏙=city
        🌌=galaxy 🪐=planet 🌍/🌎/🌏=planet 🚀=space 🛸=alien ⭐/🌟/🌠=stars ✨=sparkles ☀/🌞=sun
        🌙/🌛/🌜/🌕/🌝=moon ☁=clouds 🌧/☔=rain ⛈/🌩=storm ⚡=lightning ❄/☃/⛄=snow 🌨=snow 🌫=fog
        🌪=tornado 🌬/💨=wind 🔥=fire 🌋=volcano 💧/💦=water 🌈=rainbow 🌲/🌳/🎄=forest 🌴=tropical
        🌵=desert 🏜=desert ⛰/🏔/🗻=mountains 🌸/💮=sakura 🌹=roses 🌺/🌻/🌷/🌼/💐=flowers
        🍁/🍂=autumn 🍃/🌿=leaves 🐳/🐋/🐬/🐟/🐠=whale 🪼=jellyfish 🦋=butterfly 🐦/🦅/🕊=bird
        ❤/💖/💕/💗/💘/💙=hearts 💔=sad 😊/😀/😄/😃/🙂=happy 😢/😭=sad 😱/👻/💀/🎃=scary 😡/🤬=angry
        😌/🧘=calm 😴/💤=dreamy 🎉/🎊/🥳=confetti 🎆/🎇=fireworks 🎵/🎶/🎼=music 🥁=drums 🎹/🎸=piano
        🔔=bells 🔇=silence 🔴=red 🟠=orange 🟡=yellow 🟢=green 🔵=blue 🟣=purple 🟤=brown
        ⚫/⬛/🖤=black ⚪/⬜/🤍=white 💎=crystal 🤖=robot 🏰=castle 🐉=dragon 🧊=ice 🫧=bubbles
        🎬/🎥=cinematic 💥=explosion 🌀=swirl ➡=rightward ⬅=leftward ⬆=upward ⬇=downward
        🕯=candle 💡=light 🎈=balloons 🚗/🏎=car ⛵/🚢=ship ✈=plane 🦁=lion 🐺=wolf 👑=royal"""
)  # fmt: skip

_SCRIPTS = {"CYRILLIC": "ru", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "ARABIC": "ar",
            "HEBREW": "he", "GREEK": "el", "DEVANAGARI": "hi", "THAI": "th", "CJK": "zh"}  # fmt: skip


def language_of(tokens: Sequence[Token], known: Callable[[str], bool]) -> str:
    """The language of a prompt by its words or its script; "en" when nothing tells.

    known : whether English has a word that means something.
    """
    words = [token.key for token in tokens if token.kind == "word"][:400]
    scripts: dict[str, int] = {}
    for word in words:
        if not word[0].isascii():
            kana = next((c for c in word if "\u3040" <= c <= "\u30ff"), word[0])
            script = _SCRIPTS.get(unicodedata.name(kana, "").split(" ")[0].split("-")[0])
            if script:
                scripts[script] = scripts.get(script, 0) + 1
    if scripts and sum(scripts.values()) * 2 > len(words):
        return max(scripts, key=lambda name: scripts[name])
    best = "en"
    score = sum(2 if word in _ENGLISH else known(word) for word in words)
    for language, small in _TELLTALE.items():
        own = WORDS[language]
        found = sum(2 * (word in small and word not in _ENGLISH) or word in own for word in words)
        sure = found > 1 or all(word in own for word in words)
        if found > score and sure and any(word in own for word in words):
            best, score = language, found
    return best


def translated(tokens: Sequence[Token], language: str, known: Callable[[str], bool]) -> list[Token]:
    """Tokens with English keys; ``known`` tells whether English has a word."""
    return [_translate(token, language, known) for token in tokens]


def _translate(token: Token, language: str, known: Callable[[str], bool]) -> Token:
    if token.kind == "symbol":
        target = EMOJI.get(token.text)
        return replace(token, kind="word", key=target) if target else token
    if token.kind != "word":
        return token
    own = WORDS.get(language, {}).get(token.key)
    if own is None and len(token.key) >= 4 and not known(token.key):
        own = next((w[token.key] for w in WORDS.values() if token.key in w), None)
    return replace(token, key=own) if own else token
