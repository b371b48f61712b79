"""Loading plugins: what a registry answers, and that a broken plugin is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from farm.domain.errors import ConfigError, PluginError, UnknownName
from farm.plugins import load_plugins

PLUGIN = """
from pathlib import Path
from farm import MediaKind, Port, Stage, hookimpl

@hookimpl
def farm_stages():
    for provider in {providers}:
        yield Stage("lab.echo", provider, {version}, "{module}:run",
                    inputs={{"text": Port(MediaKind.TEXT)}},
                    outputs={{"text": Port(MediaKind.TEXT)}})

@hookimpl
def farm_pipelines():
    return sorted(Path(__file__).parent.glob("*.yaml"))
"""
PIPELINE = """
pipeline: {name}
version: {version}
inputs: {{text: {{kind: text}}}}
stages: {{echo: {{capability: {capability}, inputs: {{text: inputs.text}}}}}}
outputs: {{text.txt: echo.text}}
"""


def write(
    folder: Path, module: str = "lab_echo", providers: tuple[str, ...] = ("one",), version: int = 1
) -> Path:
    path = folder / f"{module}.py"
    path.write_text(PLUGIN.format(module=module, providers=providers, version=version))
    return path


def write_pipeline(folder: Path, name: str, version: int, capability: str = "lab.echo") -> None:
    text = PIPELINE.format(name=name, version=version, capability=capability)
    (folder / f"{name}-{version}.yaml").write_text(text)


def test_a_loose_plugin_is_looked_up_by_id_capability_and_plugin(tmp_path: Path) -> None:
    write(tmp_path, providers=("two", "one"), version=4)
    registry = load_plugins(tmp_path)
    assert registry.stage("lab.echo/one", 4).provider == "one"
    assert [s.id for s in registry.by_capability("lab.echo")] == ["lab.echo/one", "lab.echo/two"]
    assert registry.by_capability("lab.nothing") == []
    assert registry.plugin_of("lab.echo/two") == "lab_echo"
    assert registry.versions["lab_echo"].startswith("0+")


def test_the_version_of_a_loose_plugin_follows_its_content(tmp_path: Path) -> None:
    write(tmp_path)
    before = load_plugins(tmp_path).versions["lab_echo"]
    assert load_plugins(tmp_path).versions["lab_echo"] == before
    write(tmp_path, version=2)
    assert load_plugins(tmp_path).versions["lab_echo"] != before


def test_a_loose_package_is_loaded_and_its_modules_can_be_imported(tmp_path: Path) -> None:
    package = tmp_path / "lab_package"
    package.mkdir()
    write(package, module="__init__").write_text(
        PLUGIN.format(module="lab_package.work", providers=("one",), version=1)
    )
    (package / "work.py").write_text("def run(task):\n    return {}\n")
    registry = load_plugins(tmp_path)
    module, function = registry.stage("lab.echo/one").run.split(":")
    imported = __import__(module, fromlist=[function])
    assert getattr(imported, function)(None) == {}


def test_what_begins_with_an_underscore_or_a_dot_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, module="_draft")
    (tmp_path / "notes.txt").write_text("no plugin")
    assert "lab.echo/one" not in load_plugins(tmp_path).stages


def test_a_folder_that_does_not_exist_holds_no_plugins(tmp_path: Path) -> None:
    assert list(load_plugins(tmp_path / "none").stages) == list(load_plugins().stages)


def test_a_registry_cannot_be_changed(tmp_path: Path) -> None:
    registry = load_plugins(tmp_path)
    with pytest.raises(TypeError):
        registry.stages["x"] = None  # type: ignore[index]
    with pytest.raises(AttributeError):
        registry.stages = {}  # type: ignore[misc]


def test_pipelines_are_found_by_name_and_version_and_the_latest_by_name(tmp_path: Path) -> None:
    write(tmp_path)
    for version in (1, 10, 9):
        write_pipeline(tmp_path, "echo", version)
    registry = load_plugins(tmp_path)
    assert registry.latest("echo").version == 10
    assert registry.pipeline("echo").ref == "echo@10"
    assert registry.pipeline("echo@9").version == 9
    with pytest.raises(UnknownName, match='Did you mean "echo"'):
        registry.pipeline("eco")
    with pytest.raises(UnknownName, match="version 1 or 9 or 10"):
        registry.pipeline("echo@2")


def test_a_pipeline_without_its_capability_is_told_and_the_rest_still_loads(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    write_pipeline(tmp_path, "echo", 1)
    write_pipeline(tmp_path, "shout", 1, capability="lab.shout")
    complaints = load_plugins(tmp_path).pipeline_complaints()
    assert "echo@1" not in complaints
    assert 'no plugin provides "lab.shout"' in complaints["shout@1"]


def test_an_unknown_stage_is_answered_with_the_nearest_and_another_version_is_refused(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    registry = load_plugins(tmp_path)
    with pytest.raises(UnknownName, match=r'Did you mean "lab\.echo/one"'):
        registry.stage("lab.echo/on")
    with pytest.raises(UnknownName, match="expected version 2, got version 1"):
        registry.stage("lab.echo/one", 2)


def test_a_stage_that_two_plugins_declare_is_refused_with_both_names(tmp_path: Path) -> None:
    write(tmp_path, module="lab_a")
    write(tmp_path, module="lab_b")
    with pytest.raises(PluginError, match="declared by lab_a and by lab_b"):
        load_plugins(tmp_path)


def test_a_pipeline_that_two_plugins_bring_is_refused_with_both_names(tmp_path: Path) -> None:
    write(tmp_path, module="lab_a", providers=("one",))
    write(tmp_path, module="lab_b", providers=("two",))
    write_pipeline(tmp_path, "echo", 1)
    registry = load_plugins(tmp_path)
    with pytest.raises(PluginError, match="brought by lab_a and by lab_b"):
        len(registry.pipelines)


HOOK = "from farm import hookimpl\n@hookimpl\ndef {}:\n    {}\n"


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("plugin.import", "import a_module_nobody_has\n", "a_module_nobody_has"),
        ("plugin.import", "def broken(:\n", "SyntaxError"),
        ("plugin.import", "raise SystemExit(3)\n", "SystemExit"),
        ("plugin.hook-failed", HOOK.format("farm_stages()", "return 1 / 0"), "farm_stages"),
        ("plugin.hook-failed", HOOK.format("farm_pipelines()", "return 1 / 0"), "farm_pipelines"),
        ("plugin.bad-stage", HOOK.format("farm_stages()", "return ['x']"), "farm_stages"),
        ("plugin.bad-hook", HOOK.format("farm_stage()", "return []"), "farm_stage"),
        ("plugin.bad-hook", HOOK.format("farm_stages(colour)", "return []"), "colour"),
        ("plugin.bad-pipeline", HOOK.format("farm_pipelines()", "return ['x.yaml']"), "x.yaml"),
    ],
)
def test_a_broken_plugin_stops_loading_and_is_named(
    tmp_path: Path, code: str, text: str, words: str
) -> None:
    (tmp_path / "lab_broken.py").write_text(text)
    with pytest.raises(PluginError) as caught:
        len(load_plugins(tmp_path).pipelines)
    assert caught.value.code == code
    assert "lab_broken" in caught.value.where
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        'capability="Lab Echo"',
        'provider="../x"',
        "version=0",
        "version=True",
        'run="no_function"',
        'windows=Windowing(length=len, size=1, carry=("state",))',
    ],
)
def test_a_stage_that_breaks_the_contract_is_refused(tmp_path: Path, change: str) -> None:
    (tmp_path / "lab_wrong.py").write_text(
        "from farm import Stage, Windowing, hookimpl\n"
        "fields = dict(capability='a.b', provider='c', version=1, run='m:f', inputs={}, outputs={})"
        f"\n@hookimpl\ndef farm_stages():\n    return [Stage(**(fields | dict({change})))]\n"
    )
    with pytest.raises(PluginError) as caught:
        load_plugins(tmp_path)
    assert caught.value.code == "plugin.bad-stage"


@pytest.mark.parametrize("module", ["json", "farm_finish", "not-a-name"])
def test_a_loose_plugin_cannot_take_the_name_of_another_module(tmp_path: Path, module: str) -> None:
    write(tmp_path, module=module)
    with pytest.raises(PluginError) as caught:
        load_plugins(tmp_path)
    assert caught.value.code in ("plugin.bad-name", "plugin.duplicate")


def test_checks_say_which_stage_cannot_run_here(tmp_path: Path) -> None:
    checks = HOOK.format("farm_checks()", "return [('lab.echo/one', 'needs a tape recorder')]")
    write(tmp_path).write_text(write(tmp_path).read_text() + checks)
    assert load_plugins(tmp_path).checks()["lab.echo/one"] == "needs a tape recorder"


def test_a_check_of_an_unknown_stage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab_wrong.py").write_text(
        HOOK.format("farm_checks()", "return [('lab.nothing/x', 'no')]")
    )
    with pytest.raises(PluginError, match="lab_wrong"):
        load_plugins(tmp_path).checks()


def test_loading_imports_no_media_model_or_database_library() -> None:
    script = (
        "import sys; from farm.plugins import load_plugins; import farm.planning; load_plugins();"
        "print(*{'av', 'numpy', 'numba', 'sqlalchemy', 'dramatiq', 'textual'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


LISTENER = """
from farm import ConfigError, hookimpl

