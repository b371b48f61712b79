"""Recipes: what a file may say, what is refused, and the stages that come of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import farm_diffusion
from farm import MediaFacts, Stage
from farm_diffusion.choices import film_frames, frame_rate, rate, settled
from farm_diffusion.declared import stages_of
from farm_diffusion.recipes import RecipeError, load_recipe, load_recipes

RECIPES = Path(farm_diffusion.__file__).parent / "recipes"
README = Path(farm_diffusion.__file__).parent / "README.md"


def written(tmp_path: Path, *changes: tuple[str, str], name: str = "wan") -> Path:
    """A copy of a recipe with some of its text exchanged."""
    text = (RECIPES / f"{name}.toml").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / f"{name}.toml"
    path.write_text(text)
    return path


def stage_from(path: Path) -> Stage:
    return next(iter(stages_of(path.parent)))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_here_loads_and_its_class_exists(path: Path) -> None:
    from farm_diffusion.runtime.libraries import named_class

    recipe = load_recipe(path)
    assert isinstance(named_class(recipe.pipeline), type)
    for scheduler in recipe.schedulers.values():
        assert isinstance(named_class(scheduler.name), type)
    for component in recipe.components.values():
        assert isinstance(named_class(component.name), type)


def test_no_two_recipes_make_the_same_provider_of_a_capability() -> None:
    ids = [(recipe.capability, recipe.provider) for recipe in load_recipes(RECIPES)]
    assert len(set(ids)) == len(ids)


def test_the_recipe_in_the_readme_is_the_one_that_is_there(tmp_path: Path) -> None:
    shown = README.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    path = tmp_path / "shown.toml"
    path.write_text(shown)
    recipe, real = load_recipe(path), load_recipe(RECIPES / "wan.toml")
    assert (recipe.pipeline, recipe.frames, recipe.size) == (real.pipeline, real.frames, real.size)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('loras = 4', 'lora = 4', r"lora: Extra inputs are not permitted"),
        ('"video.text_to_video"', '"video"', r"capability: String should match"),
        ('provider = "wan"', 'provider = "Wan 2"', r"provider: String should match"),
        ("steps = 12", "step = 12", r"quality\.draft\.step: no parameter is called that"),
        ("steps = 12", "steps = 1200", r"quality\.draft\.steps: 1200 is above 150"),
        ("steps = 12", 'steps = "12"', r"quality\.draft\.steps: '12' is no integer"),
        ("[quality.standard]", "[quality.normal]", r"quality\.normal"),
        ('"480x272"', '"480x270"', r"quality\.draft\.size: 270 is no multiple of 16; try 256 or 272"),
        ('[params.steps]', '[params.memory]', r"params\.memory: the runtime has a parameter"),
        ("default = 5.0", "default = 50.0", r"params\.guidance: .*50\.0 is above 20"),
        ("[outputs.video]", "[outputs.report]", r"outputs\.report: the runtime writes that one"),
        ("[outputs.video]", "[outputs.Video]", r"outputs\.Video: a name is lower-case"),
        ("required = false", "required = true", r"inputs\.negative: default belongs to a text"),
        ("[size]", '[size]\nlike = "image"', r"size\.like: image is no input"),
        ("[frames]", "[frames]\nstap = 1", r"frames\.stap: Extra inputs"),
        ("[outputs.video]", "[windows]\nsize = 400\n[outputs.video]", r"windows\.size: 400 is more"),
        ("[outputs.video]", "[windows]\nsize = 81\noverlap = 81\n[outputs.video]", r"overlap: 81"),
        (
            "[outputs.video]",
            '[windows]\nsize = 81\nmode = "chained"\ncarry = ["tail"]\n[outputs.video]',
            r"windows\.carry: tail must be an input and an output",
        ),
        ("version = 1", "version = ", r"not readable as a recipe"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_the_file_and_the_field(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    path = written(tmp_path, (old, new))
    with pytest.raises(RecipeError, match=complaint) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)
    assert "Add a pipeline" in str(caught.value)


def test_a_film_without_a_rule_for_its_frames_is_refused(tmp_path: Path) -> None:
    text = (RECIPES / "wan.toml").read_text()
    start = text.index("[frames]")
    path = tmp_path / "wan.toml"
    path.write_text(text[:start] + text[text.index("[", start + 1) :])
    with pytest.raises(RecipeError, match="frames: an output is a video"):
        load_recipe(path)


def test_a_recipe_makes_a_provider_for_anywhere_and_a_preferred_one_for_a_card() -> None:
    plain, card = list(stages_of(RECIPES))[:2]
    assert card.id == f"{plain.id}_gpu"
    assert not callable(card.resources) and callable(plain.resources)
    assert (plain.resources(plain.params()).gpus, card.resources.gpus) == (0, 1)
    assert plain.params is card.params
    for stage in (plain, card):
        assert "report" in stage.outputs


def test_a_quality_profile_may_name_the_numbers_of_the_weights_and_a_job_others(
    tmp_path: Path,
) -> None:
    profile = '[quality.draft]\nprecision = "fp8"'
    wan = stage_from(written(tmp_path, ("[quality.draft]", profile)))

    def taken(**params: Any) -> str:
        return settled(wan.params(**params), {}, None).precision

    assert [taken(quality=quality) for quality in ("draft", "standard")] == ["fp8", "auto"]
    assert taken(quality="draft", precision="float16") == "float16"
    with pytest.raises(RecipeError, match=r"quality\.draft\.precision: 'fp9' is none of"):
        load_recipe(written(tmp_path, ("[quality.draft]", profile.replace("8", "9"))))


def test_steps_may_be_left_out_by_magnitudes_only_where_a_recipe_names_them(
    tmp_path: Path,
) -> None:
    with pytest.raises(RecipeError, match="magnitudes: the cache mag needs those of the model"):
        load_recipe(written(tmp_path, ('caches = ["first-block"]', 'caches = ["mag"]')))


def test_a_small_job_sets_less_memory_aside_and_sizes_are_few() -> None:
    wan = next(stage for stage in stages_of(RECIPES) if stage.provider == "wan")
    assert callable(wan.resources) and wan.size is not None

    def of(**params: Any) -> tuple[int, str]:
        given = wan.params(**params)
        return wan.resources(given).ram_mb, wan.size(given)  # type: ignore[operator, misc]

    assert of() == (8000, "45.3MP")
    assert of(frames=77) == (8000, "32MP")
    assert of(width=64, height=64, frames=5) == (1500 + 2 * (500 + 5), "0.0221MP")
    assert of(memory="group", precision="fp8")[1] == "45.3MP/group/fp8"
    assert of(quality="draft")[1] == "11.3MP"


def test_a_plugin_of_ones_own_brings_recipes_from_its_folder(tmp_path: Path) -> None:
    written(tmp_path, ('provider = "wan"', 'provider = "mine"'))
    assert [stage.id for stage in farm_diffusion.stages_of(tmp_path)] == [
        "video.text_to_video/mine",
        "video.text_to_video/mine_gpu",
    ]
    complaints = dict(farm_diffusion.checks_of(tmp_path))
    assert "video.text_to_video/mine" not in complaints


# --- parameters --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wan() -> Stage:
    return next(s for s in farm_diffusion.farm_stages() if s.id == "video.text_to_video/wan")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"width": 832, "height": 470}, "470 is no multiple of 16; try 464 or 480"),
        ({"width": 830}, "830x0: 830 is no multiple of 16; try 816 or 832"),
        ({"width": 1600, "height": 480}, "1600 is not between 32 and 1280"),
        ({"frames": 300}, "less than or equal to 161"),
        ({"duration_s": 60}, "960 frames; this model makes 161 at most: 10.1 s"),
        ({"frames": 81, "duration_s": 5}, "give one of them"),
        ({"fps": "fast"}, "fps"),
        ({"quality": "best"}, "quality"),
        ({"loras": [{"model": "x", "strength": 1}]}, "strength"),
    ],
)
def test_what_the_model_cannot_make_is_refused_and_never_bent(
    wan: Stage, given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        wan.params(**given)


def test_a_jobs_value_wins_over_its_profile_and_that_over_the_recipe(wan: Stage) -> None:
    plain = settled(wan.params(), {}, None)
    assert (plain.values["steps"], plain.width, plain.frames, plain.fps) == (40, 832, 81, 16)
    draft = settled(wan.params(quality="draft"), {}, None)
    assert (draft.values["steps"], draft.width, draft.height) == (12, 480, 272)
    own = settled(wan.params(quality="draft", steps=7, width=64, height=32), {}, None)
    assert (own.values["steps"], own.width, own.height) == (7, 64, 32)


def test_one_side_alone_brings_the_other_with_it(wan: Stage) -> None:
    wide = settled(wan.params(width=416, height=0), {}, None)
    high = settled(wan.params(height=240), {}, None)
    assert (wide.width, wide.height) == (high.width, high.height) == (416, 240)


@pytest.mark.parametrize(("wanted", "made"), [(1, 5), (5, 5), (6, 9), (80, 81), (81, 81), (82, 85)])
def test_a_model_makes_the_next_number_of_frames_that_it_can(wanted: int, made: int) -> None:
    frames = load_recipe(RECIPES / "wan.toml").frames
    assert frames is not None and frames.made(wanted) == made


def test_a_film_is_as_long_and_as_fast_as_its_input_where_nothing_else_is_said(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path,
        ("[params.steps]", '[inputs.music]\ntakes = "audio"\nrequired = false\ndescription = "x"\n'
         '[inputs.clip]\ntakes = "frames"\nrequired = false\ndescription = "x"\n[params.steps]'),
        ("[frames]", '[frames]\nas_long_as = ["clip", "music"]'),
        ("[size]", '[size]\nlike = "clip"'),
    )  # fmt: skip
    params = stage_from(path).params()
    clip = {"clip": [MediaFacts(frames=100, fps=Fraction(25), width=1080, height=1920)]}
    assert (film_frames(params, clip), frame_rate(params, clip)) == (100, 25)
    music = {"music": [MediaFacts(duration_s=3.0)]}
    assert (film_frames(params, music), frame_rate(params, music)) == (48, 16)
    assert film_frames(params, {}) == 81
    upright = settled(params, clip, None)
    assert upright.width < upright.height
    assert upright.width % 16 == upright.height % 16 == 0
    assert abs(upright.width * upright.height / (832 * 480) - 1) < 0.06
    slower = stage_from(path).params(fps="12.5")
    assert film_frames(slower, clip) == 50


def test_film_rates_that_are_written_short_are_meant_exactly() -> None:
    assert rate("23.976") == Fraction(24000, 1001)
    assert rate("29.97") == Fraction(30000, 1001)
    assert rate(25) == 25
    assert rate("12.5") == Fraction(25, 2)
    assert rate("30000/1001") == Fraction(30000, 1001)


def test_models_and_the_resident_group_follow_from_the_parameters(wan: Stage) -> None:
    params = wan.params(model="mine", loras=[{"model": "style", "weight": 0.5}])
    assert callable(wan.models) and wan.models(params) == ("mine", "style")
    assert wan.model_key is not None and wan.model_key(params) == "mine"
