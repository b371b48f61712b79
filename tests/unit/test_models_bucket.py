"""Models in buckets: a real S3 server on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import s3fs
from model_lab import content, manifest_of
from moto.server import ThreadedMotoServer

from farm.domain.errors import ModelError
from farm.models.access import Access
from farm.models.fetch import fetch
from farm.models.store import ModelStore

NET = content(200_000)
BUCKET = {"kind": "s3", "url": "s3://lab/models", "take": {"net.onnx": "v1/net.onnx"}}


@pytest.fixture
def options() -> Iterator[dict[str, Any]]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    yield {"endpoint_url": f"http://127.0.0.1:{port}", "key": "farm", "secret": "farm"}
    server.stop()


def test_a_model_in_a_bucket_is_fetched_and_goes_on_where_it_broke_off(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    bucket = s3fs.S3FileSystem(**options, skip_instance_cache=True)
    bucket.mkdir("lab")
    bucket.pipe_file("lab/models/v1/net.onnx", NET)
    store = ModelStore(tmp_path / "models")
    manifest = manifest_of(tmp_path, {"net.onnx": NET}, BUCKET)
    part = store.partial(manifest) / "net.onnx.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(NET[:150_000])
    began: list[int] = []
    folder = fetch(
        store, manifest, Access(bucket_options=options), lambda _, done, __: began.append(done)
    )
    assert (folder / "net.onnx").read_bytes() == NET
    assert min(began) > 150_000
    store.remove("lab-net")
    bucket.rm_file("lab/models/v1/net.onnx")
    with pytest.raises(ModelError, match="s3://lab/models: "):
        fetch(store, manifest, Access(bucket_options=options))
