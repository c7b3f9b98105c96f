"""What the search finds in planted errors, and what it leaves alone."""

from dataclasses import replace

import numpy as np
import pytest

from pulse_kedro.domain.rules.applying import total_shift
from pulse_kedro.domain.rules.context import Scene, context_of
from pulse_kedro.domain.rules.mining import Mined, _median, mine_rules, thinned
from pulse_kedro.domain.rules.rule import one_of
from rule_samples import TERMS, a_scene, leaning

MONDAY = (one_of("weekday", "1"),)


def halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    mine = np.arange(count) < 0.6 * count
    return mine, ~mine


def search(scene: Scene, **terms: object) -> Mined:
    mine, select = halves(len(scene.places) - 1)
    full = np.append(mine, False), np.append(select, False)
    options = replace(TERMS, **terms)
    return mine_rules(scene.z, context_of(scene), mine=full[0], select=full[1], overlap=1, options=options)


@pytest.mark.parametrize("lean", [0.6, -0.6])
def test_a_planted_lean_is_found_within_a_fifth(lean: float) -> None:
    """.6 on a slice that holds at 120 cutoffs (rules reference, 11)."""
    found = search(a_scene(leaning(np.random.default_rng(5), 200, lean=lean, series=3)))

    first = found.tries[0]
    assert first.kept
    assert first.rule.when == MONDAY
    assert first.rule.shift == pytest.approx(lean, rel=0.2)
    assert first.selected == pytest.approx(first.mined, rel=0.5)


def test_a_shift_is_the_median_shrunk_by_ten_cutoffs() -> None:
    """At 17 cutoffs shrinkage takes 37 %: the formula is `median n / (n + 10)`."""
    errors = leaning(np.random.default_rng(6), 28, lean=2.0, series=1)
    scene = a_scene(errors)
    mined = errors[28 : 28 + 7 * 17][::7]

    found = search(scene)

    assert halves(28)[0].sum() == 17
    assert found.tries[0].rule.when == MONDAY
    assert found.tries[0].rule.shift == round(float(np.median(mined)) * 17 / 27, 4)


def test_overlapping_cutoffs_count_for_less() -> None:
    scene = a_scene(leaning(np.random.default_rng(6), 28, lean=2.0, series=1))
    mine, select = (np.append(half, False) for half in halves(28))

    first, second = (
        mine_rules(scene.z, context_of(scene), mine=mine, select=select, overlap=overlap, options=TERMS).tries[0]
        for overlap in (1, 2)
    )

    assert second.rule.shift == pytest.approx(first.rule.shift * (8.5 / 18.5) / (17 / 27), abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_one_after_another_never_loses_where_it_was_mined_and_sums_do(seed: int) -> None:
    """Rules that overlap: each alone is right, their sum counts one lean many times."""
    rng = np.random.default_rng(seed)
    errors = leaning(rng, 120, lean=1.0, series=3)
    scene = a_scene(errors)
    mine = np.append(halves(120)[0], False)
    z, context = scene.z[mine], context_of(scene)

    chosen = search(scene, gate_alpha=0.49, squared_margin=1.0)
    naive = sorted(search(scene, gate_alpha=1e-9, tries=20).tries, key=lambda one: -one.mined)
    losses = [
        np.nanmean(np.abs(z - total_shift(rules, context, scene.shape, cap=1.5)[mine]))
        for rules in ((), chosen.rules, [one.rule for one in naive])
    ]

    assert len(naive) > 5
    assert losses[1] < losses[0]
    assert losses[1] < losses[2]


def test_noise_keeps_little_and_tries_are_bounded() -> None:
    found = search(a_scene(np.random.default_rng(8).normal(size=(28 + 7 * 100, 2))), tries=10)

    assert len(found.tries) <= 10
    assert sum(one.kept for one in found.tries) == len(found.rules) <= 4
    assert all(one.lower >= TERMS.least_gain for one in found.tries)
    assert all(one.kept == (one.p < TERMS.gate_alpha) for one in found.tries if one.kept)


def test_a_set_has_no_more_rules_than_it_may() -> None:
    errors = leaning(np.random.default_rng(9), 100, lean=1.5)
    errors[3::7] -= 1.5

    assert len(search(a_scene(errors), most=1).rules) == 1


def test_a_rule_that_costs_squared_error_is_refused() -> None:
    """The median asks for a shift that the rare large errors pay for."""
    errors = np.random.default_rng(10).normal(0.5, 0.1, size=(28 + 7 * 100, 1))
    errors[0::35] = -30.0
    errors[1::7] = errors[2::7] = 0.0

    strict, free = (search(a_scene(errors), squared_margin=margin) for margin in (0.0, 1.0))

    assert free.rules
    assert any(one.p < TERMS.gate_alpha and not one.kept for one in strict.tries)


def test_later_windows_never_move_what_was_estimated() -> None:
    """Selection only accepts or refuses; the first try depends on the mined windows alone."""
    errors = leaning(np.random.default_rng(11), 60, lean=0.8)
    other = errors.copy()
    other[28 + 7 * 36 :] = -3 * other[28 + 7 * 36 :]

    first, second = (search(a_scene(made)).tries[0] for made in (errors, other))

    assert (first.rule, first.mined, first.lower) == (second.rule, second.mined, second.lower)
    assert first.p != second.p


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_median_is_that_of_numpy(size: int) -> None:
    values = np.random.default_rng(size).normal(size=size)

    assert _median(values) == pytest.approx(np.median(values), rel=1e-15)


def test_a_search_reads_a_part_of_many_forecasts_the_same_share_everywhere() -> None:
    known = np.ones((40, 12, 148), dtype=bool)
    known[3, :, :10] = False

    part = thinned(known, 10_000)

    assert part.sum() == pytest.approx(10_000, rel=0.01)
    assert not (part & ~known).any()
    for axes in ((1, 2), (0, 2), (0, 1)):
        shares = part.sum(axis=axes) / known.sum(axis=axes)
        np.testing.assert_allclose(shares, 10_000 / known.sum(), atol=0.04)
    assert thinned(known, known.size) is known


def test_a_part_leads_to_nearly_the_same_rule() -> None:
    errors = leaning(np.random.default_rng(12), 60, lean=1.0, series=8)
    scene = a_scene(np.tile(errors, (1, 30)))
    scene = replace(scene, ids=tuple(map(str, range(240))))

    (first, *_) = search(scene).rules

    assert first.when == MONDAY
    assert first.shift == pytest.approx(float(np.median(errors[28 : 28 + 7 * 36][::7])) * 36 / 46, abs=0.02)
