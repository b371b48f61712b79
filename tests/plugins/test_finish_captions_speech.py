"""Speech to words by the real model, and cues in another language by a real exchange."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from spoken import spoken, written
from stored_models import StoredModels, stored

import farm_finish
from farm import InputError, LicenceError, TaskCancelled, TransientError
from farm.media.service import ADDRESS, KEY
from farm_finish.captions.cues import Captions, Cue, read_cues, write_cues
from farm_finish.captions.transcribe import HEARD, _at_16k, _pieces
from farm_finish.captions.words import Word, joined, read_words

TRANSCRIBE = stage_of(farm_finish, "speech.transcribe")
TRANSLATE = stage_of(farm_finish, "captions.translate")
SAID = (
    "The quick brown fox jumps over the lazy dog, and the render farm starts a new video job. "
    "Yesterday we walked along the river until the evening came."
)


@pytest.fixture(scope="module")
def models() -> StoredModels:
    stored("whisper-base")
    pytest.importorskip("faster_whisper", reason="pip install 'farm[speech]'")
    return StoredModels()


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z ]", "", text.lower()).split()


def pairs(said: list[str], heard: list[str]) -> tuple[int, list[tuple[int, int]]]:
    """The edit distance of two lists of words, and which of them stand for one another."""
    cost = np.zeros((len(said) + 1, len(heard) + 1), int)
    cost[:, 0], cost[0] = range(len(said) + 1), range(len(heard) + 1)
    for i, one in enumerate(said, 1):
        for j, two in enumerate(heard, 1):
            swap = cost[i - 1, j - 1] + (one != two)
            cost[i, j] = min(swap, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    found, i, j = [], len(said), len(heard)
    while i and j:
        if cost[i, j] == cost[i - 1, j - 1] + (said[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            if said[i] == heard[j]:
                found.append((i, j))
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return int(cost[-1, -1]), found


def talking_film(path: Path, samples: np.ndarray, rate: int) -> Path:
    """A film whose pictures begin half a second after its sound."""
    with av.open(str(path), "w") as out:
        pictures = out.add_stream("ffv1", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        sound = out.add_stream("flac", rate=rate, layout="mono")
        for number in range(5, 20):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            out.mux(pictures.encode(frame))
        out.mux(pictures.encode(None))
        whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return path


def heard_in(path: Path, folder: Path, models: StoredModels, **params):
    made = run_stage(TRANSCRIBE, folder, {"media": path}, params, models=models)
    return read_words(made["words"], "words")


def test_speech_becomes_its_words_at_their_moments(tmp_path, models):
    speech = spoken(SAID)
    lead = np.zeros(round(1.5 * speech.rate), np.float32)
    path = talking_film(tmp_path / "said.mkv", np.concatenate([lead, speech.samples]), speech.rate)
    transcript = heard_in(path, tmp_path / "t", models)
    heard = plain(joined(transcript.words))
    assert pairs(plain(SAID), heard)[0] / len(plain(SAID)) <= 0.15, joined(transcript.words)
    _, found = pairs(plain(" ".join(speech.words)), heard)
    assert len(found) > 0.7 * len(speech.words)
    off = [abs(transcript.words[j].start_s - 1.0 - speech.starts_s[i]) for i, j in found]
    assert float(np.median(off)) < 0.1 and float(np.percentile(off, 90)) < 0.25
    assert (transcript.language, transcript.model) == ("en", "whisper-base")
    assert transcript.duration_s == pytest.approx(1.0 + len(speech.samples) / speech.rate, abs=0.05)
    assert all(0 < word.confidence <= 1 for word in transcript.words)
    assert sum(segment.count for segment in transcript.segments) == len(transcript.words)
    again = heard_in(path, tmp_path / "u", models)
    assert again == transcript


def test_speech_of_more_than_one_piece_keeps_its_moments(tmp_path, models):
    speech = spoken("The render farm starts a new video job.")
    gap = np.zeros(28 * speech.rate, np.float32)
    path = written(
        tmp_path / "said.wav", np.concatenate([speech.samples, gap, speech.samples]), speech.rate
    )
    transcript = heard_in(path, tmp_path / "t", models, language="en")
    first, second = transcript.words[: len(transcript.words) // 2], transcript.words[8:]
    assert plain(joined(first)) == plain(joined(second))
    later = 28 + len(speech.samples) / speech.rate
    for one, two in zip(first, second, strict=True):
        assert two.start_s - one.start_s == pytest.approx(later, abs=0.3)


def test_sound_without_speech_has_no_words(tmp_path, models):
    hum = 0.2 * np.sin(np.arange(3 * 16_000) * 2 * np.pi * 110 / 16_000)
    for name, samples in (("silence", hum * 0), ("hum", hum)):
        path = written(tmp_path / f"{name}.wav", samples.astype(np.float32), 16_000)
        assert heard_in(path, tmp_path / name, models).words == []


def test_listening_can_be_stopped(tmp_path, models):
    speech = spoken("Good morning.")
    path = written(tmp_path / "said.wav", speech.samples, speech.rate)
    with pytest.raises(TaskCancelled):
        run_stage(TRANSCRIBE, tmp_path / "t", {"media": path}, models=models, cancel_after=0)


def test_long_sound_is_listened_to_in_pieces_that_end_in_silence(tmp_path):
    rng = np.random.default_rng(4)
    loud = rng.standard_normal(70 * HEARD).astype(np.float32) * 0.1
    for hush_s in (20.0, 41.5):
        at = round(hush_s * HEARD)
        loud[at : at + HEARD // 2] = 0
    path = written(tmp_path / "noise.wav", loud, HEARD)
    pieces = list(_pieces(_at_16k(path, None)))
    assert [start for start, _ in pieces] == list(
        np.cumsum([0, *(len(piece) for _, piece in pieces[:-1])])
    )
    assert sum(len(piece) for _, piece in pieces) == pytest.approx(70 * HEARD, abs=HEARD // 50)
    assert [start / HEARD for start, _ in pieces[1:3]] == pytest.approx([20.25, 41.75], abs=0.15)
    assert all(len(piece) <= 28 * HEARD for _, piece in pieces)


CUES = [
    Cue(500, 1500, ("Good morning, Mary.",)),
    Cue(1600, 3000, ("It is 12 o'clock", "already.")),
    Cue(3100, 4000, ("See you.",)),
]
GERMAN = {
    "Good morning, Mary.": "Guten Morgen, Mary.",
    "It is 12 o'clock already.": "Es ist ja schon so spät, beinahe 12 Uhr, glaube ich.",
    "See you.": "Bis bald.",
}


class Service:
    """A stand-in for a service: answers what ``script`` says, then translates."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict]] = []
        self.script: list[object] = []
        self.hold = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append((self.path, self.headers.get("Authorization", ""), body))
                step = service.script.pop(0) if service.script else None
                if step == "hold":
                    service.hold.wait(20)
                if isinstance(step, int):
                    self.send_response(step)
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"no")
                    return
                content = step if isinstance(step, str) else service.translated(body)
                data = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/v1"

    @staticmethod
    def translated(body: dict) -> str:
        given = json.loads(body["messages"][1]["content"])["cues"]
        return json.dumps(
            {
                "cues": [
                    {"id": c["id"], "text": GERMAN.get(c["text"], c["text"].upper())} for c in given
                ]
            }
        )


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    stand_in = Service()
    monkeypatch.setenv(ADDRESS, stand_in.address)
    monkeypatch.setenv(KEY, "sesame")
    yield stand_in
    stand_in.hold.set()
    stand_in.server.shutdown()
    stand_in.thread.join()
    stand_in.server.server_close()


