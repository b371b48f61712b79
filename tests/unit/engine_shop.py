"""A loose plugin whose stages do one thing each, good or bad, and the requests that ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.engine.protocol import EngineRequest

PLUGIN = '''
import ctypes, os, signal, subprocess, sys, threading, time
import farm
from farm.domain.media import MediaKind
from farm.stages import Port, Stage, StageParams


class Params(StageParams):
    count: int = 1
    path: str = ""


class Nasty(Exception):
    pass


@farm.hookimpl
def farm_stages():
    data, text = Port(MediaKind.DATA), Port(MediaKind.TEXT)
    outputs = {
        "write": {"out": data, "pieces": Port(MediaKind.TEXT, many=True, required=False)},
        "paint": {"out": Port(MediaKind.IMAGE)},
        "mislabel": {"out": Port(MediaKind.IMAGE)},
        "forget": {"out": data}, "empty": {"out": data}, "stray": {"out": data},
        "extra": {"out": data},
    }
    inputs = {"read": {"words": text}}
    for name, thing in list(globals().items()):
        if callable(thing) and getattr(thing, "stage", False):
            yield Stage(
                f"shop.{name}", "shop", 1, f"shop:{name}", inputs.get(name, {}),
                outputs.get(name, {}), Params,
            )


@farm.hookimpl
def farm_classify_error(error):
    return "transient" if isinstance(error, Nasty) else None


def stage(function):
    function.stage = True
    return function


@stage
def nothing(task):
    return {}

@stage
def write(task):
    path = task.output("out", ".json")
    path.write_text('{"seed": %d, "window": %d}' % (task.seed, task.window.start))
    for _ in range(task.params.count):
        task.output("pieces", ".txt").write_text("piece")
    return {"out": path, "pieces": sorted((task.scratch / "outputs").glob("pieces.*"))}

@stage
def read(task):
    task.log.info("read %s", task.input("words").path.read_text())
    task.log.info("%d words", task.input("words").facts.extra["words"])

@stage
def paint(task):
    import struct, zlib
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path = task.output("out", ".png")
    header = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    path.write_bytes(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress(b"\\0" + b"\\xff" * 6)) + chunk(b"IEND", b""))
    return {"out": path}

@stage
def mislabel(task):
    path = task.output("out", ".json")
    path.write_text("{}")
    return {"out": path}

@stage
def forget(task):
    return {}

@stage
def empty(task):
    path = task.output("out", ".json")
    path.touch()
    return {"out": path}

@stage
def stray(task):
    path = task.scratch / "own.json"
    path.write_text("{}")
    return {"out": path}

@stage
def extra(task):
    path = task.output("out", ".json")
    path.write_text("{}")
    return {"out": path, "outt": path}

@stage
def advance(task):
    for done in range(task.params.count + 1):
        task.progress(done, task.params.count, f"step {done}")

@stage
def fail(task):
    raise ValueError("no such colour")

@stage
def nasty(task):
    raise Nasty("the service is busy")

@stage
def leave(task):
    sys.exit(3)

@stage
def exhaust(task):
    raise MemoryError("cannot hold it")

@stage
def fill(task):
    import errno
    raise OSError(errno.ENOSPC, "No space left on device")

@stage
def segfault(task):
    print("about to touch address zero")
    ctypes.string_at(0)

@stage
def vanish(task):
    os._exit(7)

@stage
def vanish_leaving_fork(task):
    if os.fork() == 0:
        while True:
            signal.pause()
    os._exit(7)

@stage
def obey(task):
    task.progress(0, 1)
    while True:
        task.checkpoint()
        time.sleep(0.005)

@stage
def stuck(task):
    child = subprocess.Popen(["sleep", "1000"])
    task.progress(0, 1, str(child.pid))
    while True:
        time.sleep(1000)

@stage
def seize(task):
    """Hold the interpreter lock for good: no thread of this process runs again."""
    task.progress(0, 1)
    ctypes.PyDLL(None).pause()

@stage
def speak(task):
    print("printed")
    print("to stderr", file=sys.stderr)
    os.write(1, b"raw bytes\\n")
    libc = ctypes.CDLL(None)
    libc.printf(b"from C\\n")
    subprocess.run(["echo", "from a child"])
    task.log.warning("logged")

@stage
def remember(task):
    task.documents.put("looks", "b", {"hue": 3})
    task.log.info("%s", task.documents.get("looks", "a"))
    task.log.info("%s", task.documents.get("looks", "b"))
    task.log.info("%s", task.documents.keys("looks"))

@stage
def warm(task):
    for number in range(task.params.count):
        task.models.get(f"model-{number}", lambda: object(), size_mb=5)

def part(name):
    return type(name, (), {})()

@stage
def film(task):
    """A model in parts: count of them, and then what path says."""
    for number in range(task.params.count):
        task.models.get(f"film-{number}", lambda: part("Part"), size_mb=20, group="film")
    if task.params.path == "obey":
        obey(task)
    if task.params.path == "break":
        task.models.get("film-last", lambda: 1 / 0, size_mb=20, group="film")
    if task.params.path == "spoil":
        raise farm.BrokenOutput(
            "every pixel of the result is black", where="shop.film",
            mend="Change the seed or take more steps.", code="shop.black",
        )

class Box:
    """Weights that are on the device as an array and in memory as bytes."""
    def __init__(self, name):
        import array, random
        self.device, self.memory = array.array("B", random.Random(name).randbytes(1000)), None
    def park(self):
        self.memory, self.device = self.device.tobytes(), None
    def wake(self):
        import array
        self.device, self.memory = array.array("B", self.memory), None

@stage
def carry(task):
    import zlib
    name = task.params.path
    box = task.models.get(name, lambda: Box(name), size_mb=40, park=Box.park, wake=Box.wake)
    task.log.info("%s %d", name, zlib.crc32(box.device))

@stage
def budget(task):
    task.log.info("reserved %d ran out %d", task.memory.reserved_mb, task.memory.ran_out)
    task.log.info("room %s", task.models.room_mb())
    task.log.info("parts %s", sum(type(o).__name__ == "Part" for o in __import__("gc").get_objects()))

@stage
def show(task):
    task.preview(bytes.fromhex("89504e470d0a1a0a") + b"picture %d" % task.params.count)
    if task.params.path:
        task.preview(__import__("pathlib").Path(task.params.path))
    obey(task)

@stage
def names(task):
    """Call itself something, and then what path says."""
    for name in ("swan@1.0.0", "swan@1.0.0", "swan@2.0.0"):
        task.counts_as(name)
    task.known_as("prompt-7")
    if task.params.path == "fail":
        raise ValueError("no such colour")
    if task.params.path == "vanish":
        os._exit(7)
    if task.params.path == "obey":
        obey(task)
    if task.params.path:
        task.counts_as(task.params.path)

@stage
def hoard(task):
    globals().setdefault("kept", []).append(b"x" * (task.params.count << 20))

@stage
def poison(task):
    raise RuntimeError("CUDA error: an illegal memory access was encountered")

@stage
def environment(task):
    task.log.info("threads %s", os.environ["OMP_NUM_THREADS"])
    task.log.info("secret %s", os.environ.get("FARM_DATABASE"))
    heavy = {"asyncio", "numpy", "av", "sqlalchemy", "typer", "redis"} & set(sys.modules)
    task.log.info("heavy %s", sorted(heavy))
'''


class Shop:
    """Requests for the plugin's stages, each an attempt with its own scratch and log."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plugins = root / "plugins"
        self.plugins.mkdir(parents=True)
        (self.plugins / "shop.py").write_text(PLUGIN)
        self._count = 0

    def request(
        self, name: str, params: Mapping[str, Any] | None = None, **changes: Any
    ) -> EngineRequest:
        """A request for stage ``shop.<name>``."""
        self._count += 1
        fields: dict[str, Any] = {
            "task_id": f"job.{name}.{self._count}",
            "number": 1,
            "stage_id": f"shop.{name}/shop",
            "version": 1,
            "params": params or {},
            "inputs": {},
            "seed": 7,
            "scratch": self.root / f"scratch-{self._count}",
            "log": self.root / "logs" / f"{self._count}.log",
        }
        return EngineRequest(**fields | changes)
