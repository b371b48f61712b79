"""Reports: right on both databases, bounded by their period, the same on every way out."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from farmhand import Farmhand, artifact, plan, stage
from statements import statements

from farm.cli.outcomes import REFUSED, UNREACHABLE, USAGE
from farm.cli.start import run
from farm.domain.errors import ErrorClass, InputError, UnknownName
from farm.ledger.artifacts import Artifacts
from farm.ledger.database import Database
from farm.ledger.publishing import Publishing
from farm.ledger.records import Peaks
from farm.ledger.upgrade import upgrade
from farm.ledger.views_reports import GROUPS, ReportViews, UsageLine
from farm.reports import Report, as_csv, as_json, make_report, period_of

if TYPE_CHECKING:
    from frozen import FrozenClock

DAY_S = 86_400


def film(
    hand: Farmhand, clock: FrozenClock, number: int, *, pipeline: str = "film@1", by: str = "ada",
    prompt: str = "", slot: str = "cpu0", run_s: float = 60.0, fails: bool = False,
    model: str | None = None,
) -> None:  # fmt: skip
    """A job of one task that waits 10 s, runs, and is published at once or fails."""
    job_id = f"job{number}"
    work = stage("work", params={"prompt": prompt or str(number)}, model_key=model)
    hand.jobs.accept(
        plan(work, name=f"film {number}", prompt=prompt or str(number), pipeline=pipeline,
             submitter=by, rerun=True),
        job_id=job_id,
    )  # fmt: skip
    if hand.task_state(f"{job_id}.work.0") != "cached":
        clock.pass_s(10)
        task = hand.take(f"{job_id}.work.0", slot=slot)
        clock.pass_s(run_s)
        if fails:
            hand.fail(task, ErrorClass.INPUT)
            return
        files = {"out": [artifact(f"result of {prompt or number}").record()]}
        hand.claims["n1"].finish(task, files, Peaks(cpu_s=run_s / 2, wall_s=run_s), go_on=False)
    Publishing(hand.database).finish(job_id, {})


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


@pytest.fixture
def farm(hand: Farmhand, clock: FrozenClock) -> Farmhand:
    """Two days: one film on a GPU three days ago; today three by bob, of which one failed and one
    came from the cache."""
    film(hand, clock, 1, slot="gpu0", run_s=1800, model="wan-2.2")
    clock.pass_s(3 * DAY_S)
    film(hand, clock, 2, pipeline="film@2", by="bob", prompt="dusk")
    film(hand, clock, 3, pipeline="film@2", by="bob", fails=True)
    film(hand, clock, 4, pipeline="film@2", by="bob", prompt="dusk")
    return hand


def by_key(report: Report) -> dict[str, UsageLine]:
    return {line.key: line for line in report.lines}


def test_usage_by_version_tells_waits_runs_hours_and_failures(farm: Farmhand) -> None:
    lines = by_key(make_report(farm.database, "all", "version"))
    assert set(lines) == {"film@1", "film@2"}
    one, two = lines["film@1"], lines["film@2"]
    assert (one.jobs, one.done, one.failed, one.failure_rate) == (1, 1, 0, 0.0)
    assert (one.wait_s, one.run_s) == pytest.approx((10, 1800))
    assert (one.engine_s, one.gpu_s, one.cpu_s) == pytest.approx((1800, 1800, 900))
    assert (two.jobs, two.done, two.failed) == (3, 2, 1)
    assert two.failure_rate == pytest.approx(1 / 3)
    assert (two.attempts, two.failed_attempts) == (2, 1)
    assert (two.engine_s, two.gpu_s) == pytest.approx((120, 0))


def test_what_the_cache_saved_is_the_time_the_same_task_once_took(farm: Farmhand) -> None:
    assert farm.task_state("job4.work.0") == "cached"
    report = make_report(farm.database, "all", "submitter")
    lines = by_key(report)
    assert (lines["bob"].cached, lines["bob"].saved_s) == (1, pytest.approx(60))
    assert (lines["ada"].cached, lines["ada"].saved_s) == (0, 0)
    assert report.total("saved_s") == pytest.approx(60)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("submitter", {"ada": 1, "bob": 3}),
        ("pipeline", {"film": 4}),
        ("version", {"film@1": 1, "film@2": 3}),
        ("model", {"wan-2.2": 1, "(no model)": 3}),
    ],
)
def test_every_job_is_counted_once_under_its_key(
    farm: Farmhand, by: str, keys: dict[str, int]
) -> None:
    report = make_report(farm.database, "all", by)
    assert {line.key: line.jobs for line in report.lines} == keys
    assert report.jobs == 4
    assert sum(line.engine_s for line in report.lines) == pytest.approx(1920)


def test_days_begin_at_local_midnight_and_add_up(farm: Farmhand, clock: FrozenClock) -> None:
    report = make_report(farm.database, "all", "day")
    assert [line.jobs for line in report.lines] == [1, 3]
    period = period_of("all", clock())
    days = {
        offset: [
            line.key
            for line in ReportViews(farm.database).usage(
                "day", type(period)(period.since_s, period.until_s, offset)
            )[0]
        ]
        for offset in (0, 16 * 3600)
    }
    # The clock stands at 08:00 of UTC, which is the next day 16 hours further east.
    assert days[0] == ["2027-01-15", "2027-01-18"]
    assert days[16 * 3600] == ["2027-01-16", "2027-01-19"]


def test_a_report_speaks_only_of_jobs_that_ended_in_its_period(
    farm: Farmhand, clock: FrozenClock
) -> None:
    assert make_report(farm.database, "24h", "version").jobs == 3
    assert make_report(farm.database, "7d", "version").jobs == 4
    clock.pass_s(30 * DAY_S)
    late = make_report(farm.database, "7d", "version")
    assert (late.jobs, list(late.lines), late.failure_rate) == (0, [], None)


def test_jobs_that_have_not_ended_are_not_counted(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("work")), job_id="job1")
    hand.take()
    report = make_report(hand.database, "all", "version")
    assert report.jobs == 0
    assert report.total("engine_s") == 0


def test_storage_tells_growth_the_largest_and_what_was_collected(
    farm: Farmhand, clock: FrozenClock
) -> None:
    report = make_report(farm.database, "all", "version")
    assert len(report.stored) == 2
    made = sum(day.made_bytes for day in report.stored)
    assert report.kept_bytes == made == sum(day.kept_bytes for day in report.stored)
    assert [f.size_bytes for f in report.largest] == sorted(
        (f.size_bytes for f in report.largest), reverse=True
    )
    largest = report.largest[0]
    assert largest.job_name.startswith("film ")
    assert Artifacts(farm.database).mark_missing(largest.hash, clock() + 1)
    after = make_report(farm.database, "all", "version")
    assert after.kept_bytes == made - largest.size_bytes
    assert sum(day.made_bytes for day in after.stored) == made
    assert largest.hash not in {f.hash for f in after.largest}


# PostgreSQL reads a table as small as this one whole, whatever it would do with a large one.
@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_a_short_period_reads_jobs_by_their_end_and_no_whole_table(
    farm: Farmhand, clock: FrozenClock
) -> None:
    with statements(farm.database) as sent:
        for by in GROUPS:
            ReportViews(farm.database).usage(by, period_of("24h", clock()))
    asked = [one for one in sent if one.text.startswith("SELECT")]
    assert len(asked) == 3 * (len(GROUPS) + 1)  # by model, days are a pass of their own
    with farm.database.engine.connect() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[3] for row in rows]
            tables = [step for step in steps if step.startswith(("SCAN", "SEARCH"))]
            assert any("ix_jobs_ended_at" in step for step in tables), steps
            assert not any(
                step.split()[1] in ("jobs", "attempts", "tasks", "stages", "cache")
                for step in tables if step.startswith("SCAN")
            ), steps  # fmt: skip


@pytest.mark.parametrize("since", ["", "7", "d7", "yesterday", "2026-13-01", "7 d"])
def test_what_is_no_period_is_refused_with_examples(database: Database, since: str) -> None:
    with pytest.raises(InputError, match=r"24h, 7d"):
        make_report(database, since, "version")


def test_an_unknown_key_is_refused_with_the_nearest(database: Database) -> None:
    with pytest.raises(UnknownName, match="submitter"):
        make_report(database, "7d", "submiter")


def test_csv_and_json_say_the_same(farm: Farmhand) -> None:
    report = make_report(farm.database, "all", "version")
    rows = list(csv.DictReader(io.StringIO(as_csv(report))))
    document = json.loads(as_json(report))
    assert [row["version"] for row in rows] == [line["key"] for line in document["usage"]]
    for row, line in zip(rows, document["usage"], strict=True):
        assert {k: v for k, v in row.items() if k != "version"} == {
            k: "" if v is None else str(v) for k, v in line.items() if k != "key"
        }
    assert document["storage"]["kept_bytes"] == report.kept_bytes


def test_a_submitter_cannot_smuggle_a_formula_into_a_spreadsheet(
    hand: Farmhand, clock: FrozenClock
) -> None:
    film(hand, clock, 1, by="=HYPERLINK(1)")
    text = as_csv(make_report(hand.database, "all", "submitter"))
    assert text.splitlines()[1].startswith("'=HYPERLINK(1),1,1,")


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock) -> Path:
    """A farm's root with two jobs, one day old in its ledger."""
    monkeypatch.setenv("FARM_ROOT", str(tmp_path))
    clock.now_s = time.time() - DAY_S
    database = Database(f"sqlite:///{tmp_path / 'spool' / 'ledger.sqlite3'}", clock)
    upgrade(database)
    hand = Farmhand(database)
    film(hand, clock, 1)
    film(hand, clock, 2, by="bob", fails=True)
    database.close()
    return tmp_path


def test_the_command_prints_a_table_csv_or_json(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", "--by", "submitter"]) == 0
    text = capsys.readouterr().out
    assert "SUBMITTER" in text
    assert "2 jobs ended" in text
    assert "100.0%" in text
    assert run(["report", "--by", "submitter", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["submitter"], row["failed"]) for row in rows] == [("ada", "0"), ("bob", "1")]
    assert run(["report", "--since", "2w", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"] == 2


def test_the_command_says_when_nothing_ended(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", "--since", "1h"]) == 0
    assert "No job ended in this period (1h)." in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--since", "soon"], ["--by", "colour"], ["--csv", "--json"]], ids=" ".join
)
def test_a_wrong_option_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(["report", *arguments]) in (USAGE, REFUSED)
    assert capsys.readouterr().err


def test_without_a_ledger_there_is_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_ROOT", str(tmp_path))
    assert run(["report"]) == UNREACHABLE
