"""Pipelines: versioned templates of jobs, their parameters, and the checks that they hang together.

Invariant: this package reads templates and knows declarations of stages; it runs nothing.
"""

from __future__ import annotations

from farm.pipelines.parameters import ParamSpec, checked
from farm.pipelines.template import (
    InputSpec,
    Pipeline,
    QualitySpec,
    StageSpec,
    is_optional,
    load_pipeline,
    param_reference,
    parse_pipeline,
    split_source,
)
from farm.pipelines.wiring import check_against, check_wiring, fits, misfit, order, predecessors

__all__ = [
    "InputSpec",
    "ParamSpec",
    "Pipeline",
    "QualitySpec",
    "StageSpec",
    "check_against",
    "check_wiring",
    "checked",
    "fits",
    "is_optional",
    "load_pipeline",
    "misfit",
    "order",
    "param_reference",
    "parse_pipeline",
    "predecessors",
    "split_source",
]
