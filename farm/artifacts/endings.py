"""File name endings, what they promise, and the check that a file keeps the promise.

Invariant: a file is never treated as what its name says, only refused when its name misleads.
"""

from __future__ import annotations

from pathlib import PurePath

from farm.domain.errors import AssetError
from farm.domain.media import MediaKind

_K = MediaKind
_PROMISES: dict[str, tuple[MediaKind, ...]] = {
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .m2ts .mts .flv .wmv .mxf .3gp": (
        _K.VIDEO,
        _K.AUDIO,
    ),
    ".ogv .y4m .ivf": (_K.VIDEO,),
    ".wav .flac .mp3 .m4a .aac .oga .opus .aif .aiff .wma .mka .ac3 .w64": (_K.AUDIO,),
    ".ogg": (_K.AUDIO, _K.VIDEO),
    ".png .jpg .jpeg .jpe .bmp .tif .tiff .avif .heic .heif": (_K.IMAGE,),
    ".webp .gif": (_K.IMAGE, _K.VIDEO),
    ".txt .md .srt .vtt .ass .csv .tsv .yaml .yml .toml .xml .html .cube .edl": (_K.TEXT,),
    ".json .jsonl .ndjson .otio": (_K.DATA,),
    ".safetensors": (_K.MODEL,),
    ".zip .pdf": (_K.ARCHIVE,),
}
_KINDS: dict[str, tuple[MediaKind, ...]] = {
    ending: kinds for endings, kinds in _PROMISES.items() for ending in endings.split()
}
_FORMAT_ENDINGS: dict[str, tuple[str, ...]] = {
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg", ".jpe"),
    "webp": (".webp",),
    "gif": (".gif",),
    "bmp": (".bmp",),
    "tiff": (".tif", ".tiff"),
    "avif": (".avif",),
    "heic": (".heic", ".heif"),
    "zip": (".zip",),
    "pdf": (".pdf",),
}
_MEND: dict[MediaKind, str] = {
    _K.VIDEO: ".mp4, .mov or .mkv, as its format is",
    _K.AUDIO: ".wav, .flac, .m4a or .mp3, as its format is",
    _K.IMAGE: ".png or .jpg, as its format is",
    _K.TEXT: ".txt",
    _K.DATA: ".json",
    _K.MODEL: ".safetensors",
    _K.ARCHIVE: ".zip",
}


def ending_of(name: str) -> str:
    """``.mp4`` of ``a/Clip.MP4`` or of ``.mp4``; empty when there is none."""
    bare = PurePath(name).name
    return bare.lower() if bare.lower() in _KINDS else PurePath(bare).suffix.lower()


def promised_kinds(ending: str) -> tuple[MediaKind, ...]:
    """Kinds that a file with this ending may be; empty for an ending that says nothing."""
    return _KINDS.get(ending, ())


def check_promise(name: str, kind: MediaKind, format: str = "") -> None:
    """Refuse (``asset.mislabelled``) a name that says something else than the content.

    format : the content's format, when it is that of a picture or an archive.
    """
    ending = ending_of(name)
    promised = promised_kinds(ending)
    right = _FORMAT_ENDINGS.get(format, ())
    if not promised or (kind in promised and (not right or ending in right)):
        return
    expected = " or ".join(k.value for k in promised)
    if kind in promised:
        expected, got = f"a {ending} file", f"a {format} file"
    else:
        got = f"{kind.value} ({format})" if format else kind.value
    raise AssetError(
        "the name does not fit the content",
        where=name,
        expected=expected,
        got=got,
        mend=f"Rename it to end in {right[0] if right else _MEND[kind]}, or send the right file.",
        code="asset.mislabelled",
    )
