"""What holds for the whole console: bindings, colours, themes, layers of the graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.binding import Binding

from farm.domain.errors import ConfigError
from farm.tui.colours import Tone, mark_of, states, tone_of
from farm.tui.graph_layout import lay_out
from farm.tui.keys import catalogue, own_classes, read_taste
from farm.tui.themes import THEMES

BINDINGS = [
    (owner, binding)
    for owner in own_classes()
    for binding in (*owner.BINDINGS, *getattr(owner, "MARKING", ()))
]


@pytest.mark.parametrize(("owner", "binding"), BINDINGS, ids=str)
def test_every_binding_has_an_id_and_a_tooltip(owner: type, binding: Binding) -> None:
    assert isinstance(binding, Binding)
    assert binding.id
    assert binding.tooltip
    assert binding.description


def test_no_two_bindings_share_an_id() -> None:
    ids = [binding.id for _, binding in BINDINGS if isinstance(binding, Binding)]
    assert len(ids) == len(set(ids)) == len(catalogue())


@pytest.mark.parametrize("state", sorted(states(), key=str), ids=str)
def test_every_state_of_the_table_has_a_tone_and_a_mark_of_one_cell(state: object) -> None:
    value = state.value  # type: ignore[attr-defined]
    assert tone_of(value) in Tone
    assert len(mark_of(value)) == 1
    assert (mark_of(value) == "·") == (value in {"queued", "blocked"})


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_theme_tells_all_tones_apart(theme: object) -> None:
    colours = theme.variables  # type: ignore[attr-defined]
    assert len({colours[f"state-{tone.value}"] for tone in Tone}) == len(Tone)


def test_keys_and_theme_are_read_from_the_console_s_file(tmp_path: Path) -> None:
    file = tmp_path / "console.toml"
    file.write_text('theme = "farm-light"\nread_only = true\n[keys]\n"job.cancel" = "ctrl+x"\n')
    taste = read_taste(file)
    assert (taste.theme, taste.read_only) == ("farm-light", True)
    assert taste.keys == {"job.cancel": "ctrl+x"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[keys]\n"job.cancle" = "x"', 'Did you mean "job.cancel"?'),
        ('theme = "farm-drak"', 'Did you mean "farm-dark"?'),
        ("them = 1", 'Did you mean "theme"?'),
        ("theme =", "not readable as TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_nearest_right_name(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "console.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_taste(file)
    assert says in refused.value.sentence()


GRAPH = {
    "one": ("two", "side", "last"),
    "two": ("last",),
    "side": ("last",),
    "last": ("final",),
    "alone": (),
    "final": (),
}


def test_boxes_of_a_graph_never_overlap_and_lines_never_cross_a_box() -> None:
    drawing = lay_out(GRAPH, dict.fromkeys(GRAPH, 15))
    taken: set[tuple[int, int]] = set()
    for box in drawing.boxes:
        cells = {
            (row, column)
            for row in range(box.top, box.top + 3)
            for column in range(box.left, box.left + box.width)
        }
        assert not cells & taken
        taken |= cells
    assert {box.name for box in drawing.boxes} == set(GRAPH)
    assert not taken & set(drawing.lines)


def test_every_stage_that_waits_has_an_arrow_at_its_left_side() -> None:
    drawing = lay_out(GRAPH, dict.fromkeys(GRAPH, 15))
    waiting = {name for after in GRAPH.values() for name in after}
    for box in drawing.boxes:
        arrow = drawing.lines.get((box.top + 1, box.left - 1))
        assert (arrow == "▶") == (box.name in waiting), box.name


def test_a_stage_comes_right_of_everything_it_waits_for() -> None:
    drawing = lay_out(GRAPH, dict.fromkeys(GRAPH, 15))
    left = {box.name: box.left for box in drawing.boxes}
    assert all(left[name] < left[waits] for name, after in GRAPH.items() for waits in after)
