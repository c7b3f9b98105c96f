"""The datasets on a real folder and database, as the catalog would use them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

import pulse_kedro
from pulse_kedro.adapters.stores.files import DamagedFile
from pulse_kedro.adapters.stores.snapshots import UnknownSnapshot
from pulse_kedro.datasets import client_dataset
from pulse_kedro.datasets.client_dataset import BundleCheckDataset, CodeVersionDataset
from pulse_kedro.datasets.html_dataset import HtmlDataset
from pulse_kedro.datasets.registry_dataset import CandidatesDataset, ChampionDataset, LostChampion
from pulse_kedro.datasets.snapshot_dataset import SnapshotDataset
from pulse_kedro.datasets.store_dataset import CycleRecordDataset, HistoryDataset, LedgerDataset
from pulse_kedro.domain.history import HeadMoved
from pulse_kedro.forecasting.baselines import empty_baseline
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.bundle_files import DamagedBundle, seal
from pulse_kedro.forecasting.combination import Choice
from pulse_kedro.forecasting.recipe import recipe_from_dict
from records import a_cycle, a_record, a_snapshot, flip_a_bit, outcomes

FIRST = a_cycle("2018-12-01")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/pulse.db"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "06_models"


def a_bundle(last: float = 3.0) -> Bundle:
    """One naive member on one series: forecasts the last value, with an interval of fixed width."""
    recipe = {
        "horizon": 2,
        "season_length": 1,
        "members": [{"kind": "naive"}],
        "combination": {"warm_up": 2, "standard_errors": 1.0},
        "intervals": {
            "calibration_cutoffs": 12,
            "tracking_start": 2,
            "pooling": 1.0,
            "learning_rate": 0.1,
            "widest": 4.0,
        },
    }
    tail = np.array([[1.0], [2.0], [last]])
    bundle = Bundle(
        recipe=recipe_from_dict(recipe),
        frequency="monthly",
        ids=("a",),
        known_until=pd.Timestamp("2018-12-01"),
        panel_digest="p",
        snapshot="s",
        parent=None,
        members={"naive": empty_baseline("naive", horizon=2, season_length=1, series=1).update(tail, "")},
        choice=Choice(name="median", rule="median", weights=np.array([1.0])),
        spread=np.tile(np.linspace(-1, 1, 13), (2, 1, 1)),
        golden=np.full((2, 1), last),
        served=np.array([True]),
        widths=np.ones(2),
        calibration_cutoffs=12,
    )
    return seal(bundle)


def test_saving_the_record_commits_and_loading_it_gives_the_committed_cycle(url: str) -> None:
    dataset = CycleRecordDataset(url=url)

    dataset.save(a_record(FIRST))

    assert (FIRST.key, "main") == (dataset.load().key, dataset.load().line)
    assert FIRST.key == HistoryDataset(url=url).load().head
    assert 24 == len(LedgerDataset(url=url).load().forecasts)
    assert CycleRecordDataset(url=url).exists()


def test_the_record_that_was_saved_is_loaded_although_it_was_committed_long_ago(url: str) -> None:
    CycleRecordDataset(url=url).save(a_record(FIRST))
    second = a_cycle("2019-01-01", (FIRST.key,))
    CycleRecordDataset(url=url).save(a_record(second, known=outcomes(second)))
    again = CycleRecordDataset(url=url)

    again.save(a_record(FIRST))

    assert FIRST.key == again.load().key
    assert second.key == CycleRecordDataset(url=url).load().key


def test_a_refused_commit_can_be_told_by_its_cause(url: str) -> None:
    CycleRecordDataset(url=url).save(a_record(FIRST))

    with pytest.raises(DatasetError, match="run the same command again") as caught:
        CycleRecordDataset(url=url).save(a_record(a_cycle("2019-01-01")))

    assert isinstance(caught.value.__cause__, HeadMoved)


def test_the_ledger_is_read_once_until_a_cycle_is_committed(url: str) -> None:
    ledger, second = LedgerDataset(url=url), a_cycle("2019-01-01", (FIRST.key,))
    CycleRecordDataset(url=url).save(a_record(FIRST))

    first, again = ledger.load(), ledger.load()
    CycleRecordDataset(url=url).save(a_record(second, known=outcomes(second)))
    later = ledger.load()

    assert first is again
    assert (24, 48) == (len(first.forecasts), len(later.forecasts))
    ledger.release()
    assert later is not ledger.load()


def test_readers_leave_no_file_behind(url: str, tmp_path: Path) -> None:
    HistoryDataset(url=url).load()
    LedgerDataset(url=url).load()
    ChampionDataset(path=f"{tmp_path}/bundles", url=url).load()

    assert [] == list(tmp_path.iterdir())


def test_a_snapshot_is_loaded_through_its_pointer(url: str, tmp_path: Path) -> None:
    dataset = SnapshotDataset(filepath=f"{tmp_path}/02/snapshot.json", url=url)
    dataset.save(a_snapshot(0.5))

    dataset.save(a_snapshot())

    assert a_snapshot() == dataset.load()
    pd.testing.assert_frame_equal(a_snapshot().rows, dataset.load().rows)
    assert ["s0.1.parquet", "s0.5.parquet"] == sorted(path.name for path in (tmp_path / "02/snapshots").iterdir())


def test_a_damaged_snapshot_is_refused(url: str, tmp_path: Path) -> None:
    dataset = SnapshotDataset(filepath=f"{tmp_path}/snapshot.json", url=url)
    dataset.save(a_snapshot())
    flip_a_bit(tmp_path / "snapshots/s0.1.parquet")

    with pytest.raises(DatasetError) as caught:
        dataset.load()

    assert isinstance(caught.value.__cause__, DamagedFile)


def test_a_pointer_without_its_database_is_refused(url: str, tmp_path: Path) -> None:
    SnapshotDataset(filepath=f"{tmp_path}/snapshot.json", url=url).save(a_snapshot())
    (tmp_path / "pulse.db").unlink()

    with pytest.raises(DatasetError) as caught:
        SnapshotDataset(filepath=f"{tmp_path}/snapshot.json", url=url).load()

    assert isinstance(caught.value.__cause__, UnknownSnapshot)


def test_candidates_stand_under_their_digests_and_come_back_by_role(models: Path) -> None:
    dataset = CandidatesDataset(filepath=f"{models}/candidates.json")

    dataset.save({"champion": a_bundle(), "challenger": a_bundle(4.0)})

    found = dataset.load()
    digests = {"champion": a_bundle().digest, "challenger": a_bundle(4.0).digest}
    assert digests == {role: bundle.digest for role, bundle in found.items()}
    assert digests == json.loads((models / "candidates.json").read_text(encoding="utf-8"))
    assert sorted(digests.values()) == sorted(path.name for path in (models / "bundles").iterdir())


def test_candidates_saved_again_leave_whole_bundles_alone_and_replace_damaged_ones(models: Path) -> None:
    dataset = CandidatesDataset(filepath=f"{models}/candidates.json")
    dataset.save({"champion": a_bundle(), "challenger": a_bundle(4.0)})
    whole = models / "bundles" / a_bundle(4.0).digest
    before = whole.stat().st_ino
    flip_a_bit(models / "bundles" / a_bundle().digest / "naive.safetensors")

    with pytest.raises(DatasetError) as caught:
        dataset.load()
    dataset.save({"champion": a_bundle(), "challenger": a_bundle(4.0)})

    assert isinstance(caught.value.__cause__, DamagedBundle)
    assert a_bundle().digest == dataset.load()["champion"].digest
    assert before == whole.stat().st_ino


def test_a_whole_bundle_under_the_name_of_another_is_refused(models: Path) -> None:
    dataset = CandidatesDataset(filepath=f"{models}/candidates.json")
    dataset.save({"champion": a_bundle(), "challenger": a_bundle(4.0)})
    folder = models / "bundles"
    (folder / a_bundle().digest).rename(folder / "away")
    (folder / a_bundle(4.0).digest).rename(folder / a_bundle().digest)

    with pytest.raises(DatasetError, match="the digest that names the folder"):
        dataset.load()


def test_the_champion_of_each_cycle_is_loaded_when_asked_for(url: str, models: Path) -> None:
    CandidatesDataset(filepath=f"{models}/candidates.json").save({"champion": a_bundle()})
    CycleRecordDataset(url=url).save(replace(a_record(FIRST), bundle=a_bundle().digest))
    second = a_cycle("2019-01-01", (FIRST.key,))
    CycleRecordDataset(url=url).save(replace(a_record(second), bundle="lost"))

    found = ChampionDataset(path=f"{models}/bundles", url=url).load()

    assert {FIRST.key, second.key, a_bundle().digest, "lost"} == set(found)
    assert [3.0, 3.0] == found[FIRST.key]().points()[:, 0].tolist()
    with pytest.raises(LostChampion, match=r"bundles/lost, where it is incomplete.* as_of=2019-01-01"):
        found[second.key]()


def test_a_bundle_is_checked_in_a_process_of_its_own(models: Path) -> None:
    CandidatesDataset(filepath=f"{models}/candidates.json").save({"champion": a_bundle()})
    check = BundleCheckDataset(path=f"{models}/bundles").load()

    sound = check(a_bundle().digest)
    flip_a_bit(models / "bundles" / a_bundle().digest / "naive.safetensors")
    damaged = check(a_bundle().digest)

    assert (True, []) == (sound["ok"], sound["problems"])
    assert damaged["ok"] is False
    assert "naive.safetensors differs from its hash" in str(damaged["problems"])


def test_a_check_without_an_answer_in_time_is_a_problem(models: Path) -> None:
    found = BundleCheckDataset(path=str(models), seconds=0.01).load()("any")

    assert (False, ["no answer within 0.01 seconds"]) == (found["ok"], found["problems"])


@pytest.mark.parametrize(
    ("code", "answer", "complaint", "expected"),
    [
        (0, '{"ok": true, "problems": []}', "", []),
        (0, '{"ok": false, "problems": ["quantiles cross"]}', "", ["quantiles cross"]),
        (0, "", "", ["the checking process gave no answer"]),
        (1, "", "Traceback\nImportError: no numpy", ["ImportError: no numpy"]),
        (-9, "", "", ["the checking process ended with code -9"]),
    ],
)
def test_whatever_the_checking_process_does_becomes_a_verdict(
    code: int, answer: str, complaint: str, expected: list[str]
) -> None:
    child = subprocess.CompletedProcess([], code, answer, complaint)

    found = client_dataset._verdict(child)  # noqa: SLF001  # no child can be made to do all of this

    assert (not expected, expected) == (found["ok"], found["problems"])


def test_the_code_version_changes_with_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "__init__.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setattr(pulse_kedro, "__file__", str(tmp_path / "__init__.py"))
    before = CodeVersionDataset().load()

    (tmp_path / "part/module.py").touch()
    added = CodeVersionDataset().load()
    (tmp_path / "part/module.py").write_text("y = 2\n", encoding="utf-8")
    edited = CodeVersionDataset().load()

    assert 3 == len({before, added, edited})
    assert before.startswith(f"{pulse_kedro.__version__}+")


def test_a_page_is_replaced_and_shown(tmp_path: Path) -> None:
    dataset = HtmlDataset(filepath=f"{tmp_path}/08/page.html")
    dataset.save("<p>old</p>")

    dataset.save("<p>è nuovo</p>")

    assert "<p>è nuovo</p>" == dataset.load() == dataset.preview()
    assert "HTMLPreview" in str(HtmlDataset.preview.__annotations__["return"])


def test_making_every_dataset_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pulse_kedro.datasets import client_dataset, figure_dataset, html_dataset, registry_dataset;"
        "from pulse_kedro.datasets import snapshot_dataset, store_dataset;"
        "sys.exit(' '.join({'sqlalchemy', 'alembic', 'mlflow', 'torch', 'plotly'} & set(sys.modules)))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # our own words

    assert "" == child.stderr.strip()
