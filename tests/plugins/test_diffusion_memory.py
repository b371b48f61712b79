"""The memory planner: which way a pipeline runs, from sizes and free memory alone."""

from __future__ import annotations

from itertools import product

import pytest

from farm_diffusion.runtime.plan import MAY_CHANGE, Choice, Request, Weights, choose, mend

# Wan 2.1 14B at 1280x720, 81 frames, in round numbers.
LARGE = Request(
    weights=[
        Weights("transformer", 14_000, "backbone"),
        Weights("text_encoder", 5_700, "text"),
        Weights("vae", 130, "vae", full_precision=True),
    ],
    step_mb=5_000,
    decode_mb=17_000,
    tiled_mb=4_500,
    tile_above_mb=40_000,
    device="cuda:0",
)
BOTH = ["bfloat16", "fp8"]


def way(room_mb: int | None, request: Request = LARGE, **how: object) -> Choice:
    return choose(request, room_mb=room_mb, precisions=how.pop("precisions", ["bfloat16"]), **how)  # type: ignore[arg-type]


def freely(room_mb: int | None, **how: object) -> Choice:
    """As above, by somebody who takes another picture rather than none."""
    return way(room_mb, memory=MAY_CHANGE, **how)


@pytest.mark.parametrize(
    ("room_mb", "name", "free"),
    [
        (80_000, "full bfloat16", "full bfloat16"),
        (56_920, "full bfloat16", "full bfloat16"),
        (56_919, "model bfloat16", "model bfloat16"),
        (33_000, "model bfloat16", "model bfloat16"),
        (32_900, "group bfloat16", "group bfloat16"),
        (20_000, "group bfloat16", "group bfloat16"),
        (17_000, "group bfloat16", "group+tiles bfloat16"),
        (8_400, "group bfloat16", "group+tiles bfloat16"),
        (6_000, "group bfloat16", "sequential+tiles bfloat16"),
    ],
)
def test_the_fastest_way_that_fits_is_taken_and_tiles_only_where_results_may_change(
    room_mb: int, name: str, free: str
) -> None:
    assert way(room_mb).way.name == name
    assert freely(room_mb).way.name == free


def test_what_a_way_takes_never_grows_from_one_to_the_next_that_is_tried() -> None:
    for choice in (way(80_000), freely(80_000)):
        peaks = [choice.way.expected_mb, *(lower.expected_mb for lower in choice.rest)]
        assert len(peaks) > 2
        assert all(lower.expected_mb < choice.way.expected_mb for lower in choice.rest)


@pytest.mark.parametrize("tiling", ["auto", "on", "off"])
@pytest.mark.parametrize("memory", ["auto", "full", "model", "group", "sequential"])
@pytest.mark.parametrize("tile_above_mb", [10_000, 40_000])
def test_free_memory_never_decides_what_changes_the_picture(
    tiling: str, memory: str, tile_above_mb: int
) -> None:
    request = Request(LARGE.weights, 5_000, 17_000, 4_500, tile_above_mb, "cuda:0")
    rooms, peaks = (None, 500, 9_000, 18_000, 35_000, 200_000), ({}, {"group bfloat16": 90_000})
    found = set()
    for room_mb, ran_out, seen in product(rooms, range(5), peaks):
        how = {"tiling": tiling, "memory": memory, "ran_out": ran_out, "peaks": seen}
        choice = way(room_mb, request, precisions=BOTH, **how)
        found |= {(taken.tiled, taken.precision) for taken in (choice.way, *choice.rest)}
    tiled = tiling == "on" or (tiling == "auto" and tile_above_mb == 10_000)
    assert found == {(tiled, "bfloat16")}


def test_a_large_decoding_is_done_in_tiles_wherever_it_runs() -> None:
    for device in ("cpu", "cuda:0"):
        for decode_mb, tiled in ((16_000, False), (16_001, True)):
            request = Request(LARGE.weights, 5_000, decode_mb, 4_500, 16_000, device)
            assert way(200_000, request).way.tiled is tiled
            assert way(200_000, request, tiling="off").way.tiled is False
            whole = Request(LARGE.weights, 5_000, decode_mb, 4_500, 16_000, device, can_tile=False)
            assert way(200_000, whole, tiling="on").way.tiled is False


