"""How a word that is in no dictionary is said: a small network that reads its letters.

Invariant: every word of letters has phones; the same word always has the same.

Source: K. Park and J. Kim, "g2pE", 2019 (Apache-2.0): an encoder and a decoder of 256 gated recurrent
units each, trained on the CMU Pronouncing Dictionary. Only its weights are used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm_speech.english.stress import PRIMARY, SECONDARY, VOWELS

_LETTERS = {letter: 3 + at for at, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
_END_OF_WORD, _START, _END = 2, 2, 3
_PHONES_TEXT = """
AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 EH2 ER0
ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH
T TH UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH
"""
_PHONES = _PHONES_TEXT.split()
_MOST_PHONES = 40
_SIGNS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ", "D": "d",
    "DH": "ð", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i",
    "JH": "ʤ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p",
    "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w",
    "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_BRITISH = {"ɑ": "ɑː", "æ": "a", "ɔ": "ɔː", "ɜɹ": "ɜː", "i": "iː", "O": "Q", "u": "uː", "əɹ": "ə"}
Vector = NDArray[np.float32]


class Letters:
    """The network. path : its weights, arrays by name."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as weights:
            self._weights: dict[str, Vector] = {name: weights[name] for name in weights.files}

    def phones(self, word: str, british: bool = False) -> str:
        """The phones of a word of the letters a to z."""
        return _joined(self.arpabet(word), british)

    def arpabet(self, word: str) -> list[str]:
        """The same in ARPAbet with stress."""
        kept = self._weights
        state = np.zeros(kept["enc_w_hh"].shape[1], np.float32)
        for letter in [*(_LETTERS[letter] for letter in word), _END_OF_WORD]:
            state = self._step("enc", kept["enc_emb"][letter], state)
        found: list[str] = []
        last = _START
        while len(found) < _MOST_PHONES:
            state = self._step("dec", kept["dec_emb"][last], state)
            last = int((kept["fc_w"] @ state + kept["fc_b"]).argmax())
            if last == _END:
                break
            if last > _END:
                found.append(_PHONES[last - _END - 1])
        return found

    def _step(self, part: str, given: Vector, state: Vector) -> Vector:
        """One gated recurrent unit: reset, update and new state, in this order."""
        kept = self._weights
        outer = kept[f"{part}_w_ih"] @ given + kept[f"{part}_b_ih"]
        inner = kept[f"{part}_w_hh"] @ state + kept[f"{part}_b_hh"]
        size = len(state)
        gates = 1 / (1 + np.exp(-(outer[: 2 * size] + inner[: 2 * size])))
        fresh = np.tanh(outer[2 * size :] + gates[:size] * inner[2 * size :])
        kept_part = gates[size:]
        new: Vector = (1 - kept_part) * fresh + kept_part * state
        return new


def _joined(arpabet: list[str], british: bool) -> str:
    signs: list[str] = []
    for phone in arpabet:
        name, stress = (phone[:-1], phone[-1]) if phone[-1].isdigit() else (phone, "")
        sign = _SIGNS[name]
        if stress == "0" and name in ("AH", "ER"):
            sign = "ə" + sign[1:]
        mark = {"1": PRIMARY, "2": SECONDARY}.get(stress, "")
        signs.append(mark + (_BRITISH.get(sign, sign) if british else sign))
    if british:
        # An r is said before a vowel only.
        later = [*signs[1:], ""]
        signs = [
            sign
            for sign, after in zip(signs, later, strict=True)
            if sign != "ɹ" or (after and after.strip(PRIMARY + SECONDARY)[0] in VOWELS)
        ]
        if signs and signs[-1] == "iː":
            signs[-1] = "i"
    return "".join(signs)