TOLD = []

@hookimpl
def farm_configure(settings):
    if settings.get("colour") == "bad":
        raise ConfigError("no such colour", where="plugins.lab_ear.colour")
    TOLD.append(settings["colour"])
"""


def test_a_plugin_is_told_its_own_settings_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "lab_ear.py").write_text(LISTENER)
    (tmp_path / "lab_nose.py").write_text(LISTENER)
    told = {"lab_ear": {"colour": "red"}, "lab_nose": {"colour": "blue"}}
    plugins = dict(load_plugins(tmp_path, told=told).pm.list_name_plugin())
    assert plugins["lab_ear"].TOLD == ["red"] and plugins["lab_nose"].TOLD == ["blue"]  # type: ignore[union-attr]
    plugins = dict(load_plugins(tmp_path).pm.list_name_plugin())
    assert plugins["lab_ear"].TOLD == []  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("told", "kind", "complaint"),
    [
        ({"lab_eat": {}}, ConfigError, "there is no such plugin here.*lab_ear"),
        ({"lab_echo": {}}, ConfigError, "takes no settings"),
        ({"lab_ear": {"colour": "bad"}}, ConfigError, "no such colour"),
        ({"lab_ear": {"color": "red"}}, PluginError, "lab_ear.*KeyError"),
    ],
)
def test_settings_that_reach_nobody_or_are_wrong_stop_the_process(
    tmp_path: Path, told: dict[str, dict[str, str]], kind: type[Exception], complaint: str
) -> None:
    write(tmp_path)
    (tmp_path / "lab_ear.py").write_text(LISTENER)
    with pytest.raises(kind, match=complaint):
        load_plugins(tmp_path, told=told)
