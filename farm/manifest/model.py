"""The manifest: what a submitter asks for, as one validated and immutable object.

Invariant: a :class:`Manifest` that exists is well formed. Whether its pipeline, parameters and
files exist is decided at planning, against the registry and the store.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

VERSION = 1
NAME = r"^[a-z][a-z0-9_-]{0,63}$"
PIPELINE = r"^[a-z][a-z0-9_-]{0,63}(@[1-9][0-9]{0,8})?$"
SHA256 = r"^[0-9a-f]{64}$"
JOB_ID = r"^[0-9a-z]{1,14}$"
SUFFIX = r"^(\.[A-Za-z0-9]{1,12}){1,2}$"

Quality = Literal["draft", "standard", "high"]
Kind = Literal["text", "image", "video", "audio", "data", "model", "archive"]


def _complaint(code: str, what: str, **context: str) -> PydanticCustomError:
    # Braces in the text are not placeholders.
    return PydanticCustomError(f"farm.{code}", "{what}", {"what": what, **context})


def _safe_path(path: str) -> str:
    """A relative path that stays where it starts, on every operating system."""
    problem = ""
    if not path or path != path.strip():
        problem = "the path is empty or has blanks around it"
    elif path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:", path):
        problem = "the path is absolute"
    elif "\\" in path:
        problem = "the path has a backslash"
    elif ".." in path.split("/"):
        problem = "the path climbs out of its folder"
    elif any(not letter.isprintable() for letter in path):
        problem = "the path has control characters"
    elif len(path.encode()) > 1024 or any(len(part.encode()) > 255 for part in path.split("/")):
        problem = "the path is too long"
    if problem:
        raise _complaint(
            "unsafe-path",
            problem,
            expected="a relative path with forward slashes and no `..`",
            mend="Name the file relative to the manifest or to an asset root.",
        )
    return path


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip() or not text:
        raise _complaint("bad-text", "the text must be one printable line without blanks around it")
    return text


def _web_address(url: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(url)
        host, port_ok = parts.hostname, parts.port is None or parts.port > 0
    except ValueError:
        host, port_ok, parts = None, False, urlsplit("")
    if parts.scheme not in schemes or not host or not port_ok or not url.isprintable():
        raise _complaint(
            "bad-url",
            "not an address that can be used",
            expected=" or ".join(f"{scheme}://…" for scheme in schemes),
        )
    if parts.username or parts.password:
        raise _complaint(
            "bad-url",
            "the address holds a user name or password, which would be printed in receipts",
            mend="Let the operator configure access to that host.",
        )
    return url


def _moment(value: Any) -> float:
    """Seconds since 1970, from a number or from ISO 8601 text with an offset."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise _complaint(
                "bad-time",
                "not a moment in time" if moment is None else "the time has no offset",
                expected="ISO 8601 with an offset, or seconds since 1970",
                mend="Write it as 2026-11-21T18:00:00+01:00.",
            )
        value = moment.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise _complaint(
            "bad-time",
            "not a moment in time",
            expected="ISO 8601 with an offset, or seconds since 1970",
        )
    return float(value)


SafePath = Annotated[str, AfterValidator(_safe_path)]
Line = Annotated[str, Field(max_length=120), AfterValidator(_one_line)]
Hash = Annotated[str, Field(pattern=SHA256)]
Moment = Annotated[
    float,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "format": "date-time"}]}
    ),
]
AssetUrl = Annotated[str, AfterValidator(lambda url: _web_address(url, ("https", "s3")))]
NotifyUrl = Annotated[str, AfterValidator(lambda url: _web_address(url, ("https",)))]


