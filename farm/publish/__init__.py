"""Publishing: from the last stage's outputs to a finished folder that somebody reads.

Invariant: a finished folder appears whole, by one rename, exactly once per job.
"""

from __future__ import annotations

from farm.publish.publisher import Publisher

__all__ = ["Publisher"]
