"""Planning: from a manifest, a pipeline and the registry to a complete plan. Pure; no I/O.

Invariant: the same arguments give the same plan, and the normalised manifest of a plan gives that
plan's stages again.
"""

from __future__ import annotations

from farm.planning.assemble import plan
from farm.planning.inputs import input_refs
from farm.planning.providers import choose_provider
from farm.planning.seeds import derived_seed, stage_seed
from farm.planning.values import job_params, stage_params
from farm.planning.windows import cut_later, cut_windows

__all__ = [
    "choose_provider",
    "cut_later",
    "cut_windows",
    "derived_seed",
    "input_refs",
    "job_params",
    "plan",
    "stage_params",
    "stage_seed",
]