def test_fewer_bits_come_only_after_every_way_that_leaves_the_picture_alone() -> None:
    assert freely(33_000, precisions=BOTH).way.name == "model bfloat16"
    assert freely(20_000, precisions=BOTH).way.name == "group bfloat16"
    # Tiles are hardly seen, so they come first, too.
    assert freely(17_000, precisions=BOTH).way.name == "group+tiles bfloat16"
    assert freely(5_900, precisions=BOTH).way.name == "sequential+tiles bfloat16"
    assert freely(5_500, precisions=BOTH).way.name == "sequential+tiles fp8"


def test_where_nothing_fits_the_least_is_tried_and_it_says_so() -> None:
    choice = freely(1_000)
    assert choice.way.name == "sequential+tiles bfloat16"
    assert choice.why == (f"nothing fits in 1000 MB; the least needs {choice.way.expected_mb} MB")
    assert choice.others == ()
    assert mend(choice, MAY_CHANGE) == "Ask for a smaller size or fewer frames."


def test_who_is_refused_hears_what_would_take_less() -> None:
    choice = way(1_000, precisions=BOTH)
    least = way(1_000, tiling="on").way.expected_mb
    fewer = way(1_000, tiling="on", precisions=["fp8"]).way.expected_mb
    assert mend(choice, "auto") == (
        f"Ask for a smaller size or fewer frames, or for tiling: on (about {least} MB), or for "
        f"tiling: on with precision: fp8 (about {fewer} MB), or let every node decide that by its "
        "memory (memory: may-change-result)."
    )
    assert "or for memory: auto" in mend(way(1_000, memory="full"), "full")
    assert mend(way(1_000, tiling="on"), "auto") == "Ask for a smaller size or fewer frames."


def test_a_peak_that_was_seen_counts_instead_of_the_estimate() -> None:
    assert way(50_000).way.name == "model bfloat16"
    assert way(50_000, peaks={"full bfloat16": 44_000}).way.name == "full bfloat16"
    assert way(80_000, peaks={"full bfloat16": 90_000}).way.name == "model bfloat16"


def test_what_was_asked_for_by_name_is_done_whatever_fits() -> None:
    choice = way(1_000, memory="full", tiling="on")
    assert choice.way.name == "full+tiles bfloat16"
    assert choice.why == "asked for: full"


def test_each_time_a_task_ran_out_it_starts_one_way_lower() -> None:
    names = [way(80_000, ran_out=times).way.name for times in range(4)]
    assert names == ["full bfloat16", "model bfloat16", "group bfloat16", "sequential bfloat16"]
    freed = [freely(80_000, ran_out=times).way for times in range(5)]
    assert len(set(freed)) == 5
    peaks = [way.expected_mb for way in freed]
    assert peaks == sorted(peaks, reverse=True)
    assert freely(80_000, ran_out=99).way == freely(1_000).way


def test_on_a_processor_the_weights_stay_where_they_are_and_only_tiles_save_memory() -> None:
    request = Request(LARGE.weights, 5_000, 17_000, 4_500, 40_000, "cpu")
    choice = way(120_000, request, precisions=["float32"])
    assert choice.way.name == "full float32"
    assert choice.rest == ()
    assert [lower.name for lower in choice.others] == ["full+tiles float32"]
    choice = freely(120_000, request=request, precisions=["float32"])
    assert [lower.name for lower in choice.rest] == ["full+tiles float32"]


def test_a_room_that_nobody_knows_is_taken_to_be_enough() -> None:
    choice = way(None)
    assert choice.way.name == "full bfloat16"
    assert choice.why == "the room is not known"


def test_a_decoder_in_full_precision_counts_in_full() -> None:
    sizes = {part.name: part.size_mb("bfloat16") for part in LARGE.weights}
    assert sizes == {"transformer": 28_000, "text_encoder": 11_400, "vae": 520}
    assert Weights("transformer", 14_000, "backbone").size_mb("fp8") == 14_000
    assert Weights("text_encoder", 5_700, "text").size_mb("fp8") == 11_400
