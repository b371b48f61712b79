"""What people read: right on both databases, and as quick with ten thousand jobs as with ten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from farmhand import Farmhand, artifact, plan, stage
from frozen import FrozenClock
from sqlalchemy import insert, select, text
from statements import Sent, statements

from farm.domain.errors import ErrorClass, UnknownName
from farm.domain.media import MediaFacts
from farm.domain.states import JobState, NodeState, TaskState
from farm.ledger.database import Database
from farm.ledger.schema import jobs, metadata, peaks, shapes, stages, tasks
from farm.ledger.views_detail import JobDetails
from farm.ledger.views_jobs import JobViews
from farm.ledger.views_nodes import NodeViews
from farm.ledger.views_reasons import Reasons

MANY = 10_000


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def queries(sent: list[Sent]) -> list[Sent]:
    """Those that read."""
    return [one for one in sent if one.text.lstrip().upper().startswith(("SELECT", "WITH"))]


# --- lists and progress --------------------------------------------------------------------------


def test_a_page_lists_the_newest_first_and_the_next_page_goes_on(hand: Farmhand) -> None:
    for index in range(5):
        hand.jobs.accept(plan(stage("a"), name=f"j{index}"), job_id=f"job{index}")
    views = JobViews(hand.database)
    first = views.page(limit=2)
    assert [line.name for line in first] == ["j4", "j3"]
    assert [line.name for line in views.page(limit=2, before=first[-1].number)] == ["j2", "j1"]


def test_a_page_of_some_states_has_only_those(hand: Farmhand) -> None:
    for index in range(3):
        hand.jobs.accept(plan(stage("a"), name=f"j{index}"), job_id=f"job{index}")
    hand.jobs.cancel("job1", actor="ann")
    views = JobViews(hand.database)
    assert [line.id for line in views.page(states=[JobState.CANCELLED])] == ["job1"]
    both = views.page(states=[JobState.QUEUED, JobState.CANCELLED])
    assert [line.id for line in both] == ["job2", "job1", "job0"]


def test_progress_counts_finished_tasks_running_shares_and_stages_still_uncut(
    hand: Farmhand, clock: FrozenClock
) -> None:
    late = stage("late", after=("a",), windows=None)
    hand.jobs.accept(plan(stage("a", windows=3), late), job_id="job1")
    hand.finish(hand.take())
    second = hand.take()
    hand.claims["n1"].note_progress({(second.task_id, second.number): (0.5, "frame 5")})
    clock.pass_s(30.0)
    [line] = JobViews(hand.database).lines(["job1"])
    assert line.total == 4
    assert line.counts == {"done": 1, "running": 1, "ready": 1}
    assert line.progress == pytest.approx(1.5 / 4)
    assert line.eta_s == pytest.approx(30.0 * 2.5 / 1.5)


def test_a_waiting_job_is_estimated_from_what_the_stage_took_before(hand: Farmhand) -> None:
    with hand.database.engine.begin() as connection:
        connection.execute(
            insert(peaks),
            [
                {"stage_id": "test.work/test", "version": 1, "size": "", "ram_mb": 1.0,
                 "vram_mb": 0.0, "wall_s": wall_s}
                for wall_s in (8.0, 12.0)
            ],
        )  # fmt: skip
    hand.jobs.accept(plan(stage("a", windows=4)), job_id="job1")
    [line] = JobViews(hand.database).lines(["job1"])
    assert line.eta_s == pytest.approx(20.0)  # four windows of 10 s on two engines
    hand.jobs.pause("job1", actor="ann")
    assert JobViews(hand.database).lines(["job1"])[0].eta_s is None


def test_one_job_is_shown_with_stages_attempts_and_events(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="job1")
    hand.fail(hand.take(), ErrorClass.LOST)
    hand.take()
    detail = JobDetails(hand.database).detail("job1")
    assert [line.name for line in detail.stages] == ["a", "b"]
    assert [line.counts for line in detail.stages] == [{"running": 1}, {"blocked": 1}]
    assert [(a.number, a.state) for a in detail.attempts] == [(1, "lost"), (2, "running")]
    assert detail.events[-1].target == "running"
    json.dumps(detail.record())
    assert detail.record()["number"] == detail.line.number


def test_what_stages_warn_of_is_shown_with_the_job_and_marks_it(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("one"), stage("warnings", ("one",))), job_id="job1")
    hand.jobs.accept(plan(stage("one")), job_id="job2")
    told = MediaFacts(extra={"warnings": ["the film is dark", "it is silent"]})
    hand.report(hand.take("job1.one.0"), replace(artifact("a"), facts=told))
    hand.finish(hand.take("job2.one.0"), "warnings")
    views, details = JobViews(hand.database), JobDetails(hand.database)
    assert views.warned(["job1", "job2"]) == {"job1"}
    assert details.detail("job1").warnings == ["one: the film is dark", "one: it is silent"]
    assert details.detail("job2").record()["warnings"] == []


def test_an_unknown_job_is_refused(database: Database) -> None:
    with pytest.raises(UnknownName):
        JobDetails(database).detail("nobody")


def test_artifacts_of_a_job_come_with_their_roles(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    hand.finish(hand.take(), "result")
    found = JobDetails(hand.database).artifacts("job1", 10)
    assert sorted(entry["role"] for entry in found) == ["between", "input"]
    assert len(JobDetails(hand.database).artifacts(None, 1)) == 1


# --- nodes ---------------------------------------------------------------------------------------


def test_nodes_show_what_their_engines_run(hand: Farmhand, clock: FrozenClock) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    task = hand.take(slot="cpu1")
    clock.pass_s(3.0)
    [node] = NodeViews(hand.database).nodes()
    assert [(e.slot, e.task_id) for e in node.engines] == [("cpu0", None), ("cpu1", task.task_id)]
    assert node.silent_s == pytest.approx(3.0)
    json.dumps(node.record())


def test_the_farm_tells_its_pause_and_its_active_daemon(hand: Farmhand) -> None:
    hand.nodes.pause_farm("disk swap", actor="ann")
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    farm = NodeViews(hand.database).farm()
    assert (farm.paused, farm.daemon, farm.active_jobs) == ("disk swap", "test", 1)


# --- why -----------------------------------------------------------------------------------------


def test_a_ready_task_waits_for_the_next_free_engine_behind_those_ahead(hand: Farmhand) -> None:
    for index in range(3):
        hand.jobs.accept(plan(stage("a", params={"n": index})), job_id=f"job{index}")
    hand.jobs.reprioritise("job2", 90, actor="ann")
    reasons = Reasons(hand.database)
    assert reasons.task("job2.a.0").reason == "next free engine (0 tasks ahead)"
    assert reasons.task("job0.a.0").reason == "next free engine (1 task ahead)"
    assert reasons.task("job1.a.0").reason == "next free engine (2 tasks ahead)"


def test_each_way_of_waiting_has_its_own_reason(hand: Farmhand, clock: FrozenClock) -> None:
    reasons = Reasons(hand.database)
    later = clock.now_s + 90.0
    hand.jobs.accept(plan(stage("a"), start_after_s=later), job_id="timed")
    assert reasons.task("timed.a.0").reason == "waits for its start time (in 90 s)"

    hand.jobs.accept(plan(stage("a", approval=True), name="gated"), job_id="gated")
    assert reasons.job("gated").kind == "approval"

    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="job1")
    assert reasons.task("job1.b.0").reason == "waits for stage a"
    hand.fail(hand.take("job1.a.0"), ErrorClass.TRANSIENT)
    back_off = reasons.task("job1.a.0")
    assert back_off.kind == "back-off"
    assert back_off.reason.endswith("(in 2 s)")

    hand.jobs.pause("job1", actor="ann")
    assert reasons.task("job1.a.0").kind == "paused"
    assert reasons.job("job1").kind == "paused"


def test_a_chained_window_waits_for_the_one_before(hand: Farmhand) -> None:
    chain = stage("grow", windows=2, chained=True, carry=("out",))
    hand.jobs.accept(plan(chain), job_id="job1")
    assert Reasons(hand.database).task("job1.grow.1").reason == "waits for window 0 of its stage"


def test_what_no_node_can_give_and_a_paused_farm_come_before_the_queue(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    [(shape, _)] = hand.queue.waiting_shapes()
    hand.queue.explain({shape: "no node offers test.work/test@1"})
    assert Reasons(hand.database).job("job1").kind == "placement"
    hand.nodes.pause_farm("disk swap", actor="ann")
    assert "disk swap" in Reasons(hand.database).task("job1.a.0").reason


def test_without_a_daemon_that_is_the_reason(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    hand.leadership.release()
    assert Reasons(hand.database).job("job1").kind == "no-daemon"


def test_a_running_and_a_failed_task_tell_where_and_why(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    task = hand.take()
    assert "engine cpu0 of n1" in Reasons(hand.database).task("job1.a.0").reason
    hand.fail(task, ErrorClass.INPUT)
    assert Reasons(hand.database).task("job1.a.0").reason == "it failed (input)."
    assert Reasons(hand.database).job("job1").kind == "failed"


def test_a_hit_names_the_task_whose_outputs_were_taken(hand: Farmhand) -> None:
    for job_id in ("job1", "job2"):
        hand.jobs.accept(plan(stage("a")), job_id=job_id)
        if job_id == "job1":
            hand.finish(hand.take())
    found = Reasons(hand.database).task("job2.a.0")
    assert (found.kind, found.reason) == (
        "cached",
        "answered from the cache: same work as job1.a.0",
    )


def test_a_miss_names_what_differs_from_the_nearest_earlier_task(hand: Farmhand) -> None:
    def ran(job_id: str, prompt: str = "a prompt", **changes: object) -> str:
        hand.jobs.accept(plan(stage("a", **changes), prompt=prompt), job_id=job_id)
        hand.finish(hand.take(f"{job_id}.a.0"))
        return Reasons(hand.database).task(f"{job_id}.a.0").reason

    assert "no earlier job used test.work/test" in ran("one")
    assert "differs from #1.a in seed (7 then, 8 now)" in ran("two", seed=8)
    assert "differs from #2.a in params.x (None then, 3 now)" in ran(
        "three", seed=8, params={"name": "a", "x": 3}
    )
    assert "differs from #3.a in input port in" in ran(
        "four", "another prompt", seed=8, params={"name": "a", "x": 3}
    )
    assert "are not reused" in ran("five", cacheable=False)


def test_why_of_a_finished_job_tells_of_every_stage(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="job1")
    hand.finish(hand.take())
    hand.finish(hand.take())
    with hand.database.engine.begin() as connection:
        connection.execute(jobs.update().values(state=JobState.DONE))
    found = Reasons(hand.database).job("job1")
    assert [part.kind for part in found.stages] == ["ran", "ran"]


def test_an_unknown_task_is_refused(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a")), job_id="job1")
    with pytest.raises(UnknownName):
        Reasons(hand.database).task("job1.nothing.0")


# --- ten thousand jobs ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An SQLite ledger with ten thousand queued jobs of two stages, and one node."""
    url = f"sqlite:///{tmp_path_factory.mktemp('crowd') / 'ledger.sqlite3'}"
    database = Database(url)
    metadata.create_all(database.engine)
    hand = Farmhand(database)
    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="pattern")
    # Copied inside the database: a job's columns, with its own id and number.
    own = {"job_id": "'copy' || n", "number": "n", "job_number": "n"}
    with database.engine.begin() as connection:
        for table in (jobs, stages, tasks):
            known = {**own, "id": "replace(id, 'pattern', 'copy' || n)"}
            names = [column.name for column in table.columns]
            values = ", ".join(known.get(name, f'"{name}"') for name in names)
            columns = ", ".join(f'"{name}"' for name in names)
            connection.execute(
                text(
                    "WITH RECURSIVE counted(n) AS "
                    f"(SELECT 2 UNION ALL SELECT n + 1 FROM counted WHERE n < {MANY}) "
                    f"INSERT INTO {table.name} ({columns}) "
                    f"SELECT {values} FROM {table.name}, counted"
                )
            )
        connection.execute(text("ANALYZE"))
    yield database
    database.close()


