"""Rules of cleaning: what each does, what they refuse, that all of it is on record, and that none looks ahead."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.cleaning import INVENTED, LOG_COLUMNS, CleaningOptions, observed, repeated
from quality_samples import START, cleaned, findings, rules, table, thresholds, usual

ODD, WHEN = 150, pd.Timestamp(START) + pd.DateOffset(months=150)
EVERYTHING = (
    {"series": "a", "kinds": ["outlier"], "policy": "winsorise"},
    {"series": "b", "kinds": ["outlier", "gap"], "policy": "last_value", "max_age": 2},
    {"series": "c", "kinds": ["gap", "outlier"], "policy": "seasonal_last", "max_age": 24},
    {"series": "*", "kinds": ["unit"], "policy": "rescale"},
    {"series": "*", "kinds": ["range"], "policy": "set_missing"},
)


def with_outlier(size: float = 60.0) -> np.ndarray:
    values = usual()
    values[ODD] += size
    return values


def rule(policy: str, kind: str = "outlier", **more: object) -> CleaningOptions:
    return rules({"series": "*", "kinds": [kind], "policy": policy} | more)


def value_at(rows: pd.DataFrame, when: pd.Timestamp = WHEN) -> list[float]:
    return rows.loc[rows["ds"] == when, "y"].tolist()


def in_months(log: pd.DataFrame) -> pd.DataFrame:
    """The entries about the planted outlier; clean months may have a false alarm."""
    return log[log["ds"] == WHEN].reset_index(drop=True)


@pytest.mark.parametrize("policy", ["keep", "flag"])
def test_policy_that_changes_nothing_changes_nothing(policy: str) -> None:
    rows, log = cleaned(table(with_outlier()), rule(policy))

    pd.testing.assert_frame_equal(cleaned(table(with_outlier()), rules())[0], rows)
    assert (policy == "flag") == len(in_months(log))


def test_set_missing_takes_the_value_out_and_logs_it() -> None:
    rows, log = cleaned(table(with_outlier()), rule("set_missing"))

    assert [] == value_at(rows)
    assert list(LOG_COLUMNS) == list(log)
    assert ["a", "outlier", "set_missing", with_outlier()[ODD]] == (
        in_months(log).loc[0, ["unique_id", "kind", "policy", "original"]].tolist()
    )
    assert np.isnan(in_months(log)["value"][0])


@pytest.mark.parametrize("size", [60.0, -60.0])
def test_winsorise_moves_to_the_bound_that_the_past_sets(size: float) -> None:
    rows, log = cleaned(table(with_outlier(size)), rule("winsorise"))
    calm, _ = cleaned(table(with_outlier(0.0)), rules())

    (moved,) = value_at(rows)
    assert np.sign(size) * (with_outlier(size)[ODD] - moved) > 0
    assert abs(moved - value_at(calm)[0]) < 6 * 3
    assert [moved] == in_months(log)["value"].tolist()


def test_winsorise_of_a_range_moves_to_the_declared_bound() -> None:
    values = usual(level=5000)
    values[ODD] = -3
    limits = [{"series": "*", "low": 0, "high": None}]

    rows, _ = cleaned(table(values), rule("winsorise", "range"), ranges=limits)

    assert [0.0] == value_at(rows)
    np.testing.assert_array_equal(np.delete(values, ODD), np.delete(rows["y"].to_numpy(), ODD))


def test_last_value_repeats_the_newest_value_that_is_trusted() -> None:
    values = with_outlier()
    values[ODD + 1] += 60

    rows, _ = cleaned(table(values), rule("last_value", max_age=2))

    assert [values[ODD - 1]] == value_at(rows)
    assert [values[ODD - 1]] == value_at(rows, WHEN + pd.DateOffset(months=1))


def test_value_that_is_too_old_is_not_repeated() -> None:
    values = with_outlier()
    values[ODD + 1] += 60

    rows, log = cleaned(table(values), rule("last_value", max_age=1))

    assert [] == value_at(rows, WHEN + pd.DateOffset(months=1))
    assert 2 == log["ds"].isin([WHEN, WHEN + pd.DateOffset(months=1)]).sum()


def test_seasonal_last_repeats_the_same_month() -> None:
    rows, _ = cleaned(table(with_outlier()), rule("seasonal_last", max_age=12))

    assert [with_outlier()[ODD - 12]] == value_at(rows)


def test_rescale_undoes_a_change_of_unit() -> None:
    values = usual(level=500)
    values[ODD:] /= 1000

    rows, log = cleaned(table(values), rule("rescale", "unit"))

    np.testing.assert_allclose(usual(level=500), rows["y"])
    assert 30 == len(log)
    pd.testing.assert_series_equal(log["original"] * 1000, log["value"], check_names=False)


def test_fraction_and_percent_of_one_rate_give_one_internal_value() -> None:
    percent = usual(level=50) / 10
    mixed = percent.copy()
    mixed[ODD:] /= 100

    rows, _ = cleaned(table(percent, mixed), rule("rescale", "unit"))

    np.testing.assert_allclose(rows.loc[rows["unique_id"] == "a", "y"], rows.loc[rows["unique_id"] == "b", "y"])


def test_gap_is_filled_from_before_also_at_the_end() -> None:
    values = usual()
    values[100:104] = np.nan
    values[178:] = np.nan

    rows, log = cleaned(table(values), rule("last_value", "gap", max_age=3), as_of="2014-12-01")

    assert [values[99]] * 3 == log["value"].iloc[:3].tolist()
    assert [values[177]] * 2 == log["value"].iloc[3:].tolist()
    assert 179 == len(rows)
    assert rows["available_at"].notna().all()


def test_first_rule_that_fits_counts() -> None:
    chosen = rules(
        {"series": "a", "kinds": ["outlier"], "policy": "keep"},
        {"series": "*", "kinds": ["outlier"], "policy": "set_missing"},
    )

    rows, log = cleaned(table(with_outlier(), with_outlier()), chosen)

    assert ["b"] == rows.loc[rows["ds"] == WHEN, "unique_id"].map({"a": "b"}).tolist()
    assert {"b"} == set(log["unique_id"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"policy": "interpolate"}, "would read values after the gap"),
        ({"policy": "rescale"}, "policy rescale does not apply to outlier"),
        ({"policy": "winsorise", "kinds": ["gap"]}, "policy winsorise does not apply to gap"),
        ({"policy": "last_value"}, "needs a max_age in periods"),
        ({"policy": "delete"}, "Input should be"),
        ({"policy": "keep", "kinds": []}, "at least 1 item"),
        ({"policy": "keep", "serie": "a"}, "Unexpected keyword argument|unexpected"),
    ],
)
def test_rule_that_makes_no_sense_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rules({"series": "*", "kinds": ["outlier"]} | given)


def test_mark_of_a_cycle_changes_with_rules_that_change_values_only() -> None:
    marks = [options.mark(thresholds()) for options in (rules(), rule("flag"), rule("set_missing"), rule("winsorise"))]

    assert ["", ""] == marks[:2]
    assert 3 == len(set(marks))
    assert marks[2] != rule("set_missing").mark(thresholds(threshold=7.0))
    assert marks[2] == rule("set_missing").mark(thresholds(minimum_quality=0.1))


def test_outcomes_are_what_was_observed() -> None:
    values = usual()
    values[ODD] += 60
    values[100] = np.nan
    chosen = rules(
        {"series": "*", "kinds": ["outlier"], "policy": "winsorise"},
        {"series": "*", "kinds": ["gap"], "policy": "last_value", "max_age": 1},
    )

    rows, log = cleaned(table(values), chosen)
    seen = observed(rows, log)

    pd.testing.assert_frame_equal(seen, cleaned(table(values), rules())[0])
    assert {"last_value"} == set(log.loc[log["policy"].isin(INVENTED), "policy"])
    assert observed(rows, log.iloc[:0]) is rows


def test_repeated_reads_whole_steps_back() -> None:
    values = np.array([[1.0], [2.0], [np.nan], [np.nan], [np.nan]])

    assert [2.0, 2.0, np.nan] == pytest.approx(repeated(values, step=1, max_age=2)[2:, 0], nan_ok=True)
    assert [1.0, 2.0, 1.0] == pytest.approx(repeated(values, step=2, max_age=4)[2:, 0], nan_ok=True)


@st.composite
def worlds(draw: st.DrawFn) -> list[np.ndarray]:
    """Three series with gaps, outliers, shifts and changes of unit anywhere."""
    series = []
    for seed in range(3):
        values = usual(months=90, seed=seed + draw(st.integers(0, 5)))
        for _ in range(draw(st.integers(0, 4))):
            start, length = draw(st.integers(36, 89)), draw(st.integers(1, 12))
            part = slice(start, start + length)
            values[part] = draw(
                st.sampled_from([values[part] + 80, values[part] * 1000, -values[part], np.nan * values[part]])
            )
        series.append(values)
    return series


@settings(max_examples=5, deadline=None)
@given(series=worlds(), cut=st.integers(20, 89), seed=st.integers(0, 2**32 - 1))
def test_nothing_after_a_period_changes_what_becomes_of_values_up_to_it(
    series: list[np.ndarray], cut: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    options, limits = rules(*EVERYTHING), [{"series": "*", "low": -500, "high": None}]
    when = pd.Timestamp(START) + pd.DateOffset(months=cut)
    permuted = [np.concatenate([values[: cut + 1], rng.permutation(values[cut + 1 :])]) for values in series]
    replaced = [np.concatenate([values[: cut + 1], 1e6 * rng.normal(size=89 - cut)]) for values in series]

    source = table(*series)
    then = cleaned(source, options, as_of=str(when), ranges=limits)
    later = [cleaned(table(*world), options, as_of="2007-06-01", ranges=limits) for world in (series, permuted)]
    later.append(cleaned(table(*replaced), options, ranges=limits))
    deleted = cleaned(source[source["month"] <= when], options, as_of=str(when), ranges=limits)

    for made in (*later, deleted):
        for one, other in zip(then, made, strict=True):
            until = other[other["ds"] <= when].reset_index(drop=True)
            pd.testing.assert_frame_equal(one, until, check_exact=True)


@settings(max_examples=5, deadline=None)
@given(series=worlds())
def test_every_value_is_kept_or_on_record(series: list[np.ndarray]) -> None:
    source = table(*series)
    before, _ = cleaned(source, rules())
    after, log = cleaned(source, rules(*EVERYTHING))

    keys = ["unique_id", "ds"]
    both = before.merge(after, on=keys, how="outer", suffixes=("", "_new"), indicator=True)
    changed = both[both["y"].ne(both["y_new"])]
    logged = changed.merge(log, on=keys, how="left")
    assert logged["policy"].notna().all()
    pd.testing.assert_series_equal(logged["y"], logged["original"], check_names=False)
    pd.testing.assert_series_equal(logged["y_new"], logged["value"], check_names=False)
    assert not log.duplicated(keys).any()


def test_rules_leave_the_findings_alone() -> None:
    source = table(with_outlier())
    before = findings(source).table

    cleaned(source, rule("set_missing"))

    pd.testing.assert_frame_equal(before, findings(source).table)