def translated(folder: Path, **given) -> list[Cue]:
    write_cues(folder / "cues.json", Captions("en", CUES))
    task = {key: given.pop(key) for key in ("cancel_after",) if key in given}
    params = {"language": "de", "timeout_s": 5, "tries": 2, **given}
    made = run_stage(TRANSLATE, folder / "t", {"cues": folder / "cues.json"}, params, **task)
    captions = read_cues(made["cues"], "cues")
    assert captions.language == params["language"]
    return captions.cues


def test_cues_are_translated_and_keep_their_times(tmp_path, service):
    cues = translated(tmp_path, cues_at_once=2, model="small", notes="Mary is a friend.")
    assert [cue.text for cue in cues] == list(GERMAN.values())
    assert [(c.start_ms, c.end_ms) for c in cues] == [(c.start_ms, c.end_ms) for c in CUES]
    assert len(cues[1].lines) == 2 and len(cues[2].lines) == 1
    assert len(service.asked) == 2
    path, key, body = service.asked[0]
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer sesame", "small")
    assert body["response_format"]["type"] == "json_schema"
    assert "Mary is a friend." in body["messages"][0]["content"]


def good(*texts: str) -> str:
    return json.dumps({"cues": [{"id": i, "text": t} for i, t in enumerate(texts, 1)]})


