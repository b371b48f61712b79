"""The memory planner: which way a pipeline runs, from sizes and free memory alone."""

from __future__ import annotations

import pytest

from farm_diffusion.runtime.plan import Choice, Request, Weights, choose

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
    device="cuda:0",
)


def way(room_mb: int | None, **how: object) -> Choice:
    return choose(LARGE, room_mb=room_mb, precisions=how.pop("precisions", ["bfloat16"]), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("room_mb", "name"),
    [
        (80_000, "full bfloat16"),
        (56_920, "full bfloat16"),
        (56_919, "model bfloat16"),
        (33_000, "model bfloat16"),
        (32_900, "group bfloat16"),
        (20_000, "group bfloat16"),
        (17_000, "group+tiles bfloat16"),
        (8_400, "group+tiles bfloat16"),
        (6_000, "sequential+tiles bfloat16"),
    ],
)
def test_the_fastest_way_that_fits_is_taken(room_mb: int, name: str) -> None:
    assert way(room_mb).way.name == name


def test_what_a_way_takes_never_grows_from_one_to_the_next_that_is_tried() -> None:
    choice = way(80_000)
    peaks = [choice.way.expected_mb, *(lower.expected_mb for lower in choice.rest)]
    assert len(peaks) > 3
    assert all(lower.expected_mb < choice.way.expected_mb for lower in choice.rest)


def test_fewer_bits_come_only_after_every_way_that_leaves_the_picture_alone() -> None:
    both = ["bfloat16", "fp8"]
    assert way(33_000, precisions=both).way.name == "model bfloat16"
    assert way(20_000, precisions=both).way.name == "group bfloat16"
    # Tiles are hardly seen, so they come first, too.
    assert way(17_000, precisions=both).way.name == "group+tiles bfloat16"
    assert way(5_900, precisions=both).way.name == "sequential+tiles bfloat16"
    assert way(5_500, precisions=both).way.name == "sequential+tiles fp8"


def test_where_nothing_fits_the_least_is_tried_and_it_says_so() -> None:
    choice = way(1_000)
    assert choice.way.name == "sequential+tiles bfloat16"
    assert choice.why == (f"nothing fits in 1000 MB; the least needs {choice.way.expected_mb} MB")


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
    assert names[0] == "full bfloat16"
    assert len(set(names)) == 4
    peaks = [way(80_000, ran_out=times).way.expected_mb for times in range(4)]
    assert peaks == sorted(peaks, reverse=True)
    assert way(80_000, ran_out=99).way == way(1_000).way


def test_on_a_processor_the_weights_stay_where_they_are_and_only_tiles_save_memory() -> None:
    request = Request(LARGE.weights, 5_000, 17_000, 4_500, device="cpu")
    choice = choose(request, room_mb=120_000, precisions=["float32"])
    assert choice.way.name == "full float32"
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
