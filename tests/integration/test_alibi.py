"""alibi-detect as a second opinion: its distance is ours to calibrate, and nobody imports it unasked."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of its own imports: TensorFlow's absence, pkg_resources
def test_distance_grows_with_a_shift_and_vanishes_without() -> None:
    from pulse_kedro.forecasting.alibi import mmd_distance

    rows = np.random.default_rng(0).normal(size=(230, 5))

    assert abs(mmd_distance(rows[:200], rows[200:])) < 0.05 < mmd_distance(rows[:200], rows[200:] + 1)


def test_looking_for_drift_imports_neither_alibi_detect_nor_torch() -> None:
    code = (
        "import sys, pulse_kedro.pipelines.metrics.drift, pulse_kedro.domain.training.ladder\n"
        "print(sorted({'alibi_detect', 'torch', 'scipy.stats'} & set(sys.modules)))"
    )

    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603  # our own

    assert "[]" == answer.stdout.strip()
