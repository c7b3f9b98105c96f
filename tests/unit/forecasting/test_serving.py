"""What a stored bundle answers, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from bundles import a_bundle
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.serving import NotServed, answer


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Three series of sixty months, the second one not served; twelve steps."""
    return a_bundle()


@pytest.mark.parametrize(
    "asked", [pd.DataFrame(), pd.DataFrame({"unique_id": []}), pd.DataFrame({"note": ["x"]})], ids=str
)
def test_without_a_question_everything_is_answered(bundle: Bundle, asked: pd.DataFrame) -> None:
    assert bundle.forecast().equals(answer(bundle, asked))


@pytest.mark.parametrize(
    ("expected", "asked"),
    [
        ({"s2": 12}, {"unique_id": ["s2"]}),
        ({"s0": 3, "s2": 1}, {"unique_id": ["s2", "s0"], "step": [1, 3]}),
        ({"s0": 5, "s2": 5}, {"step": [5]}),
        ({"s0": 4}, {"unique_id": ["s0", "s0"], "step": [2, 4]}),
        ({"s0": 12}, {"unique_id": ["s0"], "step": [np.nan]}),
        ({"s0": 7, "s2": 2}, {"unique_id": ["s0", None], "step": [7, 2]}),
    ],
    ids=str,
)
def test_each_series_is_answered_up_to_its_step(
    bundle: Bundle, expected: dict[str, int], asked: dict[str, list[object]]
) -> None:
    rows = answer(bundle, pd.DataFrame(asked))

    assert expected == rows.groupby("unique_id")["step"].max().to_dict()
    assert sum(expected.values()) == len(rows)
    assert list(range(len(rows))) == rows.index.tolist()
    whole = bundle.forecast().set_index(["unique_id", "step"])
    pd.testing.assert_frame_equal(
        whole.loc[rows.set_index(["unique_id", "step"]).index].reset_index(), rows[[*whole.reset_index()]]
    )


@pytest.mark.parametrize(
    ("match", "asked"),
    [
        (r"got 's1', expected one of s0, s2\.", {"unique_id": ["s1"]}),
        (r"got 's00'.* Did you mean 's0'\?", {"unique_id": ["s00"]}),
        (r"got 13, expected one of 1, 2, 3, 4, 5 … \(12 in all\)", {"step": [13]}),
        ("got 0, expected", {"unique_id": ["s0"], "step": [0]}),
        ("got 1.5, expected", {"step": [1.5]}),
    ],
    ids=str,
)
def test_what_is_not_served_is_refused_with_what_is(bundle: Bundle, match: str, asked: dict[str, list[object]]) -> None:
    with pytest.raises(NotServed, match=match):
        answer(bundle, pd.DataFrame(asked))
