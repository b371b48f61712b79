"""Nodes for a real ComfyUI that tests can stop or have fail: copy this into its ``custom_nodes/``.

Invariant: they do what the stand-in's nodes of the same names do: pass a picture on, slowly, tell how
far it is, show it, and look at every step whether to stop; or raise what a node may raise.
"""

from __future__ import annotations

import time


class LabSteps:
    """Takes ``steps`` steps of ``seconds_per_step`` each."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    CATEGORY = "lab"

    @classmethod
    def INPUT_TYPES(cls):
        """Its inputs, as ComfyUI asks for them."""
        return {
            "required": {
                "image": ("IMAGE",),
                "steps": ("INT", {"default": 4, "min": 1, "max": 10000}),
                "seconds_per_step": ("FLOAT", {"default": 0.01, "min": 0.0, "max": 60.0}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1}),
                "preview": ("BOOLEAN", {"default": True}),
            }
        }

    def run(self, image, steps, seconds_per_step, seed, preview):
        """The same picture, later."""
        from comfy.model_management import throw_exception_if_processing_interrupted
        from comfy.utils import ProgressBar
        from PIL import Image

        bar = ProgressBar(steps)
        shown = Image.fromarray((image[0].clamp(0, 1) * 255).byte().cpu().numpy())
        for step in range(1, steps + 1):
            throw_exception_if_processing_interrupted()
            time.sleep(seconds_per_step)
            bar.update_absolute(step, steps, ("JPEG", shown, 512) if preview else None)
        return (image,)


class LabFail:
    """Raises: an error, out of memory, a full disk."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    CATEGORY = "lab"

    @classmethod
    def INPUT_TYPES(cls):
        """Its inputs, as ComfyUI asks for them."""
        return {
            "required": {"image": ("IMAGE",), "how": (["raise", "oom", "disk-full", "bad-file"],)}
        }

    def run(self, image, how):
        """Nothing: it always raises."""
        import torch

        if how == "oom":
            raise torch.OutOfMemoryError("Allocation on device")
        if how == "disk-full":
            raise OSError(28, "No space left on device")
        if how == "bad-file":
            raise FileNotFoundError(2, "No such file or directory", "picture.png")
        raise RuntimeError("this node fails on purpose")


NODE_CLASS_MAPPINGS = {"LabSteps": LabSteps, "LabFail": LabFail}
