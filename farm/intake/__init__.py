"""Intake: from a file or folder that somebody drops to a job in the ledger, or back with a reason.

Invariant: a submitter's file is never lost, and one submission never becomes two jobs.
"""

from __future__ import annotations

from farm.intake.acceptance import Accepted
from farm.intake.desk import Intake

__all__ = ["Accepted", "Intake"]
