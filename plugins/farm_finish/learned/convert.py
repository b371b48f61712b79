"""Published weights brought to the form that engines load, once, when they are fetched.

Invariant: a pickle is read as plain tensors only, and the same pickle gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path


def rife(raw: Path, made: Path) -> None:
    """``flownet.pkl`` as ``flownet.safetensors``: what the network uses, without what trained it."""
    import torch
    from safetensors.torch import save_file

    weights = torch.load(raw / "flownet.pkl", map_location="cpu", weights_only=True)
    # Official files were saved from several processors, and say so in every name.
    named = {name.removeprefix("module."): values for name, values in weights.items()}
    used = {
        name: values.float().contiguous()
        for name, values in named.items()
        if name.startswith(("block", "encode"))
    }
    save_file(used, made / "flownet.safetensors")
