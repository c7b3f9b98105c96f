"""The closed table of steps, what a list of them makes, and what is refused with a reason."""

import pickle

import pytest
from pydantic import TypeAdapter, ValidationError

from feature_samples import ALL_INDICATORS, FAMILY, feature_options, steps
from pulse_kedro.domain.data_management.features.definition import (
    STEPS,
    RepeatedColumn,
    TooManyFeatures,
    UnknownColumn,
    UnknownStep,
    as_plain,
    definition_hash,
    plan,
    steps_from,
)
from pulse_kedro.domain.errors import PulseError

NAMES = ("impute", "scale", "lags", "rolling", "calendar", "fourier")
EVERYTHING = [step for name in NAMES for step in FAMILY[name]]


def test_the_table_holds_every_type() -> None:
    names = ["scale", "impute", "indicators", "lags", "rolling", "calendar", "fourier", "holidays", "spectral", "graph"]

    assert names == list(STEPS)
    assert set(names) == {step["type"] for family in FAMILY.values() for step in family}


def test_an_unknown_step_is_named_with_the_nearest_one() -> None:
    with pytest.raises(UnknownStep, match=r"got type 'lag', expected one of scale, impute, .*Did you mean 'lags'"):
        steps({"type": "lag", "lags": [1]})
    with pytest.raises(UnknownStep, match="got type ''"):
        feature_options([{"lags": [1]}])


def test_a_setting_that_no_step_has_is_refused() -> None:
    with pytest.raises(ValidationError, match="lag"):
        steps({"type": "lags", "lag": [1]})


def test_a_column_that_is_not_there_is_named_with_the_nearest_one() -> None:
    with pytest.raises(UnknownColumn, match=r"step 'lags' failed: got column 'y_fild', .* Did you mean 'y_filled'"):
        plan(steps({"type": "impute"}, {"type": "lags", "columns": ["y_fild"], "lags": [1]}), unit="pieces")


def test_a_step_cannot_read_what_comes_below_it() -> None:
    with pytest.raises(UnknownColumn, match="got column 'y_filled', expected one of y"):
        plan(steps({"type": "scale", "columns": ["y_filled"]}, {"type": "impute"}), unit="pieces")


def test_a_column_is_made_once() -> None:
    with pytest.raises(RepeatedColumn, match="'lags' failed: got column 'y_lag1' a second time"):
        plan(steps({"type": "lags", "lags": [1]}, {"type": "lags", "lags": [2, 1]}), unit="pieces")


def test_more_than_a_thousand_columns_are_refused() -> None:
    many = {"type": "lags", "lags": list(range(1, 1001))}

    assert 1000 == len(plan(steps(many), unit="pieces")[0][1])
    with pytest.raises(TooManyFeatures, match="got 1001 columns, expected at most 1000"):
        plan(steps(many, {"type": "lags", "lags": [1001]}), unit="pieces")


@pytest.mark.parametrize(
    "error",
    [
        UnknownStep("x", ("a", "b")),
        UnknownColumn("lags", "x", ("y",)),
        RepeatedColumn("lags", "y_lag1"),
        TooManyFeatures(1001),
    ],
)
def test_an_error_survives_a_worker(error: PulseError) -> None:
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  # our own bytes


def test_horizons_and_look_backs_add_up_along_a_chain() -> None:
    chain = steps(
        {"type": "impute", "maximum_age": 3},
        {"type": "lags", "columns": ["y_filled"], "lags": [2]},
        {"type": "rolling", "columns": ["y_filled_lag2"], "windows": [5], "statistics": ["mean"], "shift": 1},
        {"type": "calendar", "fields": ["month"]},
    )

    found = {column.name: column for _, own in plan(chain, unit="pieces") for column in own}

    assert (0, 3) == (found["y_filled"].leakage_horizon, found["y_filled"].look_back)
    last = found["y_filled_lag2_mean_5_shift1"]
    assert (3, 3 + 2 + 5) == (last.leakage_horizon, last.look_back)
    assert (last.fitted, last.unit, last.kind) == (True, "pieces", "number")
    assert (None, 0) == (found["calendar_month"].leakage_horizon, found["calendar_month"].look_back)
    assert ("flag", "1") == (found["y_missing"].kind, found["y_missing"].unit)


def test_units_follow_what_is_computed() -> None:
    planned = plan(steps({"type": "indicators", "of": ALL_INDICATORS}, {"type": "scale"}), unit="pieces")

    units = {column.name: column.unit for _, columns in planned for column in columns}

    assert ["pieces", "0 to 100", "1", "pieces", "1"] == [
        units[name] for name in ("y_sma_14", "y_rsi_14", "y_volatility_14", "y_momentum_14", "y_scaled")
    ]


def test_d16_a_block_that_is_off_is_no_part_of_the_definition() -> None:
    off: list[dict[str, object]] = [{"type": "spectral", "window": 12}, {"type": "graph"}]

    assert definition_hash(steps(*EVERYTHING)) == definition_hash(steps(*EVERYTHING, *off))
    assert definition_hash(steps(*EVERYTHING)) != definition_hash(
        steps(*EVERYTHING, {"type": "graph", "enabled": True})
    )
    assert plan(steps(*EVERYTHING), unit="1") == plan(steps(*EVERYTHING, *off), unit="1")


def test_the_definition_does_not_depend_on_what_the_settings_leave_open() -> None:
    assert definition_hash(steps({"type": "impute"})) == definition_hash(
        steps({"maximum_age": 3, "columns": ["y"], "type": "impute"})
    )
    assert definition_hash(steps({"type": "impute"})) != definition_hash(steps({"type": "impute", "maximum_age": 2}))


def test_steps_go_to_json_and_back() -> None:
    found = steps(*EVERYTHING)

    assert found == steps_from(as_plain(found))


def test_steps_are_frozen() -> None:
    (step,) = steps({"type": "impute"})

    with pytest.raises(AttributeError):
        step.maximum_age = 9  # type: ignore[misc, union-attr]


def test_the_options_explain_themselves_in_their_schema() -> None:
    schemas = [TypeAdapter(step).json_schema() for step in STEPS.values()]

    fields = [field for schema in schemas for field in schema["properties"].values()]
    assert all(field.get("description") for field in fields)
