"""What the simulation's verdict notices: a wrong file, a file twice, a submission left behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from farm.domain.states import AttemptState
from farm.ledger.schema import attempts, leader
from farm.sim.farmlet import Farmlet
from farm.sim.pulse import Pulse
from farm.sim.scenario import Kill, Scenario
from farm.sim.submissions import Submitted
from farm.sim.verdict import check_recovery, check_results

ONE = Submitted("dusk.txt", "dusk\n", None, 6, 2, 0.1)


@pytest.fixture
def finished(tmp_path: Path) -> Iterator[Farmlet]:
    """A farm that did one job, undisturbed."""
    farm = Farmlet(tmp_path, daemons=1, nodes=1)
    try:
        scenario = Scenario(farm, seed=1, kills=0, jobs=0, tell=print)
        scenario.queue(ONE)
        assert scenario.run().violations == ()
        yield farm
    finally:
        farm.stop()


def test_wrong_repeated_and_forgotten_results_are_violations(finished: Farmlet) -> None:
    [folder] = (finished.door / "_done").glob("*/*")
    assert list(check_results(finished, [ONE])) == []
    shutil.copytree(folder, folder.with_name("again"))
    (folder / "result.txt").write_text("something else")
    (finished.door / "_claimed" / "left").mkdir()
    other = Submitted("rain.txt", "rain\n", None, 6, 2, 0.1)
    found = "\n".join(check_results(finished, [ONE, other]))
    for sign in (
        "2 finished folders",
        "does not hold what follows",
        "rain.txt was taken 0 times",
        "left was left behind",
        "1 jobs were made of 2 submissions",
    ):
        assert sign in found


def test_an_attempt_is_late_by_the_time_that_a_daemon_led(finished: Farmlet) -> None:
    finished.kill("daemon0")
    with finished.database.engine.begin() as connection:
        task, number, began = connection.execute(
            select(attempts.c.task_id, attempts.c.number, attempts.c.started_at)
        ).first()
        connection.execute(
            update(attempts)
            .where(attempts.c.task_id == task, attempts.c.number == number)
            .values(state=AttemptState.LOST, ended_at=began + 30.0)
        )
    kill = Kill("engine", began, ((task, number),))

    def late(led_s: float) -> list[str]:
        """What is found when a daemon led for the first ``led_s`` after the kill."""
        pulse = Pulse(0.5)
        for beat in range(int(led_s / 0.5) + 1):
            with finished.database.engine.begin() as connection:
                connection.execute(
                    update(leader).values(beat=1000 + beat, beat_at=began + 0.5 * beat)
                )
            pulse.note(finished.database)
        lost, longest_s, found = check_recovery(finished.database, [kill], pulse, finished.settings)
        assert (lost, longest_s) == (1, pytest.approx(30.0))
        return found

    assert late(14.0) == []
    [text] = late(30.0)
    assert "stayed active 30.0 s after its engine was killed" in text
