"""How an English word is said that no dictionary has, from its letters.

Invariant: pure; every word of letters has a pronunciation, and the same one each time.

Source: H. Elovitz and others, "Automatic Translation of English Text to Phonetics by Means of
Letter-to-Sound Rules", Naval Research Laboratory, 1976. A rule ``left[letters]right=PHONES`` holds
where its letters stand between what it names on both sides: ``#`` vowels, ``:`` any number of
consonants, ``^`` a consonant, ``.`` a voiced one, ``+`` a front vowel, ``&`` a hissing sound, ``@``
what a long u follows without y, ``%`` an ending such as ING, ``_`` the word's edge. The first that
holds wins.
"""

from __future__ import annotations

import re
from functools import cache

_RULES = """
_[ARE]_=AA R; _[AR]O=AH R; [AR]#=EH R; ^[AS]#=EY S; [A]WA=AH; [AW]=AO; _:[ANY]=EH N IY; [A]^+#=EY;
#:[ALLY]=AH L IY; _[AL]#=AH L; [AGAIN]=AH G EH N; #:[AG]E=IH JH; [A]^+:#=AE; _:[A]^+_=EY; [A]^%=EY;
_[ARR]=AH R; [ARR]=AE R; _:[AR]_=AA R; [AR]_=ER; [AR]=AA R; [AIR]=EH R; [AI]=EY; [AY]=EY; [AU]=AO;
#:[AL]_=AH L; #:[ALS]_=AH L Z; [ALK]=AO K; [AL]^=AO L; _:[ABLE]=EY B AH L; [ABLE]=AH B AH L;
[ANG]+=EY N JH; #:[A]_=AH; [A]=AE
_[BE]^#=B IH; [BEING]=B IY IH NG; _[BOTH]_=B OW TH; _[BUS]#=B IH Z; [BUIL]=B IH L; B[B]=; M[B]_=; [B]=B
_[CH]^=K; ^E[CH]=K; [TCH]=CH; [CH]=CH; _S[CI]#=S AY; [CI]A=SH; [CI]O=SH; [CI]EN=SH; [CC]+=K S; C[C]=;
[C]+=S; [CK]=K; [COM]%=K AH M; [C]=K
#:[DED]_=D IH D; .E[D]_=D; #^:E[D]_=T; _[DE]^#=D IH; _[DO]_=D UW; _[DOW]=D AW; [DU]A=JH UW; [DGE]=JH;
D[D]=; [D]=D
#:[E]_=; _:[E]_=IY; #[ED]_=D; #:[E]D_=; [EV]ER=EH V; [E]^%=IY; [ERI]#=IY R IY; [ERI]=EH R IH;
#:[ER]#=ER; [ER]#=EH R; [ER]=ER; _[EVEN]=IY V EH N; #:[E]W=; @[EW]=UW; [EW]=Y UW; [E]O=IY;
#:&[ES]_=IH Z; #:[E]S_=; #:[ELY]_=L IY; #:[EMENT]=M EH N T; [EFUL]=F UH L; [EE]=IY; [EARN]=ER N;
_[EAR]^=ER; [EAD]=EH D; #:[EA]_=IY AH; [EA]SU=EH; [EA]=IY; [EIGH]=EY; [EI]=IY; _[EYE]=AY; [EY]=IY;
[EU]=Y UW; [E]=EH
[FUL]=F UH L; F[F]=; [F]=F
[GIV]=G IH V; _[G]I^=G; [GE]T=G EH; [GGES]=G JH EH S; [GG]=G; _B#[G]=G; _[GN]=N; [G]+=JH;
[GREAT]=G R EY T; #[GH]=; [GH]=G; [G]=G
_[HAV]=HH AE V; _[HERE]=HH IY R; _[HOUR]=AW ER; [HOW]=HH AW; [H]#=HH; [H]=
_[IN]=IH N; _[I]_=AY; [IN]D=AY N; [IER]=IY ER; #:R[IED]=IY D; [IED]_=AY D; [IEN]=IY EH N;
[IE]T=AY EH; _:[I]%=AY; [I]%=IY; [IE]=IY; [I]^+:#=IH; [IR]#=AY R; [IZ]%=AY Z; [IS]%=AY Z; [I]D%=AY;
+^[I]^+=IH; [I]T%=AY; #^:[I]^+=IH; [I]^+=AY; [IR]=ER; [IGH]=AY; [ILD]=AY L D; [IGN]_=AY N;
[IGN]^=AY N; [IGN]%=AY N; [IQUE]=IY K; [ING]_=IH NG; #:[I]_=IY; [I]=IH
[J]=JH
_[K]N=; K[K]=; [K]=K
[LO]C#=L OW; L[L]=; #^:[L]%=AH L; [LEAD]=L IY D; [L]=L
[MOV]=M UW V; M[M]=; [M]=M
E[NG]+=N JH; [NG]R=NG G; [NG]#=NG G; [NGL]%=NG G AH L; [NG]=NG; [NK]=NG K; _[NOW]_=N AW; N[N]=; [N]=N
[OF]_=AH V; [OROUGH]=ER OW; #:[OR]_=ER; #:[ORS]_=ER Z; [OR]=AO R; _[ONE]=W AH N; [OW]=OW;
_[OVER]=OW V ER; [OV]=AH V; [O]^%=OW; [O]^EN=OW; [O]^I#=OW; [OL]D=OW L; [OUGHT]=AO T; [OUGH]=AH F;
_[OU]=AW; H[OU]S#=AW; [OUS]=AH S; [OUR]=AO R; [OULD]=UH D; ^[OU]^L=AH; [OUP]=UW P; [OU]=AW; [OY]=OY;
[OING]=OW IH NG; [OI]=OY; [OOR]=AO R; [OOK]=UH K; [OOD]=UH D; [OO]=UW; [O]E=OW; [O]_=OW; [OA]=OW;
_[ONLY]=OW N L IY; _[ONCE]=W AH N S; [ON'T]=OW N T; C[O]N=AA; [O]NG=AO; _^:[O]N=AH; I[ON]=AH N;
#:[ON]_=AH N; #^[ON]=AH N; [O]ST_=OW; [OF]^=AO F; [OTHER]=AH DH ER; [OSS]_=AO S; #^:[OM]=AH M; [O]=AA
[PH]=F; [PEOP]=P IY P; [POW]=P AW; [PUT]_=P UH T; _[PS]=S; _[PN]=N; P[P]=; [P]=P
[QUAR]=K W AO R; [QU]=K W; [Q]=K
_[RE]^#=R IY; R[R]=; [RH]=R; [R]=R
[SH]=SH; #[SION]=ZH AH N; [SOME]=S AH M; #[SUR]#=ZH ER; [SUR]#=SH ER; #[SU]#=ZH UW; #[SSU]#=SH UW;
#[SED]_=Z D; #[S]#=Z; [SAID]=S EH D; ^[SION]=SH AH N; [S]S=; .[S]_=Z; #:.E[S]_=Z; #^:##[S]_=Z;
#^:#[S]_=S; U[S]_=S; _:#[S]_=Z; _[SCH]=S K; [S]C+=; #[SM]=Z M; #[SN]'=Z AH N; [S]=S
[THER]=DH ER; [THROUGH]=TH R UW; [THOUGH]_=DH OW; [TH]=TH; #:[TED]_=T IH D; S[TI]#N=CH; [TI]O=SH;
[TI]A=SH; [TIEN]=SH AH N; [TUR]#=CH ER; [TU]A=CH UW; _[TWO]=T UW; T[T]=; [T]=T
_[UN]I=Y UW N; _[UN]=AH N; @[UR]#=UH R; [UR]#=Y UH R; [UR]=ER; [U]^_=AH; [U]^^=AH; [UY]=AY; _G[U]#=;
G[U]%=; G[U]#=W; #N[U]=Y UW; @[U]=UW; [U]=Y UW
[VIEW]=V Y UW; V[V]=; [V]=V
_[WERE]=W ER; [WA]S=W AA; [WA]T=W AA; [WHERE]=W EH R; [WHAT]=W AA T; [WHOL]=HH OW L; [WHO]=HH UW;
[WH]=W; [WAR]=W AO R; [WOR]^=W ER; [WR]=R; #[W]_=; [W]=W
_[X]=Z; [X]=K S
[YOUNG]=Y AH NG; _[YOU]=Y UW; _[YES]=Y EH S; _[Y]#=Y; #^:[Y]_=IY; #^:[Y]I=IY; _:[Y]_=AY; _:[Y]#=AY;
_:[Y]^+:#=IH; _:[Y]^#=AY; [Y]=IH
[ZZ]=Z; Z[Z]=; [Z]=Z
"""
_NAMES = """
EY;B IY;S IY;D IY;IY;EH F;JH IY;EY CH;AY;JH EY;K EY;EH L;EH M;EH N;OW;P IY;K Y UW;AA R;EH S;T IY;Y UW;
V IY;D AH B AH L Y UW;EH K S;W AY;Z IY
"""
_VOWEL, _CONSONANT = "[AEIOUY]", "[BCDFGHJKLMNPQRSTVWXZ]"
_SIGNS = {
    "#": f"{_VOWEL}+",
    ":": f"{_CONSONANT}*",
    "^": _CONSONANT,
    ".": "[BDVGJLMNRWZ]",
    "+": "[EIY]",
    "&": "(?:[SCGZXJ]|CH|SH)",
    "@": "(?:[TSRDLZNJ]|TH|CH|SH)",
    "%": "(?:ER|E|ES|ED|ING|ELY)(?=_)",
    "_": "_",
    "'": "'",
}
Rule = tuple[re.Pattern[str], int, re.Pattern[str], tuple[str, ...]]


