"""Planted faults stand in the table of findings with their place and size; shares follow from counts of rows."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.quality.findings import COLUMNS, KINDS, find, keep_largest
from pulse_kedro.domain.data_management.quality.grid import blocks, lay_out
from pulse_kedro.domain.data_management.quality.options import PlausibleRange
from pulse_kedro.domain.data_management.quality.report import score
from pulse_kedro.domain.data_management.quality.stretches import bounds_of, find_repeats
from pulse_kedro.domain.data_management.quality.units import comparable, find_strange_series, medians_of
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import take
from pulse_kedro.domain.panel import frequency
from quality_samples import findings, of_kind, table, thresholds, usual
from source_samples import declare, snapshot_of


def lines(found: pd.DataFrame) -> list[tuple[str, str, str, int]]:
    """Series, first and last month, and count."""
    return [(row.unique_id, f"{row.ds:%Y-%m}", f"{row.until:%Y-%m}", row.n) for row in found.itertuples()]


def test_table_of_findings_is_typed_also_when_it_is_empty() -> None:
    for found in (findings(table(usual())), findings(table(usual(seed=2) + 50 * (np.arange(180) == 100)))):
        assert list(COLUMNS) == list(found.table)
        assert ["object", "object", "datetime64[ns]", "datetime64[ns]", "int64", "float64", "object"] == [
            str(kind) for kind in found.table.dtypes
        ]


def test_outlier_shift_and_unit_are_named_with_place_and_evidence() -> None:
    a, b, c = usual(seed=2), usual(seed=3), usual(seed=4)
    a[100] += 40
    b[100:] -= 40
    c[120:132] *= 1000

    found = findings(table(a, b, c))

    assert [("a", "2008-05", "2008-05", 1)] == lines(of_kind(found, "outlier"))
    assert [("b", "2008-05", "2008-10", 6)] == lines(of_kind(found, "level_shift"))
    assert [("c", "2010-01", "2010-12", 12)] == lines(of_kind(found, "unit"))
    assert 1000 == of_kind(found, "unit")["size"][0]
    assert "1,000 times what it was" in of_kind(found, "unit")["evidence"][0]
    assert "spreads away" in of_kind(found, "outlier")["evidence"][0]
    assert 13 == found.suspicious


def test_gap_and_silence_count_periods() -> None:
    a, b = usual(seed=2), usual(seed=3)
    a[50:53] = np.nan
    b[170:] = np.nan

    found = findings(table(a, b))

    assert [("a", "2004-03", "2004-05", 3)] == lines(of_kind(found, "gap"))
    assert [("b", "2014-03", "2014-12", 10)] == lines(of_kind(found, "stale"))
    assert 0 == found.suspicious


def test_repeats_are_suspicious_where_a_series_does_not_usually_repeat_itself() -> None:
    stuck, counts = usual(seed=2), np.random.default_rng(1).poisson(0.3, 180).astype(float)
    stuck[100:108] = stuck[100]

    found = of_kind(findings(table(stuck, counts)), "constant")

    assert [("a", "2008-05", "2008-12", 8)] == lines(found)


def test_chance_of_a_repeat_is_the_union_bound() -> None:
    values = np.arange(100.0)
    values[50:53] = 50.0
    layout = lay_out(snapshot_of(table(values)).rows, frequency("monthly"))

    # 99 steps; outside the run none repeats: p = 1/99; 99 p^2 = 1/99 is above 0.01, 99 p^3 is not.
    assert 0 == len(find_repeats(layout, 2).length)
    values[53] = 50.0
    layout = lay_out(snapshot_of(table(values)).rows, frequency("monthly"))
    assert [4] == find_repeats(layout, 2).length.tolist()


def test_short_and_constant_series_are_unknown_and_not_fine() -> None:
    found = findings(table(usual(), usual(months=9), np.full(180, 3.0)))

    assert ["b", "c"] == of_kind(found, "unchecked")["unique_id"].tolist()
    assert ["c"] == of_kind(found, "constant")["unique_id"].tolist()


def test_duplicates_and_conflicts_count_rows() -> None:
    source = table(usual())
    again = source.iloc[[3, 3, 5]].reset_index(drop=True)
    again.loc[2, "sales"] += 1

    found = findings(pd.concat([source, again], ignore_index=True))

    assert [("duplicate", 2), ("conflict", 2)] == sorted(
        ((row.kind, row.n) for row in found.table.itertuples() if row.kind in {"duplicate", "conflict"}),
        key=lambda pair: list(KINDS).index(pair[0]),
    )


def test_values_beyond_their_range_are_named_and_a_level_of_5000_is_none_without_one() -> None:
    values = usual(level=5000)
    values[60] = -1.0
    limits = [{"series": "b*", "low": 0, "high": 1}, {"series": "*", "low": 0, "high": None}]

    assert of_kind(findings(table(values)), "range").empty
    assert [("a", "2005-01", "2005-01", 1)] == lines(of_kind(findings(table(values), ranges=limits), "range"))


def test_first_range_that_fits_counts() -> None:
    ranges = [PlausibleRange(series="a*", low=1, high=None), PlausibleRange(series="*", low=None, high=9)]

    low, high = bounds_of(["ab", "b"], ranges)

    assert ([1, -np.inf], [np.inf, 9]) == (low.tolist(), high.tolist())


def test_range_refuses_bounds_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match="has low 2 above high 1"):
        thresholds(ranges=[{"series": "*", "low": 2, "high": 1}])


@pytest.mark.parametrize(("factor", "named"), [(0.01, 0.01), (100.0, 100.0), (1000.0, 1000.0), (-1.0, -1.0)])
def test_series_in_another_unit_than_its_neighbours_is_named(factor: float, named: float) -> None:
    levels = np.geomspace(4, 9, 12)
    series = [level + 0.01 * usual(seed=seed) for seed, level in enumerate(levels)]
    series[7] = series[7] * factor

    found = of_kind(findings(table(*series)), "unit")

    assert [("h", named)] == list(zip(found["unique_id"], found["size"], strict=True))


def test_nothing_is_said_about_neighbours_of_very_different_size() -> None:
    series = [level * usual(seed=seed) for seed, level in enumerate(np.geomspace(0.01, 1000, 12))]
    layout = lay_out(snapshot_of(table(*series)).rows, frequency("monthly"))

    assert not comparable(medians_of(layout))
    assert 0 == len(find_strange_series(layout)[0])


def test_layout_and_blocks_hold_every_value_once() -> None:
    a, b, c = usual(), usual(months=30), usual(seed=9)
    c[40:60] = np.nan
    rows = snapshot_of(table(a, b, c)).rows
    layout = lay_out(rows, frequency("monthly"))

    made = list(blocks(layout, 2))

    assert [(180, 2), (180, 1)] == [block.y.shape for block in made]
    np.testing.assert_array_equal(made[0].y[:, 0], a)
    np.testing.assert_array_equal(made[1].y[:, 0], c)
    assert len(rows) == sum(int((~np.isnan(block.y)).sum()) for block in made)


def test_largest_findings_of_each_kind_are_kept() -> None:
    rows = [("a", kind, size) for kind, sizes in {"gap": (1, 5, 3), "unit": (100,)}.items() for size in sizes]
    found = pd.DataFrame(rows, columns=["unique_id", "kind", "size"])

    assert [("gap", 5), ("unit", 100)] == [
        (kind, size) for kind, size in keep_largest(found, 2)[["kind", "size"]].to_numpy()
    ]
    assert [5, 3, 100] == keep_largest(found, 3)["size"].tolist()


def test_score_is_made_of_counted_rows() -> None:
    source = table(usual())
    bad = source.iloc[[3, 5, 7, 9]].assign(sales=["many", None, *source["sales"].iloc[[7, 9]]])
    source = pd.concat([source.astype({"sales": object}), bad], ignore_index=True)
    options = declare()
    rows, quarantine = split(source, options)
    found = find(take(rows, rows["ds"].max(), options), quarantine, options, thresholds())
    counts = {"in": 184, "kept": 180, "known": 180, "by_rule": quarantine["rule"].value_counts().to_dict()}

    made = score(counts, found, 5, thresholds(minimum_quality=0.98))

    # 180 known, 5 missing, 2 unreadable; 2 duplicates of 184 rows; 144 = 180 - 12 - 24 values were compared.
    assert 180 / 187 == pytest.approx(made["quality"]["value"])
    assert 2 / 184 == pytest.approx(made["duplicates"]["value"])
    assert 0 == made["outliers"]["value"]
    assert (False, True, True, True) == tuple(
        made[name]["holds"] for name in ("quality", "duplicates", "outliers", "examples")
    )
    assert not made["good"]
