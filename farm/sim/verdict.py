"""Whether a simulated farm kept its promises: right results, once each, recovered in time.

Invariant: judged by the ledger and the files alone, never by what the farm's processes say.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from farm.config import Settings
from farm.domain.states import AttemptState, SubmissionState
from farm.ledger.database import Database
from farm.ledger.schema import attempts, jobs, submissions
from farm.sim.pulse import Pulse
from farm.sim.submissions import Submitted

if TYPE_CHECKING:
    from farm.sim.farmlet import Farmlet
    from farm.sim.scenario import Kill

# With the simulation's lease of 3 s the farm's promise: what a kill interrupts is given up within
# 15 s in which a daemon leads. A lease alone would do where not every process is starting again;
# how long a start takes is the machine's affair.
_MARGIN_S = 12.0


def check_results(farm: Farmlet, submitted: Sequence[Submitted]) -> Iterator[str]:
    """Every submission done once, with the content that follows from it, and nothing left over."""
    with farm.database.read() as connection:
        rows = connection.execute(
            select(
                submissions.c.name,
                submissions.c.state,
                jobs.c.id,
                jobs.c.seed,
                jobs.c.published,
            ).outerjoin(jobs, jobs.c.id == submissions.c.job_id)
        ).all()
        job_ids = connection.execute(select(jobs.c.id)).scalars().all()
    times = Counter(row.name for row in rows)
    by_name = {row.name: row for row in rows}
    folders = Counter(_jobs_of_folders(farm))
    for one in submitted:
        if times[one.name] != 1:
            yield f"{one.name} was taken {times[one.name]} times"
            continue
        row = by_name[one.name]
        if row.state is not SubmissionState.DONE or row.id is None:
            yield f"{one.name} is {row.state.value}, not done"
            continue
        if folders[row.id] != 1:
            yield f"{one.name}: {folders[row.id]} finished folders of job {row.id}"
        result = Path(row.published or "") / "result.txt"
        if not result.is_file():
            yield f"{one.name}: no {result}"
        elif result.read_bytes() != one.expected(row.seed):
            yield f"{one.name}: {result} does not hold what follows from its prompt"
    if len(job_ids) != len(submitted):
        yield f"{len(job_ids)} jobs were made of {len(submitted)} submissions"
    for door in (farm.door, farm.inbox):
        for left in (door / "_claimed").glob("*"):
            yield f"{left} was left behind"
    for left in farm.root.rglob(".*.publishing"):
        yield f"{left} was left behind"


def check_recovery(
    database: Database, kills: Sequence[Kill], pulse: Pulse, settings: Settings
) -> tuple[int, float, list[str]]:
    """Interrupted attempts, the longest time until one was given up (s), and those too late."""
    with database.read() as connection:
        ended = {
            (row.task_id, row.number): (row.state, row.ended_at)
            for row in connection.execute(
                select(attempts.c.task_id, attempts.c.number, attempts.c.state, attempts.c.ended_at)
            )
        }
    count, longest_s, late = 0, 0.0, []
    for kill in kills:
        for key in kill.running:
            state, at = ended.get(key, (AttemptState.SUCCEEDED, None))
            if state is AttemptState.SUCCEEDED or at is None or at < kill.at:
                continue  # It got through, or was over before.
            count += 1
            took_s = at - kill.at
            longest_s = max(longest_s, took_s)
            # A new daemon measures the silence from its own first look.
            leaders = sum(k.target == "daemon" and kill.at <= k.at <= at for k in kills)
            allowed_s = (settings.lease_s + _MARGIN_S) * (1 + leaders)
            awake_s = pulse.awake_s(kill.at, at)
            if awake_s > allowed_s:
                late.append(
                    f"attempt {key[0]}#{key[1]} stayed active {took_s:.1f} s after its "
                    f"{kill.target} was killed, and for {awake_s:.1f} s of them a daemon led; "
                    f"allowed: {allowed_s:.1f} s"
                )
    return count, longest_s, late


def _jobs_of_folders(farm: Farmlet) -> Iterator[str]:
    places = (farm.door / "_done", farm.settings.under_root(farm.settings.outputs))
    for place in places:
        for receipt in place.rglob("receipt.json"):
            yield str(json.loads(receipt.read_text(encoding="utf-8")).get("job"))
