"""A store whose service knows users, keys and policies, and lets the farm do less than it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from little_farm import LittleFarm, read_json
from loopback_bucket import ALL, ONCE, SECRET, Guarded, Service, guarding, refused, served

from farm.artifacts.patience import patient
from farm.artifacts.rights import Rights
from farm.artifacts.s3 import S3Store
from farm.config import Settings
from farm.doctor import examine
from farm.domain.errors import StoreError, StoreFull
from farm.headroom import Headroom


@pytest.fixture(scope="module")
def shared() -> Iterator[Service]:
    with served() as service:
        yield service


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    yield shared
    shared.answer = lambda environ, start: None


@pytest.fixture(scope="module")
def one_guarded(shared: Service) -> Iterator[Guarded]:
    with guarding(shared) as guarded:
        guarded.rest()
        yield guarded


@pytest.fixture
def guarded(one_guarded: Guarded) -> Iterator[Guarded]:
    one_guarded.allow(*ALL)
    yield one_guarded
    one_guarded.rest()


class Ticking:
    """A clock that moves only when told to."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def store_in(folder: Path, guarded: Guarded, clock: Ticking, **more: str) -> S3Store:
    options = {**guarded.options, **more}
    return S3Store("media/store", cache_dir=folder, options=options, monotonic=clock)


WRITES = "the S3 service does not let the farm write to the bucket media; got access denied"
READS = "the S3 service does not let the farm read from the bucket media; got access denied"


@pytest.mark.parametrize(
    ("rights", "wrong", "said", "mend"),
    [
        (ALL[1:], {}, WRITES, "these rights on the bucket: s3:PutObject."),
        (("s3:PutObject", "s3:ListBucket"), {}, READS, "s3:GetObject, s3:ListBucket."),
        (("s3:PutObject", "s3:GetObject"), {}, READS, "s3:GetObject, s3:ListBucket."),
        (
            ALL,
            {"key": "AKIANOBODYKNOWSTHIS1"},
            WRITES,
            "Mend `key` and `secret` in `store_options`",
        ),
        (ALL, {"secret": "of-somebody-else/123"}, WRITES, "Mend `secret` in `store_options`"),
    ],
)
def test_what_the_service_refuses_is_one_sentence_with_bucket_and_mend_and_no_secret(
    guarded: Guarded, rights: tuple[str, ...], wrong: dict[str, str], said: str, mend: str
) -> None:
    guarded.allow(*rights)
    found = Rights("media/store", {**guarded.options, **wrong}).refusal()
    assert found.startswith(f"s3://media/store: {said}")
    assert mend in found
    assert "\n" not in found
    for secret in (guarded.key, guarded.secret, *wrong.values()):
        assert secret not in found


@pytest.mark.parametrize(
    ("code", "status", "said", "mend"),
    [
        ("ExpiredToken", "400 Bad Request", WRITES, "Set a fresh `token` with its `key`"),
        ("NoSuchBucket", "404 Not Found", "has no bucket media", "Check the bucket's name"),
    ],
)
def test_an_expired_token_and_a_missing_bucket_are_no_outage_and_no_request_is_repeated(
    tmp_path: Path, service: Service, code: str, status: str, said: str, mend: str
) -> None:
    service.answer = refused(code, f"no more of {SECRET}", status)
    options = {**service.options, **ONCE, "token": "a-token-that-nobody-may-read"}
    found = Rights("media/store", options).refusal()
    assert said in found and mend in found
    assert SECRET not in found and options["token"] not in found
    store = S3Store("media/store", cache_dir=tmp_path, options=options)
    service.asked.clear()
    with pytest.raises(StoreError) as caught:
        store.put_bytes(b"x")
    assert caught.value.code == "store.refused"
    assert len([asked for asked in service.asked if asked.startswith("HEAD /media/store/")]) == 1


def test_a_service_that_is_away_refuses_nobody(service: Service) -> None:
    clock = Ticking()
    rights = Rights("media/store", {**service.options, **ONCE}, monotonic=clock)
    service.answer = refused("ServiceUnavailable", "Come back", "503 Service Unavailable")
    assert rights.refusal() == ""
    service.answer = refused("AccessDenied", "no")
    assert rights.refusal() == "", "it is not asked at every look"
    clock.now_s += 30
    assert WRITES in rights.refusal()


