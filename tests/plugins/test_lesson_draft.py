"""Notes become the draft of a lesson, by a service that stands in for a language model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest
from direct_task import run_stage, stage_of
from lesson_material import json_of

import farm_avatar
from farm import FarmError, InputError, LicenceError, TransientError
from farm.media.service import ADDRESS, KEY
from farm_avatar.lesson.draft import form
from farm_avatar.lesson.reading import read_script

DRAFT = stage_of(farm_avatar, "lesson.draft")
ANSWER = {
    "title": "Why leaves are green: a start",
    "scenes": [
        {
            "title": "What you see",
            "narration": "Leaves look green. That is the light they do *not* use. <3 them!",
            "slide": "A leaf | in the sun",
            "code": "",
            "code_language": "",
        },
        {
            "title": "In numbers",
            "narration": "# Green light is near 530 nanometres. Most of it comes back to us.",
            "slide": "",
            "code": "green = 530\n```\n",
            "code_language": "python",
        },
    ],
}


class Service:
    """A service on a port of its own that answers what ``script`` says, in turn."""

    def __init__(self) -> None:
        self.script: list[object] = []
        self.asked: list[dict] = []
        self.keys: list[str] = []
        self.hold = threading.Event()
        self.hold.set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append(body)
                service.keys.append(self.headers.get("Authorization", ""))
                service.hold.wait(20)
                step = service.script.pop(0) if service.script else ANSWER
                if isinstance(step, int):
                    self.send_response(step)
                    self.end_headers()
                    return
                content = step if isinstance(step, str) else json.dumps(step)
                data = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/v1"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv(ADDRESS, made.address)
    monkeypatch.setenv(KEY, "sesame")
    try:
        yield made
    finally:
        made.hold.set()
        made.server.shutdown()
        thread.join()
        made.server.server_close()


def drafted(folder: Path, notes: str = "Leaves are green; 530 nm.", **params):
    path = folder / "notes.txt"
    path.write_text(notes, encoding="utf-8")
    return run_stage(DRAFT, folder / "out", {"notes": path}, params)


def test_notes_become_a_lesson_that_can_be_read_and_narrated(tmp_path, service):
    made = drafted(tmp_path, model="small", minutes=2, audience="children of ten")
    script = read_script(made["lesson"])
    assert script.lesson.title == ANSWER["title"]
    assert [scene.scene.title for scene in script.scenes] == ["What you see", "In numbers"]
    said = [sentence.text for sentence in script.scenes[0].sentences]
    assert said[1] == "That is the light they do not use."
    assert script.scenes[1].scene.show[0].code == "green = 530\n```"
    assert "Slide: A leaf" in made["lesson"].read_text("utf-8")
    [asked] = service.asked
    assert asked["model"] == "small"
    system, user = asked["messages"]
    assert "about 280 words" in system["content"]
    assert "children of ten" in system["content"]
    assert user["content"] == "Leaves are green; 530 nm."
    assert service.keys == ["Bearer sesame"]
    record = json_of(made["draft"])
    assert record["prompt"] == "lesson-1"
    assert record["draft"]["title"] == ANSWER["title"]


def test_the_form_that_is_asked_for_is_the_one_that_is_understood():
    jsonschema.validate(ANSWER, form())
    for broken in ({"title": "x"}, {**ANSWER, "more": 1}, {**ANSWER, "scenes": [{"title": "x"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, form())


def test_an_answer_in_a_fence_is_taken(tmp_path, service):
    service.script = [f"```json\n{json.dumps(ANSWER)}\n```"]
    assert drafted(tmp_path)["lesson"].stat().st_size > 100
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        "I would rather not.",
        {"title": "T", "scenes": []},
        {**ANSWER, "scenes": [{**ANSWER["scenes"][0], "narration": "… … … … … … … … … … …"}]},
        500,
        429,
    ],
)
def test_an_answer_that_is_no_lesson_is_asked_for_again(tmp_path, service, wrong):
    service.script = [wrong]
    drafted(tmp_path)
    assert len(service.asked) == 2


def test_a_service_that_never_gives_a_lesson_is_given_up_on(tmp_path, service):
    service.script = ["no"] * 2
    with pytest.raises(TransientError, match="last of 2 tries") as caught:
        drafted(tmp_path, tries=2)
    assert caught.value.code == "draft.no-answer"


def test_a_service_that_hangs_is_given_up_on_in_time(tmp_path, service):
    service.hold.clear()
    with pytest.raises(TransientError, match="no answer within"):
        drafted(tmp_path, tries=1, timeout_s=0.3)


@pytest.mark.parametrize(("status", "kind"), [(401, LicenceError), (404, InputError)])
def test_a_refused_key_and_an_unknown_model_are_told_apart(tmp_path, service, status, kind):
    service.script = [status]
    with pytest.raises(kind) as caught:
        drafted(tmp_path)
    assert "sesame" not in str(caught.value)
    assert len(service.asked) == 1


def test_without_an_endpoint_it_says_which_setting_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)
    with pytest.raises(FarmError, match=ADDRESS) as caught:
        drafted(tmp_path)
    assert caught.value.code == "draft.no-endpoint"
    assert "lesson.draft/openai_compatible" in dict(farm_avatar.farm_checks())


@pytest.mark.parametrize(("notes", "told"), [("  \n", "empty"), ("x" * 200_001, "too long")])
def test_notes_that_are_none_are_refused_before_anybody_is_asked(tmp_path, service, notes, told):
    with pytest.raises(InputError, match=told):
        drafted(tmp_path, notes)
    assert service.asked == []