def reads(database: Database) -> dict[str, object]:
    """Every read that must stay flat."""
    views, details, reasons = JobViews(database), JobDetails(database), Reasons(database)
    active = [JobState.QUEUED, JobState.RUNNING]
    return {
        "ls": lambda: views.page(limit=20),
        "ls --before": lambda: views.page(limit=20, before=5000),
        "ls --state": lambda: views.page(limit=20, states=active),
        "show": lambda: details.detail("copy5000"),
        "watch": lambda: views.lines(["copy5000"]),
        "why": lambda: reasons.job("copy5000"),
        "nodes": lambda: NodeViews(database).nodes(),
        "artifacts": lambda: details.artifacts("copy5000", 50),
    }


@pytest.mark.parametrize("name", sorted(reads(None)))  # type: ignore[arg-type]
def test_reads_do_not_scan_a_crowded_ledger(crowded: Database, name: str) -> None:
    with statements(crowded) as sent:
        reads(crowded)[name]()  # type: ignore[operator]
    assert queries(sent)
    small = ("nodes", "blocks", "leader", "settings")
    with crowded.engine.connect() as connection:
        for statement, parameters in queries(sent):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for row in rows:
                step = str(row[-1])
                if step.startswith("SCAN"):
                    scanned = step.split()[1]
                    derived = scanned.startswith(("(", "anon_", "CONSTANT"))
                    assert derived or scanned in small, f"{name}: {step} in {statement}"


def test_the_number_of_statements_does_not_depend_on_the_number_of_jobs(
    crowded: Database, tmp_path: Path
) -> None:
    quiet = Database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    metadata.create_all(quiet.engine)
    Farmhand(quiet).jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="copy5000")
    for name in ("ls", "ls --state", "show", "watch", "nodes"):
        counts = []
        for database in (quiet, crowded):
            with statements(database) as sent:
                reads(database)[name]()  # type: ignore[operator]
            counts.append(len(queries(sent)))
        assert counts[0] == counts[1] <= 16, name
    quiet.close()


def test_a_drained_node_says_why(hand: Farmhand) -> None:
    hand.nodes.order("n1", NodeState.DRAINING, actor="ann", reason="new driver")
    [node] = NodeViews(hand.database).nodes()
    assert (node.state, node.reason) == ("draining", "new driver")


def test_a_page_knows_blocked_tasks_apart_from_ready_ones(crowded: Database) -> None:
    [line] = JobViews(crowded).page(limit=1)
    assert line.counts == {TaskState.READY.value: 1, TaskState.BLOCKED.value: 1}
    with crowded.read() as connection:
        assert connection.execute(select(shapes.c.shape)).first() is not None
