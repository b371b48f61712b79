"""The ``farm`` command on a real ledger: what it prints, as JSON and as text, and its exit codes."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from farmhand import Farmhand, plan, stage
from sqlalchemy import select

from farm.attempt_logs import log_path
from farm.cli.outcomes import MEANINGS, REFUSED, UNKNOWN, UNREACHABLE, USAGE
from farm.cli.start import run
from farm.domain.errors import ErrorClass
from farm.domain.states import JobState
from farm.ledger.database import Database
from farm.ledger.schema import jobs
from farm.ledger.upgrade import upgrade


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root folder of a farm that is not running, chosen as a user would: by FARM_ROOT."""
    monkeypatch.setenv("FARM_ROOT", str(tmp_path))
    (tmp_path / "dropbox" / "procedural").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def hand(root: Path) -> Iterator[Farmhand]:
    database = Database(f"sqlite:///{root / 'spool' / 'ledger.sqlite3'}")
    upgrade(database)
    yield Farmhand(database)
    database.close()


Farm = Callable[..., tuple[int, str, str]]


@pytest.fixture
def farm(capsys: pytest.CaptureFixture[str]) -> Farm:
    """Run one command line; returns exit code, standard output and standard error."""

    def act(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return act


@pytest.fixture
def document(farm: Farm) -> Callable[..., Any]:
    """Run one command line with --json; returns what standard output holds."""

    def act(*arguments: str, code: int = 0) -> Any:
        found, out, err = farm(*arguments, "--json")
        assert found == code, err
        return json.loads(out)

    return act


# --- exit codes ----------------------------------------------------------------------------------


def test_without_a_ledger_the_command_says_so_and_makes_none(root: Path, farm: Farm) -> None:
    code, out, err = farm("ls")
    assert (code, out) == (UNREACHABLE, "")
    assert "farm up" in err
    assert not (root / "spool" / "ledger.sqlite3").exists()


def test_a_ledger_of_another_version_is_refused(hand: Farmhand, farm: Farm) -> None:
    with hand.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    code, _, err = farm("ls")
    assert code == REFUSED
    assert "farm db upgrade" in err


def test_unknown_names_have_an_exit_code_of_their_own(hand: Farmhand, farm: Farm) -> None:
    assert farm("show", "42")[0] == UNKNOWN
    assert farm("why", "#42.render.0")[0] == UNKNOWN
    assert farm("drain", "nobody")[0] == UNKNOWN
    code, _, err = farm("pipelines", "procedral")
    assert code == UNKNOWN
    assert 'Did you mean "procedural"?' in err


def test_a_wrong_command_line_is_usage(hand: Farmhand, farm: Farm) -> None:
    for arguments in (("shwo", "1"), ("show",), ("pause",), ("ls", "--state", "dreaming")):
        code, out, err = farm(*arguments)
        assert (code, out) == (USAGE, ""), arguments
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ls", "-n", "many"], "expected a whole number, got 'many'"),
        (["ls", "-n", "0"], "expected 1 or more, got '0'"),
        (["watch", "--every", "often"], "expected a number, got 'often'"),
        (["ls", "--state", "bogus"], ": 'bogus' is not one of 'active'"),
        (["--root", "/no/such/folder", "ls"], "/no/such/folder is no folder. Name the one with"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_argument_is_told_with_what_was_expected(
    root: Path, farm: Farm, arguments: list[str], says: str
) -> None:
    code, out, err = farm(*arguments)
    assert (code, out) == (USAGE, "")
    assert says in err.splitlines()[-1]


def test_a_wrong_setting_is_told_with_what_was_expected(
    root: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_CPU_SLOTS", "many")
    code, _, err = farm("ls")
    assert code == REFUSED
    assert "cpu_slots: the value is not acceptable; expected a whole number, got 'many'." in err


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(farm: Farm) -> None:
    code, _, err = farm("--root", "/sys", "db", "upgrade")
    assert code == REFUSED
    assert err.startswith("farm: /sys/spool: it cannot be written; got ")
    assert err.rstrip().endswith("with --root.")


def test_a_damaged_ledger_is_no_unforeseen_error(root: Path, farm: Farm) -> None:
    (root / "spool").mkdir()
    (root / "spool" / "ledger.sqlite3").write_bytes(bytes(range(256)) * 20)
    code, _, err = farm("ls")
    assert code == REFUSED
    assert "the ledger's file is damaged, or is no ledger. Put it aside" in err


def test_a_farm_whose_ledger_cannot_be_reached_does_not_come_up(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_DATABASE", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    done = subprocess.run(
        [sys.executable, "-m", "farm", "up"], capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (UNREACHABLE, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("farm: the ledger or the broker cannot be reached: ")


def test_a_database_that_cannot_be_reached_is_not_the_users_fault(
    root: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_DATABASE", "postgresql+psycopg://nobody@127.0.0.1:1/farm")
    code, _, err = farm("ls")
    assert code == UNREACHABLE
    assert "farm doctor" in err
    assert err.count("\n") == 1


def test_an_unforeseen_error_is_one_line_and_a_trace_in_a_file(
    hand: Farmhand, root: Path, farm: Farm
) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="jobaaaa")
    with hand.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET tags = 'not json'")
    code, _, err = farm("ls")
    assert code == REFUSED
    assert err.count("\n") == 1
    [trace] = (root / "spool" / "logs").glob("cli-*.log")
    assert str(trace) in err
    assert "Traceback" in trace.read_text()


def test_every_exit_code_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
    for code, meaning in MEANINGS.items():
        assert f"| {code} | {meaning} |" in page


# --- reading -------------------------------------------------------------------------------------


def test_ls_lists_jobs_with_progress_and_pages(hand: Farmhand, document: Any, farm: Farm) -> None:
    for index in range(3):
        hand.jobs.accept(plan(stage("a"), name=f"film {index}"), job_id=f"job{index}")
    hand.finish(hand.take("job0.a.0"))
    lines = document("ls")
    assert [line["number"] for line in lines] == [3, 2, 1]
    assert lines[2]["progress"] == 1.0
    assert {"id", "name", "state", "eta_s", "counts", "priority", "published"} <= lines[0].keys()
    assert [line["number"] for line in document("ls", "-n", "1", "--before", "3")] == [2]
    assert [line["number"] for line in document("ls", "--all")] == [3, 2, 1]
    assert [line["number"] for line in document("ls", "-s", "publishing")] == [1]
    assert len(document("ls", "-s", "active")) == 3
    _, out, _ = farm("ls")
    assert "film 2" in out
    assert "100 %" in out


def test_show_names_stages_failures_and_the_way_to_the_results(
    hand: Farmhand, document: Any, farm: Farm
) -> None:
    hand.jobs.accept(plan(stage("render", windows=2), stage("join", after=("render",))), job_id="j")
    hand.fail(hand.take(), ErrorClass.INPUT)
    found = document("show", "1")
    assert [line["name"] for line in found["stages"]] == ["render", "join"]
    assert found["state"] == "failed"
    _, out, _ = farm("show", "#1")
    assert "it failed (input)." in out
    assert "render.0#1" in out


def test_a_job_is_found_by_number_id_and_the_end_of_its_id(hand: Farmhand, document: Any) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="01hx3abcdefghj")
    for name in ("1", "#1", "01hx3abcdefghj", "fghj"):
        assert document("show", name)["id"] == "01hx3abcdefghj"


def test_watch_ends_when_the_jobs_have_ended_and_tells_by_its_exit_code(
    hand: Farmhand, farm: Farm, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.jobs.accept(plan(stage("a"), name="good"), job_id="good")
    hand.jobs.accept(plan(stage("a", params={"n": 2}), name="bad"), job_id="bad")
    task = hand.take("good.a.0")
    looks = iter(range(100))

    def next_act(_pause_s: float) -> None:
        """What happens between two looks, in place of the pause."""
        if next(looks) == 0:
            hand.claims["n1"].note_progress({(task.task_id, task.number): (0.6, "frame 6")})
            return
        hand.finish(task)
        with hand.database.engine.begin() as connection:
            connection.execute(jobs.update().where(jobs.c.id == "good").values(state=JobState.DONE))

    monkeypatch.setattr("farm.cli.watching.sleep", next_act)
    code, out, _ = farm("watch", "good")
    assert code == 0
    assert out.splitlines()[0] == "#1 good: running, 0 %"
    assert out.splitlines()[1].startswith("#1 good: running, 60 %, ")
    assert out.splitlines()[2] == "#1 good: done, 100 %"
    hand.jobs.cancel("bad", actor="ann")
    assert document("watch", "bad", code=REFUSED)[0]["state"] == "cancelled"


def test_why_gives_one_reason_for_a_job_and_for_a_task(
    hand: Farmhand, document: Any, farm: Farm
) -> None:
    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="job1")
    assert document("why", "1")["kind"] == "queue"
    assert document("why", "1.b")["reason"] == "waits for stage a"
    assert farm("why", "#1.a.0")[1] == "#1.a.0 ready: next free engine (0 tasks ahead)\n"
    assert document("ls", "--why")[0]["why"] == "a.0: next free engine (0 tasks ahead)"
    assert "a.0: next free engine (0 tasks ahead)" in farm("ls", "--why")[1]
    assert "why" not in document("ls")[0]


def test_nodes_and_artifacts_are_listed(hand: Farmhand, document: Any, farm: Farm) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    hand.take()
    found = document("nodes")
    assert found["nodes"][0]["engines"][0]["task_id"] == "job1.a.0"
    assert found["farm"]["daemon"] == "test"
    assert document("artifacts", "1")[0]["role"] == "input"
    assert "cpu0 (cpu)" in farm("nodes")[1]


def test_plugins_and_pipelines_tell_what_can_be_asked_for(
    root: Path, document: Any, farm: Farm
) -> None:
    stages = {entry["stage"]: entry for entry in document("plugins")}
    assert "duration_s" in stages["video.script/farm_procedural"]["params"]["properties"]
    assert "procedural@2" in [entry["ref"] for entry in document("pipelines")]
    assert document("pipelines", "procedural")["params"]["detail"]["default"] == "standard"
    assert "a number from 0.5 to 3600 s" in farm("pipelines", "procedural")[1]


# --- orders --------------------------------------------------------------------------------------


def test_cancel_and_retry_say_what_they_did(hand: Farmhand, document: Any, farm: Farm) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    assert farm("retry", "1")[0] == REFUSED
    [result] = document("cancel", "1", "--reason", "typo")
    assert (result["ok"], result["state"]) == (True, "cancelled")
    assert document("cancel", "1", code=REFUSED)[0]["message"] == "has ended already"
    assert document("retry", "1")[0]["state"] == "running"


def test_orders_carry_the_name_of_who_gave_them(hand: Farmhand, document: Any) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    document("cancel", "1", "--reason", "typo")
    cancelled = [e for e in document("show", "1")["events"] if e["target"] == "cancelling"]
    assert cancelled[0]["actor"] == getpass.getuser()
    assert cancelled[0]["reason"].endswith("typo")


def test_pause_and_resume_work_on_jobs_nodes_and_the_farm(hand: Farmhand, document: Any) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    assert document("pause", "1")[0]["paused"] is True
    assert document("why", "1")["kind"] == "paused"
    assert document("resume", "1")[0]["paused"] is False
    document("pause", "--node", "n1")
    assert document("nodes")["nodes"][0]["state"] == "paused"
    document("resume", "--node", "n1")
    assert document("nodes")["nodes"][0]["state"] == "online"
    document("pause", "--farm", "--reason", "disk swap")
    assert document("nodes")["farm"]["paused"] == "disk swap"
    document("resume", "--farm")
    assert document("nodes")["farm"]["paused"] is None


def test_priority_and_approval_change_what_waits(hand: Farmhand, document: Any, farm: Farm) -> None:
    hand.jobs.accept(plan(stage("a", approval=True)), job_id="job1")
    assert document("priority", "1", "90")[0]["ok"] is True
    assert document("show", "1")["priority"] == 90
    assert farm("priority", "1", "101")[0] == REFUSED
    assert document("approve", "1")[0]["message"] == "is approved: a"
    assert hand.task_state("job1.a.0") == "ready"
    assert document("approve", "1", code=REFUSED)[0]["ok"] is False


def test_a_node_is_drained_and_enabled(hand: Farmhand, document: Any) -> None:
    assert document("drain", "n1", "--reason", "driver")["state"] == "draining"
    assert document("nodes")["nodes"][0]["reason"] == "driver"
    assert document("enable", "n1")["state"] == "online"


# --- submitting ----------------------------------------------------------------------------------


def test_a_prompt_is_submitted_once_and_again_only_when_asked(
    hand: Farmhand, document: Any
) -> None:
    prompt = ("-p", "procedural", "--prompt", "violet dunes", "--set", "duration_s=1")
    [first] = document("submit", *prompt, "--priority", "70", "--seed", "5")
    shown = document("show", str(first["number"]))
    assert (shown["priority"], shown["seed"], shown["state"]) == (70, 5, "queued")
    [second] = document("submit", *prompt, "--seed", "5")
    assert (second["duplicate"], second["number"]) == (True, first["number"])
    [third] = document("submit", *prompt, "--seed", "5", "--rerun")
    assert third["number"] != first["number"]


def test_a_manifest_is_validated_without_a_farm(root: Path, document: Any) -> None:
    good, bad = root / "good.yaml", root / "bad.yaml"
    good.write_text("farm: 1\npipeline: procedural\nprompt: dunes\n")
    bad.write_text("farm: 1\npipeline: procedural\nprompt: dunes\nparams: {duration_s: -3}\n")
    assert document("validate", str(good)) == [{"what": str(good), "ok": True, "problems": []}]
    [refused] = document("validate", str(bad), code=REFUSED)
    assert "0.5 to 3600" in refused["problems"][0]["message"]
    assert not (root / "spool" / "ledger.sqlite3").exists()


PACED = """
pipeline: paced
version: 1
inputs:
  prompt: {kind: text}
params:
  fps: {type: string, default: "24"}
stages:
  script: {capability: video.script, inputs: {prompt: inputs.prompt}}
outputs: {script.json: script.script}
"""


def test_a_set_value_has_the_type_that_the_pipeline_declares(
    root: Path, farm: Farm, hand: Farmhand, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "plugged").mkdir()
    (root / "plugged" / "paced.yaml").write_text(PACED)
    (root / "plugged" / "paced.py").write_text(
        "from pathlib import Path\n\nfrom farm import hookimpl\n\n\n@hookimpl\n"
        "def farm_pipelines():\n    return [Path(__file__).with_suffix('.yaml')]\n"
    )
    monkeypatch.setenv("FARM_PLUGIN_FOLDER", "plugged")
    by_prompt = ("submit", "-p", "paced", "--prompt", "dunes", "--set", "fps=25")
    [made] = document(*by_prompt)
    assert _params(hand, made["number"]) == {"fps": "25"}
    (root / "dusk.yaml").write_text("farm: 1\npipeline: paced\nprompt: dusk\n")
    [made] = document("submit", str(root / "dusk.yaml"), "--set", "fps=30000/1001")
    assert _params(hand, made["number"]) == {"fps": "30000/1001"}
    code, _, err = farm("submit", "-p", "procedural", "--prompt", "x", "--set", "fps=[1")
    assert (code, "a whole number from 1 to 120" in err) == (REFUSED, True)


def _params(hand: Farmhand, number: int) -> Any:
    with hand.database.read() as connection:
        manifest = connection.execute(
            select(jobs.c.manifest).where(jobs.c.number == number)
        ).scalar_one()
    return manifest["params"]


def test_a_refused_submission_makes_no_job(hand: Farmhand, farm: Farm, document: Any) -> None:
    code, _, err = farm("submit", "-p", "procedural", "--prompt", "x", "--set", "fps=700")
    assert code == REFUSED
    assert "a whole number from 1 to 120" in err
    assert document("ls") == []


# --- logs ----------------------------------------------------------------------------------------


def _write_log(root: Path, task: str, attempt: int, text: str) -> Path:
    path = log_path(root / "spool", task, attempt)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)
    return path


def test_logs_of_a_job_a_task_and_an_attempt(
    hand: Farmhand, root: Path, farm: Farm, document: Any
) -> None:
    hand.jobs.accept(plan(stage("a", windows=2)), job_id="job1")
    assert farm("logs", "1")[0] == REFUSED
    _write_log(root, "job1.a.0", 1, "first try\n")
    _write_log(root, "job1.a.0", 2, "second try\n")
    _write_log(root, "job1.a.1", 1, "other window\n")
    _, out, _ = farm("logs", "1")
    assert set(out.splitlines()) == {
        "a.0#1 | first try",
        "a.0#2 | second try",
        "a.1#1 | other window",
    }
    assert farm("logs", "1.a.0", "--attempt", "2")[1] == "second try\n"
    assert document("logs", "1.a.1")[0]["lines"] == ["other window"]


def test_following_goes_on_across_attempts_and_ends_with_the_job(
    hand: Farmhand, root: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    _write_log(root, "job1.a.0", 1, "half a ")
    looks = iter(range(100))

    def next_act(_pause_s: float) -> None:
        """What happens between two looks, in place of the pause."""
        look = next(looks)
        if look == 0:
            _write_log(root, "job1.a.0", 1, "line\n")
        elif look == 1:
            _write_log(root, "job1.a.0", 2, "another try\nwithout an end")
        elif look == 2:
            hand.jobs.cancel("job1", actor="ann")

    monkeypatch.setattr("farm.cli.logs.sleep", next_act)
    code, out, _ = farm("logs", "1", "-f")
    assert code == 0
    assert out.splitlines() == [
        "a.0#1 | half a line",
        "a.0#2 | another try",
        "a.0#2 | without an end",
    ]


# --- looking after a farm ------------------------------------------------------------------------


def test_secrets_are_never_printed(root: Path, farm: Farm, document: Any) -> None:
    (root / "farm.toml").write_text(
        'broker = "rediss://user:hunter2@cache:6380/0"\n'
        'database = "postgresql+psycopg://farm:hunter2@db/farm"\n'
        "limits = { comfy-a = 2 }\n"
        "[store_options]\n"
        'key = "hunter2"\n'
        'client_kwargs = { aws_secret_access_key = "hunter2", region_name = "here" }\n'
    )
    code, out, err = farm("config", "show")
    assert code == 0
    assert "hunter2" not in out + err
    shown = document("config", "show")
    assert "hunter2" not in json.dumps(shown)
    assert shown["broker"]["value"] == "rediss://user:***@cache:6380/0"
    assert shown["broker"]["origin"].endswith("farm.toml")
    assert shown["store_options"]["value"]["client_kwargs"]["region_name"] == "here"
    assert shown["limits"]["value"] == {"comfy-a": 2}
    assert shown["poll_ms"] == {**shown["poll_ms"], "value": 100, "origin": "default"}


def test_settings_name_the_variable_they_came_from(
    root: Path, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_CPU_SLOTS", "3")
    found = document("config", "show")["cpu_slots"]
    assert (found["value"], found["origin"]) == (3, "environment variable FARM_CPU_SLOTS")


def test_an_unknown_setting_is_refused_by_every_command(
    root: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_CPU_SLOT", "3")
    code, _, err = farm("ls")
    assert code == REFUSED
    assert 'Did you mean "cpu_slots"?' in err


def test_the_ledger_is_made_and_then_left_alone(root: Path, document: Any) -> None:
    assert document("db", "upgrade")["changed"] is True
    assert document("db", "upgrade")["changed"] is False
    assert document("ls") == []


def test_the_root_can_be_named_on_the_command_line(
    hand: Farmhand, root: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FARM_ROOT")
    monkeypatch.chdir("/")
    assert farm("ls")[0] == UNREACHABLE
    assert farm("--root", str(root), "ls")[0] == 0
    assert farm("--root", str(root / "nowhere"), "ls")[0] == USAGE


def test_the_doctor_finds_a_sound_farm_sound_and_says_how_to_mend_a_broken_one(
    hand: Farmhand, root: Path, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = document("doctor")
    assert sound["ok"] is True
    named = {check["name"]: check for check in sound["checks"]}
    assert named["database"]["status"] == "ok"
    assert named["drop folder procedural"]["status"] == "ok"
    monkeypatch.setenv("FARM_LOW_DISK_MB", "1000000000")
    monkeypatch.setenv("FARM_BROKER", "redis://127.0.0.1:1/0")
    (root / "farm.toml").write_text(
        '[drop_folders.films]\npath = "films"\npipeline = "procedral"\n'
    )
    (root / "films").mkdir()
    broken = document("doctor", code=REFUSED)
    failed = {check["name"]: check for check in broken["checks"] if check["status"] == "fail"}
    assert set(failed) == {"disk", "broker", "drop folders"}
    assert all(check["mend"] for check in failed.values())
    assert 'Did you mean "procedural"?' in failed["drop folders"]["mend"]


def test_the_doctor_notices_tables_of_another_version_and_a_silent_daemon(
    hand: Farmhand, document: Any
) -> None:
    with hand.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE leader SET beat_at = 0")
    failed = [
        c["name"] for c in document("doctor", code=REFUSED)["checks"] if c["status"] == "fail"
    ]
    assert failed == ["daemon"]
    with hand.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    failed = [
        c["name"] for c in document("doctor", code=REFUSED)["checks"] if c["status"] == "fail"
    ]
    assert failed == ["database"]


def test_gc_says_what_it_would_remove_and_then_removes_it(
    hand: Farmhand, root: Path, document: Any
) -> None:
    old = root / "spool" / "logs" / "long-gone"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    assert document("gc", "--dry-run")["logs"] == 1
    assert old.exists()
    assert document("gc")["logs"] == 1
    assert not old.exists()


def test_a_reader_that_leaves_early_is_no_error(hand: Farmhand, root: Path) -> None:
    for index in range(40):
        hand.jobs.accept(plan(stage("a"), name=f"film {index}"), job_id=f"job{index}")
    command = f"{sys.executable} -m farm ls --all --json | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[", "")


ADDED = """
from farm import Command, InputError, hookimpl


@hookimpl
def farm_commands():
    return [Command("greet", "greeter:run", "Greet, and remember whom.")]


def run(context):
    names = context.arguments
    if "--fail" in names:
        raise InputError("cannot greet", mend="Leave out --fail.")
    for name in names:
        context.documents.put("greeted", name, {"times": 1})
    context.echo(", ".join(context.documents.keys("greeted")))
    return 0
"""


def test_a_plugin_adds_a_command_with_its_documents(
    farm: Farm, hand: Farmhand, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "plugged").mkdir()
    (root / "plugged" / "greeter.py").write_text(ADDED)
    monkeypatch.setenv("FARM_PLUGIN_FOLDER", "plugged")
    assert farm("greet", "ada") == (0, "ada\n", "")
    assert farm("greet", "bob") == (0, "ada, bob\n", "")
    assert farm("greet", "--fail") == (REFUSED, "", "farm: cannot greet. Leave out --fail.\n")
    assert "farm greet" in farm("plugins")[1]
    assert farm("greett")[0] == USAGE
