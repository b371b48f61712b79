"""The words that a model is given: the submitter's, and what the choices add to them.

Invariant: the submitter's words come first and are never changed; every addition is on the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm import InputError, ParameterError
from farm_comfyui.maps import WorkflowMap
from farm_comfyui.requests import BindRequest


@dataclass(frozen=True, slots=True)
class Words:
    """prompt, negative : as sent. added : what was added, by the choice that added it."""

    prompt: str
    negative: str
    added: Mapping[str, str]


def words_of(said: WorkflowMap, request: BindRequest) -> Words:
    """The prompt and negative prompt of a request.

    Raises
    ------
    InputError : no prompt where one is needed.
    ParameterError : a framing that the workflow does not have.
    """
    prompt = request.prompt.strip()
    if said.prompt_required and not prompt:
        raise InputError(
            "the prompt is empty",
            where="prompt",
            expected="a sentence that says what is to be seen",
            mend='Write one, such as "A woman in a red coat dances on a beach".',
            code="comfy.empty-prompt",
        )
    positive, negative = [prompt], [said.negative, request.negative.strip()]
    added: dict[str, str] = {}
    if request.framing:
        framing = said.framing.get(request.framing)
        if framing is None:
            raise ParameterError(
                "this workflow does not know this framing",
                where="framing",
                expected=", ".join(said.framing) or "none",
                got=request.framing,
                mend="Leave framing out, or use audio-performance.",
                code="comfy.wrong-mode",
            )
        added["framing"] = framing.prompt
        positive.append(framing.prompt)
        negative.append(framing.negative)
    if request.poses:
        shown = [text.strip() for text in request.poses.values() if text.strip()]
        added["poses"] = (
            f"Poses like these: {', '.join(shown)}."
            if shown
            else "Clear, deliberate poses, as on a pose sheet."
        )
        positive.append(added["poses"])
    return Words(
        " ".join(part for part in positive if part),
        ", ".join(part for part in negative if part),
        added,
    )
