"""The words that steer other words: negation, degree, order in time, and those that say nothing.

Invariant: data only. A phrase stands in one table; longer phrases win over shorter ones, so "not
only" is no negation and "a bit of" no number.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split(",") if phrase.strip())


NEGATE_WORD = _phrases(
    "not, isn't, aren't, wasn't, not at all, by no means, far from, nothing like, not even, neither,"
    "no longer, not really, instead of being, rather than being, anything but, everything but, never,"
    "not exactly, ain't, never ever, cannot be, can't be, mustn't be, shouldn't be, should not be,"
    "must not be, nicht"
)
"""Refuse the next group of words only."""

NEGATE_LIST = _phrases(
    "no, without, without any, avoid, avoiding, except, except for, excluding, exclude, nor, minus,"
    "sans, free of, devoid of, lacking, lacks, skip, remove, omit, leave out, leaving out, zero,"
    "don't, do not, doesn't, does not, don't use, do not use, don't want, do not want, never use,"
    "i don't want, i do not want, no more, none of, nothing, no kind of, not any, not a single,"
    "stay away from, steer clear of, ban, forbid, hates, hate, dislike, won't, will not, shouldn't,"
    "should not, mustn't, must not, can't, cannot, refrain from, rather than, instead of, in place of,"
    "absence of, no sign of, as opposed to, away with, apart from, other than, besides, drop the,"
    "get rid of, lose the, don't show, do not show, don't add, do not add, non, no hint of,"
    "there is no, there are no, there should be no, there must be no, with no, with zero,"
    "not a hint of, not a trace of, without a trace of, isn't any, aren't any, hold the"
)
"""Refuse a group of words and what is listed with it."""

NEGATE_BEFORE = _phrases("free, not allowed, forbidden, off, is out, not wanted, unwanted")
"""Refuse the group that stands directly before them ("cloud-free", "grain: off")."""

AFFIRM = _phrases(
    "not only, not just, not merely, not without, nothing but, no less than, no fewer than, only,"
    "not to forget, why not, no matter, no doubt, no problem, without doubt, just, solely, purely,"
    "nothing except, nothing other than, exclusively, don't forget, do not forget, can't miss,"
    "no lack of, no shortage of, never without, not lacking, never stop, non stop, don't stop"
)
"""Look like a refusal and are none."""

CONTRAST = _phrases("but, but rather, however, yet, though, although, but also, and yet, use, keep")
"""End the reach of a refusal."""

PLAIN = _phrases(
    "next to, next door, close to the, second hand, at the end of the, in front of, the end of the,"
    "last but not least, on and off, first person, first class, first time, once upon a time,"
    "the day after, look after, and so on, day off, set off, take off, show off, to no end, hands off,"
    "no one, text to video, as if, fade out of, such as, far away, long shot of"
)
"""Would steer by one of their words, and do not."""

DEGREES: dict[str, float] = {
    phrase: amount
    for amount, phrases in {
        0.2: "barely, hardly, scarcely, hardly any, barely any, next to no, almost no, very little,"
             "very few, imperceptibly, the faintest, the slightest",
        0.4: "slightly, a touch, a touch of, a hint of, hint of, hints of, touch of, touches of,"
             "a trace of, traces of, ever so slightly, a tiny bit, a tiny bit of, faintly, faint,"
             "very slightly, a dash of, a pinch of, a drop of, an air of, un poco, un peu, etwas,"
             "a tad, a smidge of, a whisper of, a sprinkle of",
        0.5: "a bit, a bit of, a little, a little bit, a little bit of, subtle, subtly, mildly,"
             "mild, lightly, less, few, a few, just a little, discreet, discreetly, modestly,"
             "delicate, delicately, sparse, sparsely, minimal, minimally, restrained",
        0.6: "somewhat, kind of, sort of, partly, partially, not too, not very, not so, not that,"
             "not overly, not particularly, relatively, semi, half, tinged with, with a tinge of",
        0.8: "fairly, moderately, reasonably, medium, some, mostly, rather a bit",
        1.2: "quite, rather, pretty, noticeably, clearly, decidedly, several, more, generally",
        1.3: "so, such, lots, predominantly, considerably, markedly, big, plenty of, distinctly",
        1.5: "very, really, highly, strongly, strong, heavily, heavy, much, many, lots of, a lot of,"
             "a lot, deeply, especially, particularly, truly, greatly, thick, dense, densely, too,"
             "full of, filled with, covered in, intense, intensely, profoundly, much more, loads of,"
             "thickly, a great deal of, muy, tres, sehr, seriously, notably, powerful, powerfully",
        1.7: "super, tons of, masses of, hugely, huge, massive, massively, incredibly, wildly,"
             "countless, endless, endlessly, overflowing with, terribly, awfully, remarkably,"
             "amazingly, mega, crazy, insanely amount of",
        2.0: "extremely, extreme, utterly, totally, completely, absolutely, ultra, hyper, maximum,"
             "insanely, maximally, overwhelmingly, impossibly, ridiculously, entirely, fully,"
             "as possible, the most, most, max, intensively, to the max, beyond",
    }.items()
    for phrase in _phrases(phrases)
}  # fmt: skip
"""Strength of the words that follow, 1 plain."""

SOFTENED = _phrases("not too, not very, not so, not that, not overly, not particularly")
"""Degrees that also turn a word a little to its opposite."""

MARKERS: dict[str, str] = {
    phrase: kind
    for kind, phrases in {
        "open": "starts, start, starting, starts with, starting with, starts as, starts off, begins,"
                "begin, beginning, begins with, beginning with, begins as, opens, opening, opens with,"
                "first half, the first half, in the first half,"
                "opens on, opens as, opening on, opening with, first, at first, initially,"
                "first of all, to begin with, in the beginning, at the start,"
                "at the beginning, the first,"
                "begin with, starts out, begins in, starts in, opens in, starting from, starting in,"
                "starting as, start as, open with, open on, start with, firstly, comienza, empieza,"
                "commence, beginnt, in the first",
        "next": "the second half, second half, in the second half, then, and then, after that,"
                "afterwards, afterward, next, later, followed by, which then,"
                "subsequently, before, thereafter, and after that, second, secondly, suddenly,"
                "all of a sudden, then suddenly, then slowly, until, till, thirdly, soon, eventually,"
                "gives way to, giving way to, becomes, become, becoming, turns into, turning into,"
                "turn into, turns to, turning to, turns, transforms into, transforming into,"
                "transform into, transforms to, changes into, changing into, changes to, changing to,"
                "change to, change into, morphs into, morphing into, morph into, morphs to,"
                "fades into, fading into, fade into, dissolves into, dissolving into, melts into,"
                "melting into, melt into, shifts to, shifting to, shifts into, evolves into,"
                "evolving into, evolve into, builds to, building to, builds up to, building up to,"
                "leads to, leading to, leads into, moves into, grows into, growing into, blends into,"
                "shift to, shift into, dissolve into, transitions to, transitions into,"
                "transitioning to, transitioning into, breaks into, erupts into, bursts into,"
                "slowly becomes, slowly turns into, gradually becomes, gradually turns into,"
                "in the middle, halfway, halfway through, mid way, midway, by the middle, gets,"
                "getting, and gets, goes from there to, luego, despues, puis, ensuite, dann, danach,"
                "which becomes, that becomes, which turns into, that turns into, drifts into,"
                "cut to, cuts to, cutting to, and later, after a while, when suddenly, builds into",
        "end": "finally, and finally, in the end, at the end, at last, lastly, ends, end, ending,"
               "ends with, ends in, ends on, ending with, ending in, ending on, ends as, end with,"
               "end on, end in, finishes, finishing, finishes with, finish with, finishes in,"
               "concludes, concludes with, concluding with, concluding, closes with, closing with,"
               "closes on, to finish, to end, towards the end, toward the end, near the end,"
               "by the end, last, and ends, and ends with, and ends in, resolves into, resolves to,"
               "settles into, settling into, comes to rest in, at the very end, culminates in,"
               "culminating in, climaxes in, finalmente, enfin, schliesslich, zuletzt, al final,"
               "ends up, ending as, ends calmly in, the end is, the ending is, final",
        "after": "after, once, following",
        "throughout": "throughout, all the time, all along, the whole time, the entire time, overall,"
                      "at all times, all through, the whole film, the whole video, the entire video,"
                      "from start to finish, from beginning to end, always, constantly, during all",
    }.items()
    for phrase in _phrases(phrases)
}  # fmt: skip
"""Order in time: open, next, end; after ("after a storm, calm"); throughout the film."""

STOP_WORDS: frozenset[str] = words(
    """
    exactly precisely vertical horizontal camera surface pattern patterns builds sudden hold
    holds a an the this that these those it its it's i i'm i'd i'll me my we our us you your
    he she they them their his her him who whom whose which what where when why how here
    there and or if because while as at by for from in into of off on onto out over through
    to toward towards under up upon via with within across along around among amid amidst
    behind below beneath beside between beyond down inside near outside past per about above
    against than like is are was were be been being am do does did done doing have has had
    having can could may might must shall should will would let let's make makes made making
    give gives given show shows showing shown shot create creates generate generates produce
    produces render renders rendered want wants need needs please like thanks thank want
    wish video videos film films movie movies clip clips scene scenes sequence animation
    animations picture pictures image images frame frames footage visual visuals background
    backgrounds piece thing things stuff something some any anything everything all both
    each every either other others another same such just very also too so again still ever
    really as well instead kind sort type style styled look looks looking feel feels feeling
    mood moody atmosphere atmospheric vibe vibes tone tones effect effects element elements
    theme themed color colour colours coloured palette hue hues shade shades tint tinted
    accent accents bit lot lots way etc eg ie vs versus using use used uses add adds added
    include includes including included contain contains containing featuring feature
    features have keep keeps put set sets get go goes going come comes coming take takes
    seen see appear appears appearing one's much many more most less least few several only
    even though but however yet although whereas not no nor never none s t d ll ve re m
    and/or one ones long length lasting lasts last duration size resolution aspect ratio
    format quality part half middle side sides end start beginning beautiful nice lovely
    great good pretty amazing gorgeous stunning wonderful awesome cool-looking impressive
    perfect best high-quality quite rather almost always often sometimes slowly-ish full
    filled made based world scenery view views time times moment moments second seconds
    minute minutes hour hours sec secs min mins fps hz px pixel pixels k p bpm against-it
    it'll we'll that's there's what's where's who's don't doesn't isn't aren't won't can't
    didn't wasn't nothing everything own new different various certain whole entire total
    overall slow-ish feel-good around-the el la los las un una unos unas y o de del en con
    por para que es se al lo le les du des une et ou est dans sur avec pour par au aux der
    die das und oder ein eine einer eines einem einen mit im am auf von zu den dem ist sind
    su sus son sa ses ce cette ces este esta como ganz
    """
)
"""Words that are known and say nothing about a picture by themselves."""

COUPLERS = frozenset({"and", "or", "nor", "&", "y", "und", "et", "ou", "oder", "o"})
GROUP_ENDERS = words(
    """
    in on at over under with of through across along around near by to from into onto
    above below behind between beyond inside outside against while as that which where
    when for during like is are so because but among amid
    """
)
"""Words that end a group of words that belong together."""

LESS = "less"
"""The ending that refuses what it follows ("cloudless")."""
