"""Loads plugins once and keeps what they declared.

Invariant: a registry is complete and consistent or does not exist. A plugin that cannot be
imported, breaks a hook or declares what another one already declares stops the process with its
name; nothing is skipped in silence.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

import farm
from farm import hookspecs
from farm.domain.errors import ConfigError, FarmError, PluginError, nearest
from farm.models.manifest import ModelManifest, load_manifest
from farm.models.needs import require_declared
from farm.registry import Registry, answers_of
from farm.stages import Stage

if TYPE_CHECKING:
    from farm.config import Settings
    from farm.pipelines import Pipeline

__all__ = ["Registry", "load_plugins", "registry_of"]

GROUP = "farm"
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_RUN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def registry_of(settings: Settings) -> Registry:
    """What a farm with these settings has: its plugins, and the models its operator declared."""
    return load_plugins(
        settings.under_root(settings.plugin_folder),
        settings.under_root(settings.models_manifests_dir),
        settings.plugins,
    )


def load_plugins(
    folder: Path | None = None,
    models: Path | None = None,
    told: Mapping[str, Mapping[str, Any]] | None = None,
) -> Registry:
    """Load the entry points of group ``farm`` and the loose plugins in ``folder``.

    folder : ``*.py`` files and packages; a name that begins with ``_`` or ``.`` is left out.
        A folder that does not exist holds none.
    models : manifests (``*.toml``) of the operator's own models, beside those of the plugins.
    told : what ``farm_configure`` gives to a plugin, by its name.

    Raises
    ------
    PluginError : names the plugin and, if it is about one, the hook.
    ConfigError : settings for a plugin that is not there or takes none.
    """
    pm = pluggy.PluginManager("farm")
    pm.add_hookspecs(hookspecs)
    versions = {"farm": farm.__version__}
    distributions: dict[str, str] = {}
    for entry in sorted(set(entry_points(group=GROUP))):
        _register(pm, entry.name, _guard(entry.name, entry.load))
        distribution, version = entry.name, "0"
        if entry.dist is not None:
            distribution, version = entry.dist.name, entry.dist.version
        distributions[entry.name] = distribution
        versions[distribution] = version
    for path in _loose(folder):
        _register(pm, path.stem, _guard(path.stem, partial(_import_loose, path)))
        distributions[path.stem] = path.stem
        versions[path.stem] = _content_version(path)
    try:
        pm.check_pending()
    except pluggy.PluginValidationError as error:
        raise _broken(error) from error
    for name, settings in (told or {}).items():
        _configure(pm, name, settings)
    stages, plugins = _collect_stages(pm)
    manifests = _collect_models(pm, models)
    require_declared(stages, manifests)
    capabilities: dict[str, list[Stage]] = defaultdict(list)
    for stage_id in sorted(stages):
        capabilities[stages[stage_id].capability].append(stages[stage_id])
    return Registry(
        pm=pm,
        stages=MappingProxyType(stages),
        _read_pipelines=cache(lambda: MappingProxyType(_collect_pipelines(pm))),
        versions=MappingProxyType(versions),
        _plugins=MappingProxyType(plugins),
        _distributions=MappingProxyType(distributions),
        _capabilities=MappingProxyType({k: tuple(v) for k, v in capabilities.items()}),
        models=MappingProxyType(manifests),
    )


# --- finding and importing -----------------------------------------------------------------------


def _guard(plugin: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            "the plugin cannot be imported",
            where=f"plugin {plugin}",
            got=f"{type(error).__name__}: {error}",
            mend="Mend or uninstall it.",
            code="plugin.import",
        ) from error


def _register(pm: pluggy.PluginManager, name: str, plugin: Any) -> None:
    if pm.has_plugin(name):
        raise PluginError(
            "two plugins have this name",
            where=f"plugin {name}",
            mend="Rename or uninstall one of them.",
            code="plugin.duplicate",
        )
    try:
        pm.register(plugin, name=name)
    except pluggy.PluginValidationError as error:
        raise _broken(error) from error
    except ValueError as error:  # one module under two names
        raise PluginError(
            str(error).splitlines()[0], where=f"plugin {name}", code="plugin.duplicate"
        ) from error


def _configure(pm: pluggy.PluginManager, name: str, settings: Mapping[str, Any]) -> None:
    takers = {taker.plugin_name: taker for taker in pm.hook.farm_configure.get_hookimpls()}
    if name not in takers:
        missing = not pm.has_plugin(name)
        raise ConfigError(
            "there is no such plugin here" if missing else "this plugin takes no settings",
            where=f"plugins.{name}",
            mend=nearest(
                name, [plugin for plugin, _ in pm.list_name_plugin()] if missing else takers
            ),
            code="plugin.no-settings",
        )
    others = [plugin for other, plugin in pm.list_name_plugin() if other != name]
    try:
        pm.subset_hook_caller("farm_configure", others)(settings=settings)
    except FarmError:
        raise
    except Exception as error:
        raise PluginError(
            "the plugin failed over its settings",
            where=f"plugins.{name}",
            got=f"{type(error).__name__}: {error}",
            mend="Mend the plugin.",
            code="plugin.bad-settings",
        ) from error


def _broken(error: pluggy.PluginValidationError) -> PluginError:
    name = getattr(error.plugin, "__name__", str(error.plugin))
    return PluginError(
        " ".join(str(error).split()),
        where=f"plugin {name}",
        mend="Compare its hooks with farm/hookspecs.py.",
        code="plugin.bad-hook",
    )


def _loose(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(("_", ".")):
            continue
        if (path.suffix == ".py" and path.is_file()) or (path / "__init__.py").is_file():
            found.append(path)
    return found


def _import_loose(path: Path) -> ModuleType:
    # Under its own name, because a stage names its code as "module:function". A second load (with
    # another folder) replaces modules that an earlier one put there, and nothing else.
    name = path.stem
    if getattr(sys.modules.get(name), "__farm_loose__", False):
        for known in [k for k in sys.modules if k == name or k.startswith(f"{name}.")]:
            del sys.modules[known]
    if not name.isidentifier() or name in sys.modules or importlib.util.find_spec(name):
        raise PluginError(
            "a loose plugin needs a name that is a Python name and not taken by another module",
            where=f"plugin {path}",
            mend="Rename it.",
            code="plugin.bad-name",
        )
    package = path.is_dir()
    spec = importlib.util.spec_from_file_location(
        name,
        path / "__init__.py" if package else path,
        submodule_search_locations=[str(path)] if package else None,
    )
    assert spec is not None and spec.loader is not None  # a .py file always has both
    module = importlib.util.module_from_spec(spec)
    module.__farm_loose__ = True  # type: ignore[attr-defined]
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _content_version(path: Path) -> str:
    digest = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        digest.update(file.relative_to(path.parent).as_posix().encode() + b"\0" + file.read_bytes())
    return f"0+{digest.hexdigest()[:12]}"


# --- collecting declarations ---------------------------------------------------------------------


def _collect_stages(pm: pluggy.PluginManager) -> tuple[dict[str, Stage], dict[str, str]]:
    stages: dict[str, Stage] = {}
    plugins: dict[str, str] = {}
    for plugin, declared in answers_of(pm, "farm_stages"):
        for stage in declared:
            if problem := _stage_problem(stage):
                raise PluginError(
                    problem,
                    where=f"plugin {plugin}: hook farm_stages",
                    got=repr(stage)[:120],
                    mend="See docs/write-a-plugin.md.",
                    code="plugin.bad-stage",
                )
            if stage.id in stages:
                raise PluginError(
                    f'the stage "{stage.id}" is declared by {plugins[stage.id]} and by {plugin}',
                    where=f"plugin {plugin}: hook farm_stages",
                    mend="Uninstall one of them, or give one another provider name.",
                    code="plugin.duplicate-stage",
                )
            stages[stage.id], plugins[stage.id] = stage, plugin
    return stages, plugins


def _stage_problem(stage: Any) -> str:
    if not isinstance(stage, Stage):
        return "farm_stages must return farm.Stage objects"
    if not _NAME.fullmatch(stage.capability) or not _NAME.fullmatch(stage.provider):
        return "capability and provider are lower-case words, such as video.encode and my_plugin"
    if isinstance(stage.version, bool) or not isinstance(stage.version, int) or stage.version < 1:
        return f"{stage.id}: the version is a whole number from 1"
    if not _RUN.fullmatch(stage.run):
        return f'{stage.id}: run is "package.module:function"'
    if not callable(stage.models) and not _is_names(stage.models):
        return f"{stage.id}: models is a tuple of names, or a function of the parameters"
    carried = set(stage.windows.carry) if stage.windows else set()
    if carried - set(stage.outputs) or carried - set(stage.inputs):
        return f"{stage.id}: a carry port is both an input and an output"
    return ""


def _is_names(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


def _collect_models(
    pm: pluggy.PluginManager, declared: Path | None = None
) -> dict[str, ModelManifest]:
    models: dict[str, ModelManifest] = {}
    origins: dict[str, str] = {}
    own = sorted(declared.glob("*.toml")) if declared is not None else []
    for origin, paths in (*answers_of(pm, "farm_models"), (str(declared), own)):
        plugin = f"plugin {origin}: hook farm_models"
        for path in paths:
            manifest = load_manifest(Path(path))
            if manifest.name in models:
                raise PluginError(
                    f'the model "{manifest.name}" is declared by {origins[manifest.name]} '
                    f"and by {origin}",
                    where=str(path) if paths is own else plugin,
                    mend="Give one of them another name.",
                    code="plugin.duplicate-model",
                )
            models[manifest.name], origins[manifest.name] = manifest, origin
    return models


def _collect_pipelines(pm: pluggy.PluginManager) -> dict[str, Pipeline]:
    # Only who plans needs them: nodes and engines do without the memory and the time.
    from farm.pipelines import load_pipeline

    pipelines: dict[str, Pipeline] = {}
    origins: dict[str, str] = {}
    for plugin, paths in answers_of(pm, "farm_pipelines"):
        for path in paths:
            try:
                pipeline = load_pipeline(Path(path))
            except (FarmError, OSError) as error:
                raise PluginError(
                    f"a pipeline cannot be read: {error}",
                    where=f"plugin {plugin}: hook farm_pipelines",
                    code="plugin.bad-pipeline",
                ) from error
            if pipeline.ref in pipelines:
                raise PluginError(
                    f'the pipeline "{pipeline.ref}" is brought by {origins[pipeline.ref]} '
                    f"and by {plugin}",
                    where=f"plugin {plugin}: hook farm_pipelines",
                    mend="Give one of them another name or version.",
                    code="plugin.duplicate-pipeline",
                )
            pipelines[pipeline.ref], origins[pipeline.ref] = pipeline, plugin
    return pipelines
