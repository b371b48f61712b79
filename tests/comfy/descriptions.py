"""What the stand-in's nodes take and give: the recorded descriptions, with the models of this server.

Invariant: the lists of allowed values in a loader's description are the files that lie in the
server's ``models`` folder at this moment, as on a real server.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name("recorded")
DECLARED = Path(__file__).resolve().parents[2] / "plugins/farm_comfyui/workflows/nodes.json"
"""The packs' nodes as their source declares them, and lists that the recordings cut short."""

LOADERS = {
    ("UNETLoader", "unet_name"): "diffusion_models",
    ("CLIPLoader", "clip_name"): "text_encoders",
    ("VAELoader", "vae_name"): "vae",
    ("CLIPVisionLoader", "clip_name"): "clip_vision",
    ("LoraLoaderModelOnly", "lora_name"): "loras",
    ("AudioEncoderLoader", "audio_encoder_name"): "audio_encoders",
}
FOLDERS = sorted({*LOADERS.values(), "checkpoints", "controlnet"})

FULL = {
    "diffusion_models": (
        "Wan2_2-Animate-14B_fp8_e4m3fn_scaled_KJ.safetensors",
        "wan2.2_animate_14B_bf16.safetensors",
        "wan2.2_s2v_14B_fp8_scaled.safetensors",
        "wan2.2_s2v_14B_bf16.safetensors",
        "wan2.2_fun_inpaint_high_noise_14B_fp8_scaled.safetensors",
        "wan2.2_fun_inpaint_low_noise_14B_fp8_scaled.safetensors",
        "wan2.2_fun_control_high_noise_14B_fp8_scaled.safetensors",
        "wan2.2_fun_control_low_noise_14B_fp8_scaled.safetensors",
        "wan2.2_fun_control_high_noise_14B_bf16.safetensors",
        "wan2.2_fun_control_low_noise_14B_bf16.safetensors",
        "wan2.2_fun_inpaint_high_noise_14B_bf16.safetensors",
        "wan2.2_fun_inpaint_low_noise_14B_bf16.safetensors",
    ),
    "text_encoders": ("umt5_xxl_fp8_e4m3fn_scaled.safetensors",),
    "vae": ("wan_2.1_vae.safetensors",),
    "clip_vision": ("clip_vision_h.safetensors",),
    "audio_encoders": ("wav2vec2_large_english_fp16.safetensors",),
    "loras": (
        "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors",
        "WanAnimate_relight_lora_fp16.safetensors",
        "wan2.2_t2v_lightx2v_4steps_lora_v1.1_high_noise.safetensors",
        "wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors",
        "wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors",
    ),
}

# A slow node and a failing one, as in the recordings: they wait, look at the interrupt flag, show
# previews, or raise.
LAB = {
    "LabSteps": {
        "input": {
            "required": {
                "image": ["IMAGE"],
                "steps": ["INT", {"default": 3, "min": 1, "max": 10000}],
                "seconds_per_step": ["FLOAT", {"default": 0.1, "min": 0.0, "max": 60.0}],
                "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1}],
                "preview": ["BOOLEAN", {"default": True}],
            }
        },
        "output": ["IMAGE"],
        "output_name": ["IMAGE"],
        "output_node": False,
        "name": "LabSteps",
    },
    "LabFail": {
        "input": {
            "required": {"image": ["IMAGE"], "how": [["raise", "oom", "disk-full", "bad-file"]]}
        },
        "output": ["IMAGE"],
        "output_name": ["IMAGE"],
        "output_node": False,
        "name": "LabFail",
    },
}


def recorded_nodes(extra: Iterable[Path] = ()) -> dict[str, Any]:
    """Every description by class; ``extra`` files (same form) are added."""
    nodes: dict[str, Any] = json.loads((RECORDED / "object_info_nodes.json").read_text("utf-8"))
    for name, told in json.loads(DECLARED.read_text("utf-8")).items():
        if name in nodes:
            _lengthen(nodes[name]["input"], told["input"])
        else:
            nodes[name] = {"name": name, **told}
    for path in extra:
        nodes.update(json.loads(path.read_text("utf-8")))
    return {**nodes, **copy.deepcopy(LAB)}


def _lengthen(recorded: dict[str, Any], declared: dict[str, Any]) -> None:
    """Give every list of choices that the recording cut short its whole length."""
    for group, inputs in declared.items():
        for field, spec in inputs.items():
            short = recorded.get(group, {}).get(field)
            if short and isinstance(short[0], list) and isinstance(spec[0], list):
                short[0] = max(short[0], spec[0], key=len)


def install_models(root: Path, models: Mapping[str, Iterable[str]]) -> None:
    """Put empty model files in their folders below ``root/models``."""
    for folder in FOLDERS:
        (root / "models" / folder).mkdir(parents=True, exist_ok=True)
    for folder, names in models.items():
        for name in names:
            path = root / "models" / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


class Descriptions:
    """The nodes this server has. ``absent`` classes answer as if their pack was not installed."""

    def __init__(self, root: Path, extra: Iterable[Path] = ()) -> None:
        self._root = root
        self._nodes = recorded_nodes(extra)
        self.absent: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return name in self._nodes and name not in self.absent

    def names(self) -> list[str]:
        """Every class on offer, sorted."""
        return sorted(name for name in self._nodes if name not in self.absent)

    def models(self, folder: str) -> list[str]:
        """The files of one model folder, sorted."""
        top = self._root / "models" / folder
        return sorted(
            str(path.relative_to(top))
            for path in top.rglob("*")
            if path.is_file() and not path.name.startswith("put_")
        )

    def node(self, name: str) -> dict[str, Any]:
        """One class's description, with the models and uploads of this moment."""
        told = copy.deepcopy(self._nodes[name])
        for (loader, field), folder in LOADERS.items():
            if loader == name:
                files = self.models(folder)
                if field == "vae_name":
                    files.append("pixel_space")
                _allow(told["input"]["required"], field, files)
        for loader, field in (
            ("LoadImage", "image"),
            ("LoadVideo", "file"),
            ("LoadAudio", "audio"),
        ):
            if loader == name:
                here = self._root / "input"
                _allow(
                    told["input"]["required"],
                    field,
                    sorted(path.name for path in here.iterdir() if path.is_file()),
                )
        return told


def _allow(inputs: dict[str, Any], field: str, values: list[str]) -> None:
    kind = inputs[field][0]
    if isinstance(kind, list):
        inputs[field][0] = values
    else:
        inputs[field][1]["options"] = values