@pytest.mark.parametrize(
    "bad",
    [
        "Here you are: Guten Morgen",
        good("nur", "zwei"),
        good("eins", " ", "drei"),
        good("a", "b", "c", "d"),
        json.dumps({"cues": [{"id": 1, "text": "a"}] * 3}),
        json.dumps({"cues": {"1": "a"}}),
        503,
        429,
    ],
    ids=range(8),
)
def test_an_answer_that_cannot_be_used_is_asked_for_again(tmp_path, service, bad):
    service.script = [bad]
    assert [cue.text for cue in translated(tmp_path)] == list(GERMAN.values())
    assert len(service.asked) == 2


def test_after_the_last_try_nothing_is_written(tmp_path, service):
    service.script = [good("nur eins")] * 2
    with pytest.raises(TransientError, match="no answer that can be used") as failed:
        translated(tmp_path)
    assert "last of 2 tries" in failed.value.got and "sesame" not in str(failed.value)
    assert len(service.asked) == 2
    assert read_cues(tmp_path / "cues.json", "cues").cues == CUES


def test_a_refused_key_an_unknown_model_and_a_redirect_are_told_apart(tmp_path, service):
    for status, kind in ((401, LicenceError), (404, InputError), (307, InputError)):
        service.script = [status]
        with pytest.raises(kind):
            translated(tmp_path)
    assert len(service.asked) == 3


def test_a_service_that_does_not_answer_is_given_up(tmp_path, service):
    service.script = ["hold"]
    with pytest.raises(TransientError, match="no answer"):
        translated(tmp_path, timeout_s=0.4, tries=1)


def test_waiting_for_a_service_can_be_stopped(tmp_path, service):
    service.script = ["hold"]
    with pytest.raises(TaskCancelled):
        translated(tmp_path, cancel_after=1)


def test_captions_that_are_in_the_language_already_are_not_sent(tmp_path, service):
    assert translated(tmp_path, language="en") == CUES
    assert service.asked == []


def test_without_an_address_a_node_does_not_offer_to_translate(tmp_path, monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)
    complaints = dict(farm_finish.farm_checks())
    assert ADDRESS in complaints["captions.translate/openai_compatible"]
    with pytest.raises(LicenceError, match=ADDRESS):
        translated(tmp_path)
    monkeypatch.setenv(ADDRESS, "http://127.0.0.1:9/v1")
    assert "captions.translate/openai_compatible" not in dict(farm_finish.farm_checks())


def test_media_without_sound_is_refused(tmp_path):
    with pytest.raises(InputError, match="no sound to listen to"):
        run_stage(TRANSCRIBE, tmp_path / "t", {})
    picture = tmp_path / "said.wav"
    picture.write_bytes(b"no sound at all")
    with pytest.raises(InputError, match="media"):
        list(_at_16k(picture, None))
    assert joined([Word("a", 0, 1), Word("b", 1, 2, space=False)]) == "ab"