def sounded(word: str) -> tuple[str, ...]:
    """ARPAbet phones of a word of the letters A to Z; one without a vowel is said letter by letter."""
    plain = "".join(letter for letter in word.upper() if letter.isascii() and letter.isalpha())
    if plain and not set(plain) & set("AEIOUY"):
        return tuple(phone for letter in plain for phone in _named(letter))
    text, at = f"_{plain}_", 1
    phones: list[str] = []
    while at <= len(plain):
        width, said = next(found for rule in _rules()[text[at]] if (found := _held(rule, text, at)))
        phones += said
        at += width
    return tuple(phones) or _named(plain[:1])


def _named(letter: str) -> tuple[str, ...]:
    return tuple(_NAMES.split(";")[ord(letter) - ord("A")].split()) if letter else ()


def _held(rule: Rule, text: str, at: int) -> tuple[int, tuple[str, ...]] | None:
    left, width, whole, phones = rule
    if whole.match(text, at) and left.search(text[:at]):
        return width, phones
    return None


@cache
def _rules() -> dict[str, list[Rule]]:
    """The rules by the first letter of what they are about."""
    found: dict[str, list[Rule]] = {chr(code): [] for code in range(ord("A"), ord("Z") + 1)}
    for text in re.split(r";\s*|\n", _RULES.strip()):
        where, _, phones = text.strip().partition("=")
        left, _, rest = where.partition("[")
        letters, _, right = rest.partition("]")
        before = re.compile(f"{_pattern(left)}$")
        found[letters[0]].append(
            (before, len(letters), re.compile(letters + _pattern(right)), tuple(phones.split()))
        )
    return found


def _pattern(signs: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in signs)
