"""Names of languages as containers want them: three letters, ISO 639-2.

Invariant: a code that is not known becomes ``und``, never that of another language.
"""

from __future__ import annotations

_PAIRS = (
    "af afr am amh ar ara as asm az aze ba bak be bel bg bul bn ben bo bod br bre bs bos ca cat "
    "cs ces cy cym da dan de deu el ell en eng eo epo es spa et est eu eus fa fas fi fin fo fao "
    "fr fra ga gle gl glg gu guj ha hau he heb hi hin hr hrv ht hat hu hun hy hye id ind is isl "
    "it ita ja jpn jv jav ka kat kk kaz km khm kn kan ko kor la lat lb ltz ln lin lo lao lt lit "
    "lv lav mg mlg mi mri mk mkd ml mal mn mon mr mar ms msa mt mlt my mya ne nep nl nld nn nno "
    "no nor nb nob oc oci pa pan pl pol ps pus pt por ro ron ru rus sa san sd snd si sin sk slk "
    "sl slv sn sna so som sq sqi sr srp su sun sv swe sw swa ta tam te tel tg tgk th tha tk tuk "
    "tl tgl tr tur tt tat uk ukr ur urd uz uzb vi vie xh xho yi yid yo yor zh zho zu zul"
)
_CODES = _PAIRS.split()
_THREE = dict(zip(_CODES[::2], _CODES[1::2], strict=True))


def three_letters(code: str) -> str:
    """``eng`` of ``en``, ``en-GB`` or ``eng``; ``und`` where it is not known."""
    head = code.partition("-")[0]
    return head if len(head) == 3 else _THREE.get(head, "und")
