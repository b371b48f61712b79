"""What the simulation's verdict notices: a wrong file, a file twice, a submission left behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.sim.farmlet import Farmlet
from farm.sim.scenario import Scenario
from farm.sim.submissions import Submitted
from farm.sim.verdict import check_results

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
