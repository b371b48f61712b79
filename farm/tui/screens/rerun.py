"""Orders about jobs, the same on the list and on one job: keys, questions, the manifest's editor.

Invariant: what destroys is asked about first; what is edited is submitted as a new job, never written
into the old one.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import yaml
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType

from farm.tui.screens.screen import FarmScreen

Ids = list[str]


class JobOrders(FarmScreen):
    """A screen with jobs to steer. :meth:`with_chosen` says which."""

    WRITES: ClassVar[frozenset[str]] = frozenset(
        {"cancel", "retry", "retry_failed", "pause", "resume", "raise", "lower", "priority",
         "approve", "master", "replay", "edit"}
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", "Cancel", id="job.cancel", tooltip="Cancel the jobs (asks first)"),
        Binding("r", "retry", "Retry", id="job.retry",
                tooltip="Run failed or cancelled jobs again from what was not done"),
        Binding("p", "pause", "Pause", id="job.pause", tooltip="Hold what has not begun"),
        Binding("P", "resume", "Resume", id="job.resume", tooltip="Let paused jobs go on"),
        Binding("plus", "raise", "Priority +10", id="job.raise", show=False,
                tooltip="Raise the priority by ten"),
        Binding("minus", "lower", "Priority -10", id="job.lower", show=False,
                tooltip="Lower the priority by ten"),
        Binding("equals_sign", "priority", "Set priority", id="job.priority", show=False,
                tooltip="Set the priority, 0 to 100"),
        Binding("A", "approve", "Approve", id="job.approve", show=False,
                tooltip="Open every gate that waits for approval"),
        Binding("M", "master", "Make master", id="job.master", show=False,
                tooltip="Approve finished drafts: make them again in high quality"),
        Binding("O", "outputs", "Outputs", id="job.outputs", show=False,
                tooltip="Open the finished folder, or show and copy its path"),
        Binding("y", "copy", "Copy id", id="job.copy", show=False, tooltip="Copy the jobs' ids"),
        Binding("ctrl+y", "replay", "Replay", id="job.replay", show=False,
                tooltip="Run the same manifest once more as a new job"),
        Binding("E", "edit", "Edit & rerun", id="job.edit", show=False,
                tooltip="Edit the manifest in $EDITOR and submit it as a new job"),
    ]  # fmt: skip
    _then: Callable[[Ids], None]

    def with_chosen(self, then: Callable[[Ids], None]) -> None:
        """Call ``then`` with the ids of the jobs an order is for."""
        raise AssertionError("a screen with jobs says which are chosen")

    def loaded(self, key: str, value: Any) -> None:
        """A manifest to edit, or where results are."""
        if key == "manifest":
            self._edit(value)
        elif key == "outputs":
            self._open(value)

    def action_cancel(self) -> None:
        """Ask, then cancel."""
        self.with_chosen(
            lambda ids: self.confirm(
                f"Cancel {_jobs(ids)}? What runs is stopped within seconds.",
                lambda acts: acts.cancel(ids),
            )
        )

    def action_retry(self) -> None:
        """Run them again."""
        self.with_chosen(lambda ids: self.order(lambda acts: acts.retry(ids)))

    def action_pause(self) -> None:
        """Hold what has not begun."""
        self.with_chosen(lambda ids: self.order(lambda acts: acts.pause(ids)))

    def action_resume(self) -> None:
        """Let them go on."""
        self.with_chosen(lambda ids: self.order(lambda acts: acts.resume(ids)))

    def action_raise(self) -> None:
        """Ten more."""
        self.with_chosen(lambda ids: self.order(lambda acts: acts.priority(ids, change=10)))

    def action_lower(self) -> None:
        """Ten less."""
        self.with_chosen(lambda ids: self.order(lambda acts: acts.priority(ids, change=-10)))

    def action_priority(self) -> None:
        """Ask for a number."""

        def asked(ids: Ids) -> None:
            def then(text: str) -> None:
                if text:
                    self.order(lambda acts: acts.priority(ids, int(text)))

            self.ask(f"Priority of {_jobs(ids)}, 0 to 100", then, kind="integer")

        self.with_chosen(asked)

    def action_approve(self) -> None:
        """Open every gate."""
        self.with_chosen(lambda ids: self.order(lambda acts: acts.approve(ids)))

    def action_master(self) -> None:
        """Ask, then make the masters of drafts."""
        desk = self.console_app.desk
        self.with_chosen(
            lambda ids: self.confirm(
                f"Make {_masters(ids)} in high quality?", lambda acts: acts.master(desk, ids)
            )
        )

    def action_replay(self) -> None:
        """The same once more."""
        self.with_chosen(
            lambda ids: self.confirm(
                f"Run {_jobs(ids)} once more as new jobs?", lambda acts: acts.replay(ids)
            )
        )

    def action_copy(self) -> None:
        """Copy ids."""

        def copy(ids: Ids) -> None:
            self.app.copy_to_clipboard(" ".join(ids))
            self.notify(f"Copied {' '.join(ids[:3])}{' …' if len(ids) > 3 else ''}", markup=False)

        self.with_chosen(copy)

    def action_outputs(self) -> None:
        """Read where the results are."""
        self.with_chosen(
            lambda ids: self.load("outputs", lambda database: _published(database, ids[0]))
        )

    def action_edit(self) -> None:
        """Read the manifest."""
        acts = self.console_app.acts
        self.with_chosen(lambda ids: self.load("manifest", lambda _database: acts.manifest(ids[0])))

    def _open(self, published: str | None) -> None:
        if not published:
            self.notify("It has no results yet.", severity="warning")
            return
        self.app.copy_to_clipboard(published)
        if Path(published).exists():
            self.app.open_url(Path(published).absolute().as_uri(), new_tab=True)
        self.notify(f"Results (path copied): {published}", markup=False, timeout=10)

    def _edit(self, manifest: dict[str, Any]) -> None:
        text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True)
        with tempfile.NamedTemporaryFile(
            "w", suffix=".yaml", prefix="farm-", delete=False, encoding="utf-8"
        ) as file:
            file.write("# Saved changes are submitted as a new job; leave it as it is to stop.\n")
            file.write(text)
        path = Path(file.name)
        try:
            with self.app.suspend():
                code = subprocess.call([*shlex.split(self.console_app.editor), str(path)])
        except SuspendNotSupported:
            # In a browser there is no terminal to lend; the editor must bring its own window.
            code = subprocess.call([*shlex.split(self.console_app.editor), str(path)])
        except OSError as error:
            self._say_no(f"the editor could not be started: {error}. Set EDITOR.")
            return
        finally:
            edited = path.read_text(encoding="utf-8")
            path.unlink()
        self.app.refresh()
        if code != 0:
            self._say_no(f"the editor ended with {code}; nothing was submitted")
            return
        try:
            fields = yaml.safe_load(edited)
        except yaml.YAMLError as error:
            self._say_no(f"not readable as YAML: {str(error).splitlines()[0]}")
            return
        if fields == manifest:
            self.notify("Nothing was changed, so nothing was submitted.")
        elif not isinstance(fields, dict):
            self._say_no("a manifest is a list of fields and values")
        else:
            self.order(lambda acts: acts.submit({**fields, "rerun": True}))

    def _say_no(self, text: str) -> None:
        self.notify(text, severity="error", timeout=10, markup=False)


def _jobs(ids: Ids) -> str:
    return "this job" if len(ids) == 1 else f"{len(ids)} jobs"


def _masters(ids: Ids) -> str:
    return "the master of this draft" if len(ids) == 1 else f"the masters of {len(ids)} drafts"


def _published(database: Any, job_id: str) -> str | None:
    from farm.ledger.views_jobs import JobViews

    [line] = JobViews(database).lines([job_id])
    return line.published if line.state == "done" else None
