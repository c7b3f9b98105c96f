"""Bundles as files: equal bundles are equal bytes, a changed byte is found, an unknown format is refused."""

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundles import a_bundle
from feature_samples import FAMILY, a_table, a_world, steps
from pulse_kedro.domain.data_management.features.fitting import fit_features, transform
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.bundle_files import (
    SCHEMA_VERSION,
    DamagedBundle,
    check,
    encode,
    load_bundle,
    save_bundle,
    seal,
)

FILES = sorted(encode(a_bundle()))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Three series of sixty months."""
    return a_bundle()


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """A stored bundle."""
    save_bundle(bundle, tmp_path / bundle.digest)
    return tmp_path / bundle.digest


def rewrite(folder: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """Change the manifest, and name the folder by its new digest as whoever wrote it would have done."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    text = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(text)
    return folder.rename(folder.with_name(hashlib.sha256(text).hexdigest()))


def test_a_bundle_is_one_file_per_member_one_for_serving_and_a_manifest(bundle: Bundle) -> None:
    expected = {"manifest.json", "serving.safetensors", *(f"{name}.safetensors" for name in bundle.members)}

    assert expected == set(encode(bundle))


def test_equal_bundles_are_equal_bytes_under_equal_digests(bundle: Bundle) -> None:
    again = a_bundle()

    assert encode(bundle) == encode(again)
    assert bundle.digest == again.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: replace(bundle, snapshot="t"),
        lambda bundle: replace(bundle, parent=bundle.digest),
        lambda bundle: replace(bundle, spread=np.nextafter(bundle.spread, np.inf)),
        lambda bundle: replace(bundle, served=~bundle.served),
        lambda bundle: replace(bundle, choice=replace(bundle.choice, name="trimmed mean")),
        lambda _: a_bundle(seed=1),
        lambda _: a_bundle(periods=61),
    ],
    ids=["snapshot", "parent", "spread", "served", "choice", "data", "one month more"],
)
def test_anything_else_is_another_digest(bundle: Bundle, change: Callable[[Bundle], Bundle]) -> None:
    assert bundle.digest != seal(change(bundle)).digest


def test_the_digest_does_not_depend_on_the_seal(bundle: Bundle) -> None:
    assert bundle.digest == seal(bundle.sealed("x")).digest


def test_what_comes_back_is_what_was_saved(bundle: Bundle, folder: Path) -> None:
    loaded = load_bundle(folder)

    assert encode(bundle) == encode(loaded)
    assert (bundle.digest, bundle.recipe, bundle.ids) == (loaded.digest, loaded.recipe, loaded.ids)
    assert (bundle.known_until, bundle.frequency) == (loaded.known_until, loaded.frequency)
    np.testing.assert_array_equal(bundle.points(), loaded.points())
    assert bundle.forecast().equals(loaded.forecast())


def test_a_folder_that_exists_is_left_alone(bundle: Bundle, folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    digest = save_bundle(bundle, folder)

    assert bundle.digest == digest
    assert before == {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_nothing_but_the_bundle_is_left_in_the_store(folder: Path) -> None:
    assert [folder] == list(folder.parent.iterdir())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, 8, 60, -40, -1])
