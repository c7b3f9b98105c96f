"""Overlays correct forecasts only where that was worth it on later cutoffs."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.overlays import OverlayDefinition, OverlayInput, UnknownInput, trace
from pulse_kedro.domain.panel import QUANTILE_COLUMNS, frequency
from pulse_kedro.domain.rules.corrector import OverlayOptions, correct, weigh

MONTHLY = frequency("monthly")
CUTOFFS, STEPS, SERIES = 72, 3, 4
TIMES = MONTHLY.grid(pd.Timestamp("2000-01-01"), pd.Timestamp("2006-12-01"))
AS_OF = TIMES[CUTOFFS + STEPS - 1]


def options(**changes: object) -> OverlayOptions:
    """The terms of conf/base with one overlay that reads the series s0."""
    given = {
        "definitions": (OverlayDefinition(name="mood", inputs=(OverlayInput(series="s0"),)),),
        "strength": 1.0,
        "largest": 0.5,
        "breaker": 5.0,
        "least_gain": 0.05,
        "level": 0.05,
        "minimum_cutoffs": 24,
        "suspicious_share": 0.3,
    }
    return OverlayOptions(**(given | changes))


def world(effect: float, noise: float = 0.1, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A backtest whose residuals follow an overlay, and the overlay."""
    rng = np.random.default_rng(seed)
    mood = 0.5 + 0.4 * np.sin(np.arange(len(TIMES)) * 0.7)
    overlays = pd.DataFrame({"ds": TIMES, "overlay": "mood", "value": mood, "inputs": 1})
    k, h, s = (part.ravel() for part in np.indices((CUTOFFS, STEPS, SERIES)))
    backtest = pd.DataFrame(
        {
            "unique_id": [f"s{number}" for number in s],
            "cutoff": TIMES[k],
            "step": h + 1,
            "model": "combination",
            "recipe": "r",
            "y_hat": 100.0,
            "scale": 2.0,
            "y": 100.0 + 2.0 * (effect * (mood[k] - 0.5) + rng.normal(0, noise, len(k))),
        }
    )
    return backtest, overlays


def weighed(effect: float, **changes: object) -> tuple[dict[str, object], pd.DataFrame]:
    backtest, overlays = world(effect)
    ablation, correction = weigh(backtest, overlays, options(**changes), recipe="r", freq=MONTHLY, as_of=AS_OF)
    return {name: getattr(ablation, name) for name in ablation.__slots__}, correction


def test_a_true_effect_is_kept_and_found_again() -> None:
    ablation, correction = weighed(1.0)

    assert ablation["kept"]
    assert ablation["low"] > 0.05
    moved = correction[correction["unique_id"] != "s0"]["correction"]
    now = 0.4 * np.sin((CUTOFFS + STEPS - 1) * 0.7)
    np.testing.assert_allclose(moved, now, atol=0.12)  # the ridge pulls the coefficient of 1 towards 0


def test_a_series_is_not_corrected_by_an_overlay_that_reads_it() -> None:
    _, correction = weighed(1.0)

    assert (correction.loc[correction["unique_id"] == "s0", "correction"] == 0).all()


def test_noise_earns_nothing() -> None:
    ablation, correction = weighed(0.0)

    assert not ablation["kept"]
    assert correction.empty
    assert "do not correct" in str(ablation["reason"])


def test_a_correction_is_bounded() -> None:
    _, correction = weighed(4.0)

    assert correction["correction"].abs().max() <= 0.5


def test_a_breakdown_corrects_nothing() -> None:
    ablation, _ = weighed(40.0, breaker=5.0)

    assert ablation["broken"] > 0


def test_an_explanation_too_good_is_said_to_be_suspicious() -> None:
    ablation, _ = weighed(1.0)

    assert str(ablation["warning"]).startswith("Overlays explain")


def test_too_few_cutoffs_decide_nothing() -> None:
    ablation, correction = weighed(1.0, minimum_cutoffs=40)

    assert not ablation["kept"]
    assert "too few" in str(ablation["reason"])
    assert correction.empty


def test_without_overlays_nothing_is_read() -> None:
    ablation, correction = weigh(
        pd.DataFrame(), pd.DataFrame(), options(definitions=()), recipe="r", freq=MONTHLY, as_of=AS_OF
    )

    assert ("No overlay is defined.", 0) == (ablation.reason, len(correction))


def test_nothing_later_than_its_cutoff_is_known_to_a_correction() -> None:
    """K11: outcomes after a cutoff change no correction at it; here the last ones, which no judged cutoff knew."""
    backtest, overlays = world(1.0)
    late = backtest["cutoff"] == backtest["cutoff"].max()
    changed = backtest.assign(y=backtest["y"].where(~late, 0.0))

    first, second = (
        weigh(rows, overlays, options(), recipe="r", freq=MONTHLY, as_of=AS_OF)[0] for rows in (backtest, changed)
    )

    assert first.broken == second.broken
    assert first.corrected != second.corrected


def test_quantiles_move_together() -> None:
    forecasts = pd.DataFrame(
        {"unique_id": ["a", "b"], "step": [1, 1]} | {name: [10.0, 20.0] for name in QUANTILE_COLUMNS}
    )
    correction = pd.DataFrame({"unique_id": ["a"], "step": [1], "correction": [0.5]})

    moved = correct(forecasts, QUANTILE_COLUMNS, correction, {"a": 4.0, "b": 4.0})

    assert [12.0, 20.0] == moved["q500"].tolist()
    assert [12.0, 20.0] == moved["q025"].tolist()


def test_an_unknown_series_is_named() -> None:
    panel = pd.DataFrame({"unique_id": ["PAYNSA"] * 2, "ds": TIMES[:2], "y": [1.0, 2.0]})
    wrong = OverlayDefinition(name="mood", inputs=(OverlayInput(series="PAYNSB"),))

    with pytest.raises(UnknownInput, match="Did you mean 'PAYNSA'"):
        trace(panel, MONTHLY, [wrong])
