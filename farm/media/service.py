"""The address and the key of the service of language models that this machine asks.

Invariant: they come from the node's environment, under the names that clients of such services use,
and never from a manifest: whoever submits a job cannot send the key elsewhere.
"""

from __future__ import annotations

import os

ADDRESS, KEY = "OPENAI_BASE_URL", "OPENAI_API_KEY"


def configured() -> tuple[str, str]:
    """Address and key; empty where they are not set."""
    return os.environ.get(ADDRESS, "").strip(), os.environ.get(KEY, "").strip()