def test_a_flipped_bit_anywhere_is_found(folder: Path, name: str, place: int) -> None:
    content = bytearray((folder / name).read_bytes())
    content[place] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(DamagedBundle, match=name):
        load_bundle(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_found(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(DamagedBundle, match=rf"incomplete .*{name}"):
        load_bundle(folder)


def test_an_empty_manifest_is_found(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"")

    with pytest.raises(DamagedBundle, match="differs from the digest"):
        load_bundle(folder)


def test_a_bundle_under_a_wrong_name_is_found(folder: Path) -> None:
    moved = folder.rename(folder.with_name("0" * 64))

    with pytest.raises(DamagedBundle, match="differs from the digest that names the folder"):
        load_bundle(moved)


def test_a_newer_format_is_refused(folder: Path) -> None:
    newer = rewrite(folder, lambda manifest: manifest.update(schema_version=SCHEMA_VERSION + 1))

    with pytest.raises(DamagedBundle, match=f"its schema {SCHEMA_VERSION + 1} is newer than {SCHEMA_VERSION}"):
        load_bundle(newer)


def test_a_manifest_of_another_program_is_refused(folder: Path) -> None:
    foreign = rewrite(folder, lambda manifest: manifest.pop("schema_version"))

    with pytest.raises(DamagedBundle, match="incomplete"):
        load_bundle(foreign)


def test_a_member_of_an_unknown_kind_is_refused_by_name(folder: Path) -> None:
    strange = rewrite(folder, lambda manifest: manifest["members"][1].update(kind="prophet"))  # type: ignore[index]

    with pytest.raises(DamagedBundle, match=r"member kind 'prophet' is not one of .*naive, .*ridge, seasonal"):
        load_bundle(strange)


@pytest.mark.parametrize("size", [0, 7, 100])
@pytest.mark.parametrize("name", ["naive.safetensors", "serving.safetensors"])
def test_a_truncated_file_is_refused_even_where_its_hash_was_taken_afterwards(
    folder: Path, name: str, size: int
) -> None:
    content = (folder / name).read_bytes()[:size]
    (folder / name).write_bytes(content)
    with pytest.raises(DamagedBundle, match=f"{name} differs from its hash"):
        load_bundle(folder)

    sealed = rewrite(
        folder,
        lambda manifest: manifest["files"].update({name: hashlib.sha256(content).hexdigest()}),  # type: ignore[attr-defined]
    )

    with pytest.raises(DamagedBundle, match="it cannot be read"):
        load_bundle(sealed)


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        ("horizon", lambda manifest: manifest["recipe"].update(horizon=0)),
        ("temperature", lambda manifest: manifest["recipe"]["combination"].update(temperature=1)),
        ("choice", lambda manifest: manifest.pop("choice")),
        ("time data|isoformat|parse|could not convert", lambda manifest: manifest.update(known_until="soon")),
        ("members", lambda manifest: manifest.pop("members")),
    ],
    ids=["recipe", "option of another version", "choice", "date", "members"],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    folder: Path, problem: str, change: Callable[[dict[str, object]], object]
) -> None:
    strange = rewrite(folder, change)

    with pytest.raises(DamagedBundle, match=rf"(?s)it cannot be read .*({problem})"):
        load_bundle(strange)


def test_the_error_names_the_way_out_and_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(DamagedBundle("bundles/x", "it is incomplete")))  # noqa: S301  (our own bytes)

    assert (
        "Loading the bundle bundles/x failed: it is incomplete. Move the folder away and run the cycle again: it is "
        "rebuilt from the data." == str(error)
    )


def test_the_check_of_a_sound_bundle_finds_nothing(folder: Path) -> None:
    report = check(folder)

    assert (True, []) == (report["ok"], report["problems"])


def test_the_check_reports_damage_instead_of_failing(folder: Path) -> None:
    (folder / "naive.safetensors").unlink()

    report = check(folder)

    assert report["ok"] is False
    assert "naive.safetensors" in str(report["problems"])


def test_the_check_finds_a_bundle_that_forecasts_something_else(bundle: Bundle, tmp_path: Path) -> None:
    other = seal(replace(bundle, golden=bundle.golden * 1.01))
    save_bundle(other, tmp_path / other.digest)

    assert ["forecasts differ from those stored at training"] == check(tmp_path / other.digest)["problems"]


def test_fitted_feature_steps_travel_with_the_bundle_and_compute_the_same_after_it_is_loaded(tmp_path: Path) -> None:
    y = a_world(4)
    fitted = fit_features(steps(*FAMILY["impute"], *FAMILY["graph"], *FAMILY["scale"]), a_table(y[:25]))
    bundle = seal(replace(a_bundle(), features=fitted))

    save_bundle(bundle, tmp_path / bundle.digest)

    stored = load_bundle(tmp_path / bundle.digest)
    assert stored.features is not None
    here, there = (transform(features, a_table(y)).columns for features in (fitted, stored.features))
    assert list(here) == list(there)
    for name, values in here.items():
        np.testing.assert_array_equal(values, there[name])
    assert [] == stored.problems()
    assert bundle.digest == seal(stored).digest != seal(replace(bundle, features=None)).digest


def test_steps_that_learn_nothing_travel_too(tmp_path: Path) -> None:
    bundle = seal(replace(a_bundle(), features=fit_features(steps(*FAMILY["lags"]), a_table(a_world(4)))))

    save_bundle(bundle, tmp_path / bundle.digest)

    assert bundle.features == load_bundle(tmp_path / bundle.digest).features


def test_a_step_that_this_version_does_not_have_is_a_damaged_bundle_and_not_a_crash(tmp_path: Path) -> None:
    bundle = seal(replace(a_bundle(), features=fit_features(steps(*FAMILY["lags"]), a_table(a_world(4)))))
    save_bundle(bundle, tmp_path / bundle.digest)

    folder = rewrite(tmp_path / bundle.digest, lambda told: told["features"]["steps"][0].update(type="laps"))  # type: ignore[index]

    with pytest.raises(DamagedBundle, match="got type 'laps'"):
        load_bundle(folder)