class Strict(BaseModel):
    """No unknown fields, no conversions between types, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class InputRef(Strict):
    """Where one input file comes from: exactly one of text, path, sha256 and url.

    ``text`` may stand beside the ``sha256`` of that very text, as a finished job writes it.
    """

    text: str | None = Field(None, description="The input itself, as text.")
    path: SafePath | None = Field(
        None, description="A file, relative to the manifest's folder or to an asset root."
    )
    sha256: Hash | None = Field(None, description="A file that is already in the store.")
    url: AssetUrl | None = Field(None, description="A file on an allowed host or bucket.")
    kind: Kind | None = Field(None, description="Media kind, beside `sha256`.")
    suffix: Annotated[str, Field(pattern=SUFFIX)] | None = Field(
        None, description="File name ending such as `.png`, beside `sha256`."
    )

    @model_validator(mode="after")
    def _one_source(self) -> InputRef:
        given = [
            name for name in ("text", "path", "sha256", "url") if getattr(self, name) is not None
        ]
        if given == ["text", "sha256"]:
            if hashlib.sha256((self.text or "").encode()).hexdigest() != self.sha256:
                raise _complaint(
                    "hash-mismatch",
                    "the text does not have the sha256 beside it",
                    mend="Remove `sha256` after editing the text.",
                )
        elif len(given) != 1:
            raise _complaint(
                "bad-input",
                "an input has one source",
                expected="exactly one of text, path, sha256, url",
                mend=f"Given: {', '.join(given) or 'none'}.",
            )
        if self.sha256 is None and (self.kind or self.suffix):
            raise _complaint("bad-input", "`kind` and `suffix` go with `sha256` only")
        return self

    @property
    def name(self) -> str:
        """What its submitter calls it: the path, or the end of the address; else its hash."""
        if self.path is not None:
            return self.path
        if self.url is not None:
            return unquote(urlsplit(self.url).path).rpartition("/")[2]
        return self.sha256 or hashlib.sha256((self.text or "").encode()).hexdigest()


def _form(value: Any) -> str:
    return "<list" if isinstance(value, list) else "<text" if isinstance(value, str) else "<ref"


OneInput = Annotated[
    Annotated[str, Tag("<text")] | Annotated[InputRef, Tag("<ref")], Discriminator(_form)
]
InputValue = Annotated[
    Annotated[str, Tag("<text")]
    | Annotated[InputRef, Tag("<ref")]
    | Annotated[list[OneInput], Field(min_length=1, max_length=10_000), Tag("<list")],
    Discriminator(_form),
]


class ExpectedFile(Strict):
    """A file that must be there, whole, before a set is taken."""

    path: SafePath = Field(description="Relative to the set's folder.")
    size_bytes: int | None = Field(None, ge=0, description="Its exact size, in bytes.")
    sha256: Hash | None = Field(None, description="The hash of its content.")


class Notify(Strict):
    """Whom to tell when the job ends."""

    url: NotifyUrl | None = Field(
        None, description="An `https` address on an allowed host; gets the receipt as a POST."
    )
    on: list[Literal["done", "failed"]] = Field(
        ["done", "failed"], description="Which ends to tell about."
    )


class Decided(Strict):
    """What a quality profile decided, so that another profile can decide it anew."""

    quality: Quality = Field(description="The profile that decided.")
    job: Annotated[str, Field(pattern=JOB_ID)] | None = Field(
        None, description="The job that was made with it."
    )
    params: dict[str, JsonValue] = Field(
        default_factory=dict, description="Parameters that nobody gave, as they were decided."
    )
    providers: dict[str, Annotated[str, Field(pattern=NAME)]] = Field(
        default_factory=dict, description="Providers that nobody chose, by stage."
    )


# Fields that may be written and that the model turns into another one.
SHORT_FORMS = {"prompt": "Short for `inputs.prompt`."}


def _with_short_forms(schema: dict[str, Any]) -> None:
    for name, description in SHORT_FORMS.items():
        value = schema["properties"]["inputs"]["additionalProperties"]
        schema["properties"][name] = {**value, "description": description}


class Manifest(Strict):
    """One request to the farm."""

    model_config = ConfigDict(
        title="Farm manifest, version 1",
        json_schema_extra=_with_short_forms,
    )

    farm: Literal[1] = Field(description="Version of the manifest format; always 1.")
    pipeline: str = Field(
        pattern=PIPELINE, description="What to run: `name` (its latest version) or `name@version`."
    )
    name: Line | None = Field(None, description="A title for people; default: the file's name.")
    inputs: dict[str, InputValue] = Field(
        default_factory=dict, description="The pipeline's inputs: text, paths, hashes or URLs."
    )
    params: dict[str, JsonValue] = Field(
        default_factory=dict, description="The pipeline's parameters; see `farm pipelines NAME`."
    )
    quality: Quality = Field("standard", description="Profile: draft, standard or high.")
    providers: dict[str, Annotated[str, Field(pattern=NAME)]] = Field(
        default_factory=dict,
        description="Who does it: capability or stage name to provider name.",
    )
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="Start of all chance; default: derived from the inputs."
    )
    priority: int = Field(50, ge=0, le=100, description="Higher goes first.")
    submitter: Line | None = Field(None, description="Who asks; fair share is counted by it.")
    tags: list[Line] = Field(
        default_factory=list, max_length=50, description="Free labels to find the job by."
    )
    start_after: Moment | None = Field(None, description="Not before this moment.")
    deadline: Moment | None = Field(
        None, description="Wanted by this moment; among equals the earlier deadline goes first."
    )
    approve: list[Annotated[str, Field(pattern=NAME)]] = Field(
        default_factory=list, description="Stages that wait for `farm approve` before they run."
    )
    rerun: bool = Field(False, description="Run again even if the same request was made before.")
    notify: Notify | None = Field(None, description="Whom to tell when the job ends.")
    output: SafePath | None = Field(
        None, description="Folder for the results, relative to the outputs folder."
    )
    files: list[ExpectedFile] = Field(
        default_factory=list,
        max_length=10_000,
        description="Files that a dropped folder must hold before it is taken.",
    )
    decided: Decided | None = Field(
        None,
        description="What the profile decided, written by the farm; where `quality` is another "
        "one, it is decided anew.",
    )
    record: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="What a finished job did, written by the farm; ignored when read.",
    )

    @model_validator(mode="before")
    @classmethod
    def _prompt(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or "prompt" not in fields:
            return fields
        fields = dict(fields)
        prompt, inputs = fields.pop("prompt"), fields.get("inputs", {})
        if not isinstance(inputs, dict):
            return fields
        if "prompt" in inputs:
            raise _complaint(
                "duplicate-key",
                "the prompt is given twice",
                expected="`prompt` or `inputs.prompt`",
                mend="Keep one of the two.",
            )
        return {**fields, "inputs": {**inputs, "prompt": prompt}}

    @property
    def remakes(self) -> bool:
        """Whether it asks for what a job made, in another quality."""
        return self.decided is not None and self.decided.quality != self.quality

    def record_fields(self) -> dict[str, Any]:
        """As JSON, without what was not given."""
        return self.model_dump(mode="json", exclude_unset=True)