def test_a_service_that_lets_the_farm_work_is_asked_once_until_it_refuses_something(
    tmp_path: Path, guarded: Guarded
) -> None:
    clock = Ticking()
    store = store_in(tmp_path, guarded, clock)
    assert store.refusal() == ""
    guarded.service.asked.clear()
    clock.now_s += 1e6
    assert (store.refusal(), guarded.service.asked) == ("", [])
    guarded.allow()
    with pytest.raises(StoreError, match="does not let the farm read"):
        store.put_bytes(b"x")
    assert WRITES in store.refusal()
    guarded.allow(*ALL)
    assert WRITES in store.refusal(), "it is not asked at every look"
    clock.now_s += 5
    assert store.refusal() == ""


def test_a_node_without_rights_begins_nothing_and_says_why_until_it_has_them(
    tmp_path: Path, guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    farm, clock = LittleFarm(tmp_path), Ticking()
    headroom = Headroom(farm.settings, store_in(tmp_path, guarded, clock), farm.database)
    guarded.allow(*ALL[1:])
    headroom.look()
    headroom.look()
    assert WRITES in headroom.full
    [logged] = [record.getMessage() for record in caplog.records if "farm" in record.name]
    assert logged == f"this machine begins nothing new: {headroom.full}"
    guarded.allow(*ALL)
    clock.now_s += 5
    headroom.look()
    assert headroom.full == ""


def test_what_arrives_waits_at_the_door_until_the_farm_may_use_its_store(
    tmp_path: Path, guarded: Guarded
) -> None:
    farm, clock = LittleFarm(tmp_path), Ticking()
    farm.store = store_in(tmp_path, guarded, clock)
    guarded.allow(*ALL[1:])
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()
    farm.settle(intake)
    assert farm.jobs() == []
    status = read_json(farm.echo / "_status" / "dusk.txt.json")
    [reason] = status["waits_for"]
    assert WRITES in reason and reason == intake.complaints()["store"]
    with pytest.raises(StoreFull, match="nothing new is accepted; got s3://media/store: "):
        intake.submit({"pipeline": "echo", "prompt": "x"})
    guarded.allow(*ALL)
    clock.now_s += 5
    farm.settle(intake)
    assert [job.name for job in farm.jobs()] == ["dusk"]
    assert intake.complaints() == {}


def test_what_was_accepted_when_the_rights_were_taken_away_is_not_given_back(
    tmp_path: Path, guarded: Guarded
) -> None:
    farm, clock = LittleFarm(tmp_path), Ticking()
    farm.store = store_in(tmp_path, guarded, clock)
    intake = farm.intake()
    assert farm.store.refusal() == ""
    guarded.allow()
    (farm.echo / "dusk.txt").write_text("a red fox")
    farm.settle(intake)
    for _ in range(30):
        intake.tick()
    assert [row.state.value for row in farm.submissions()] == ["claimed"]
    assert "does not let the farm" in intake.complaints()["claims"]
    assert not list(farm.echo.glob("_rejected/*"))
    guarded.allow(*ALL)
    clock.now_s += 5
    farm.settle(intake)
    assert [job.name for job in farm.jobs()] == ["dusk"]


def test_a_result_that_may_not_be_stored_waits_and_says_which_right_is_missing(
    tmp_path: Path, guarded: Guarded
) -> None:
    store = store_in(tmp_path / "copies", guarded, Ticking())
    made = tmp_path / "made.bin"
    made.write_bytes(b"an hour of work")
    guarded.allow(*ALL[1:])
    told: list[str] = []
    pauses: list[Callable[[], None]] = [lambda: None, lambda: guarded.allow(*ALL)]

    def wait(_: float) -> bool:
        assert made.read_bytes() == b"an hour of work"
        pauses.pop(0)()
        return False

    digest, _ = patient(store, tell=told.append, wait=wait).put(made, move=True)
    assert store.verify(digest) == 15
    first, again, passed = told
    assert first == again and passed == ""
    assert first.startswith(
        "waits for the store: the S3 service does not let the farm write to the bucket media. "
        "Give the owner of `key` and `secret` in `store_options` these rights"
    )


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("s3:PutObject", "write to the bucket media"),
        ("s3:DeleteObject", "delete from the bucket media"),
    ],
)
def test_the_doctor_names_the_right_that_is_missing(
    tmp_path: Path, guarded: Guarded, lacking: str, said: str
) -> None:
    guarded.allow(*(right for right in ALL if right != lacking))
    settings = Settings(
        root=tmp_path, store="s3://media/store", store_options=guarded.options, low_disk_mb=0
    )
    settings.spool_dir.mkdir()
    checks = {check.name: check for check in examine(settings, clock=lambda: 0.0)}
    assert (checks["store"].status, checks["disk"].status) == ("fail", "ok")
    assert said in checks["store"].mend
    assert lacking in checks["store"].mend
