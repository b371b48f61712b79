"""Declarations of a lesson's own stages: reading, narrating, putting together, keeping, drafting.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage
from farm.media.service import ADDRESS, configured
from farm_avatar.lesson.params import (
    AssembleParams,
    DraftParams,
    LevelParams,
    ListenParams,
    NarrateParams,
    ReadParams,
    RecordParams,
    SoundParams,
)

PROVIDER = "farm_avatar"
_LESSON = Port(MediaKind.DATA, description="JSON, schema farm.lesson/1.")
_ASSETS = Port(
    MediaKind.ANY, many=True, required=False, description="Pictures, PDFs and films it shows."
)
_TIMING = Port(MediaKind.DATA, many=True, description="JSON, schema farm.timing/1; one a scene.")
_SCENES = Port(MediaKind.DATA, many=True, description="JSON, schema farm.scene/1; one a scene.")
_VISUALS = Port(MediaKind.ARCHIVE, many=True, description="What is on screen; one a scene.")
_PORTRAIT = Port(MediaKind.IMAGE, required=False, description="Of the presenter.")


def stages() -> Iterator[Stage]:
    """The stages of lessons; none uses the seed."""
    yield Stage(
        capability="lesson.read",
        provider=PROVIDER,
        version=2,
        run="farm_avatar.lesson.read_stage:run",
        inputs={
            "lesson": Port(MediaKind.ANY, description="Markdown or YAML."),
            "assets": _ASSETS,
            "portrait": _PORTRAIT,
        },
        outputs={
            "lesson": _LESSON,
            "utterances": Port(
                MediaKind.DATA, many=True, description="JSON, farm.utterance/1; one a sentence."
            ),
            "scenes": _SCENES,
            "visuals": _VISUALS,
            "presence": Port(
                MediaKind.DATA, many=True, description="JSON, farm.presence/1; one a scene."
            ),
            "clips": Port(
                MediaKind.DATA, many=True, description="JSON, farm.clips/1; one a scene."
            ),
        },
        params=ReadParams,
        resources=Resources(cores=1, ram_mb=600, disk_mb=2000),
        seeded=False,
        description="Reads a lesson: its scenes, its sentences, and what each scene shows.",
    )
    yield Stage(
        capability="lesson.narrate",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.lesson.narrate:run",
        inputs={
            "lesson": _LESSON,
            "speech": Port(MediaKind.AUDIO, many=True, description="One file a sentence."),
            "words": Port(
                MediaKind.DATA, many=True, required=False, description="JSON, farm.words/1."
            ),
            "phones": Port(
                MediaKind.DATA, many=True, required=False, description="JSON, farm.phones/1."
            ),
        },
        outputs={
            "narration": Port(
                MediaKind.AUDIO, many=True, description="FLAC, 48 kHz, mono; one a scene."
            ),
            "timing": _TIMING,
            "phones": Port(
                MediaKind.DATA, many=True, required=False, description="farm.phones/1; one a scene."
            ),
            "scene_words": Port(
                MediaKind.DATA, many=True, description="JSON, farm.words/1; one a scene."
            ),
            "words": Port(MediaKind.DATA, description="JSON, farm.words/1, of the whole film."),
            "voice": Port(MediaKind.AUDIO, description="The narration of the whole film."),
        },
        params=NarrateParams,
        resources=Resources(cores=1, ram_mb=500, disk_mb=2000),
        seeded=False,
        description="Puts sentences and pauses together to the narration of each scene.",
    )
    yield from _of_clips()
    yield Stage(
        capability="lesson.sound",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.lesson.sound:run",
        inputs={"audio": Port(MediaKind.AUDIO, description="The mastered sound of the film.")},
        outputs={"audio": Port(MediaKind.AUDIO, description="AAC in MP4.")},
        params=SoundParams,
        resources=Resources(cores=1, ram_mb=400),
        seeded=False,
        description="Codes the sound of a film once, while its pictures are drawn.",
    )
    yield Stage(
        capability="lesson.assemble",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.lesson.assemble:run",
        inputs={
            "lesson": _LESSON,
            "timing": _TIMING,
            "video": Port(MediaKind.VIDEO, description="The joined film; it is copied."),
            "audio": Port(
                MediaKind.AUDIO, required=False, description="AAC in place of the film's own sound."
            ),
        },
        outputs={
            "video": Port(MediaKind.VIDEO, description="MP4 with chapters."),
            "chapters": Port(MediaKind.DATA, description="JSON, schema farm.chapters/1."),
            "transcript": Port(MediaKind.TEXT, description="Markdown."),
        },
        params=AssembleParams,
        resources=Resources(cores=1, ram_mb=500),
        seeded=False,
        description="Marks the chapters in a joined film and writes what is said in it.",
    )
    yield Stage(
        capability="lesson.record",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.lesson.record_stage:run",
        inputs={
            "source": Port(MediaKind.ANY, description="The lesson as its author wrote it."),
            "lesson": _LESSON,
            "scenes": _SCENES,
            "visuals": _VISUALS,
            "assets": _ASSETS,
            "portrait": _PORTRAIT,
            "music": Port(MediaKind.AUDIO, required=False, description="Beneath the voice."),
            "segments": Port(
                MediaKind.VIDEO, many=True, required=False, description="The rendered scenes."
            ),
            "timing": Port(MediaKind.DATA, many=True, required=False, description="farm.timing/1."),
            "video": Port(MediaKind.VIDEO, required=False, description="The finished film."),
        },
        outputs={"record": Port(MediaKind.DATA, description="JSON: what was kept.")},
        params=RecordParams,
        resources=Resources(cores=1, ram_mb=300),
        cacheable=False,
        seeded=False,
        description="Keeps a project, its scenes and its files in the ledger.",
    )
    yield Stage(
        capability="lesson.draft",
        provider="openai_compatible",
        version=1,
        run="farm_avatar.lesson.draft:run",
        inputs={"notes": Port(MediaKind.TEXT, description="What the lesson is about.")},
        outputs={
            "lesson": Port(MediaKind.TEXT, description="A lesson, Markdown."),
            "draft": Port(MediaKind.DATA, description="JSON, schema farm.draft/1."),
        },
        params=DraftParams,
        resources=Resources(cores=1, ram_mb=400),
        seeded=False,
        description="Drafts a lesson from notes by an OpenAI-compatible service.",
    )


def _of_clips() -> Iterator[Stage]:
    """What is heard of the clips that are shown."""
    yield Stage(
        capability="lesson.listen",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.lesson.listen:run",
        inputs={
            "scene": Port(MediaKind.DATA, description="JSON, schema farm.scene/1."),
            "clips": Port(MediaKind.DATA, description="JSON, schema farm.clips/1."),
            "visuals": Port(MediaKind.ARCHIVE, required=False, description="ZIP with the clips."),
            "timing": Port(MediaKind.DATA, description="JSON, schema farm.timing/1."),
        },
        outputs={
            "under": Port(MediaKind.AUDIO, description="Of clips beneath the narration; floats."),
            "full": Port(MediaKind.AUDIO, description="Of clips as loud as it; floats."),
            "heard": Port(MediaKind.DATA, description="JSON, schema farm.heard/1."),
        },
        params=ListenParams,
        resources=Resources(cores=1, ram_mb=800, disk_mb=2000),
        seeded=False,
        description="Takes the sound of the clips that a scene shows, in step with their pictures.",
    )
    yield Stage(
        capability="lesson.level",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.lesson.level:run",
        inputs={
            "voice": Port(MediaKind.AUDIO, description="The narration of the whole film."),
            "under": Port(
                MediaKind.AUDIO, many=True, description="From lesson.listen, each scene."
            ),
            "full": Port(MediaKind.AUDIO, many=True, description="From lesson.listen, each scene."),
            "heard": Port(MediaKind.DATA, many=True, description="JSON, farm.heard/1; each scene."),
        },
        outputs={
            "under": Port(
                MediaKind.AUDIO, required=False, description="Of the whole film; floats."
            ),
            "full": Port(MediaKind.AUDIO, required=False, description="Of the whole film; floats."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.clip-levels/1."),
        },
        params=LevelParams,
        resources=Resources(cores=1, ram_mb=400, disk_mb=2000),
        seeded=False,
        description="Brings what is heard of clips to the loudness of the narration, scene by scene.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """What these stages lack on this machine."""
    missing = [name for name in ("markdown_it", "yaml", "PIL") if find_spec(name) is None]
    if missing:
        complaint = f"needs {' and '.join(missing)}: pip install 'farm[avatar]'"
        yield f"lesson.read/{PROVIDER}", complaint
    if not configured()[0]:
        yield (
            "lesson.draft/openai_compatible",
            f"no endpoint: set {ADDRESS} to the address of an OpenAI-compatible service",
        )
