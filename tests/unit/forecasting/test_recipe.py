"""What a recipe accepts, refuses and calls itself."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from miniature import a_recipe
from pulse_kedro.domain.panel import FREQUENCIES, frequency
from pulse_kedro.forecasting.kinds import SeasonTooLong
from pulse_kedro.forecasting.recipe import (
    MemberOptions,
    RepeatedMember,
    recipe_from_dict,
    recipe_of_settings,
)

MONTHLY = frequency("monthly")


@pytest.fixture
def settings(project: Path) -> dict[str, Any]:
    """The recipe as it stands in the configuration."""
    text = (project / "conf/base/parameters_training.yml").read_text(encoding="utf-8")
    recipe: dict[str, Any] = yaml.safe_load(text)["recipe"]
    return recipe


def test_the_recipe_of_the_configuration_is_accepted_and_survives_its_own_json(settings: dict[str, Any]) -> None:
    recipe = recipe_of_settings(settings, MONTHLY)

    chosen = [m for m in settings["members"] if "monthly" in m.get("only", ["monthly"]) and m.get("season") != "second"]
    assert len(chosen) == len(recipe.members)
    assert recipe == recipe_from_dict(recipe.as_dict())
    assert recipe.digest == recipe_from_dict(recipe.as_dict()).digest


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "horizn", 12),
        ((), "horizon", 0),
        ((), "members", []),
        (("combination",), "warm_up", 1),
        (("combination",), "temperature", 1),
        (("intervals",), "learning_rate", 1.0),
        (("intervals",), "calibration_cutoffs", 11),
        (("members", 0), "look_back", 12),
        (("members", 0), "kind", "prophet"),
        (("members", 3), "seasons", None),
        (("members", 3), "seasons", 0),
        (("members", 3), "look_back", 12),
        (("members", 3), "look_back", 0),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(
    settings: dict[str, Any], place: tuple[str | int, ...], key: str, value: object
) -> None:
    target: Any = settings
    for step in place:
        target = target[step]
    target[key] = value

    with pytest.raises(ValidationError, match=key):
        recipe_of_settings(settings, MONTHLY)


@pytest.mark.parametrize("name", FREQUENCIES)
def test_what_the_settings_leave_open_follows_from_the_frequency(settings: dict[str, Any], name: str) -> None:
    freq = frequency(name)

    recipe = recipe_of_settings(settings, freq)

    assert (freq.horizon, freq.season_length) == (recipe.horizon, recipe.season_length)
    assert (
        3 * freq.season_length
        == {member.name: member for member in recipe.members}[f"drift_ridge_{3 * freq.season_length}"].look_back
    )


def test_what_the_settings_say_is_not_replaced(settings: dict[str, Any]) -> None:
    said = {"horizon": 3, "season_length": 6, "members": [{"kind": "level_ridge", "look_back": 5}]}

    recipe = recipe_of_settings(settings | said, MONTHLY)

    assert (3, 6, ["level_ridge_5"]) == (recipe.horizon, recipe.season_length, [m.name for m in recipe.members])


def test_two_spellings_of_one_look_back_are_one_member(settings: dict[str, Any]) -> None:
    twice = [{"kind": "level_ridge", "look_back": 12}, {"kind": "level_ridge", "seasons": 1}]

    with pytest.raises(RepeatedMember, match="'level_ridge_12' twice"):
        recipe_of_settings(settings | {"members": twice}, MONTHLY)


def test_two_members_of_the_same_name_are_refused_with_a_way_out(settings: dict[str, Any]) -> None:
    settings["members"].append({"kind": "naive"})

    with pytest.raises(RepeatedMember, match=r"'naive' twice, expected each once\. Remove one"):
        recipe_of_settings(settings, MONTHLY)


def test_the_error_survives_a_process_boundary() -> None:
    assert "naive" == pickle.loads(pickle.dumps(RepeatedMember("naive"))).name  # noqa: S301  (our own bytes)


@pytest.mark.parametrize(
    ("expected", "member"),
    [
        ("naive", MemberOptions(kind="naive")),
        ("seasonal_ridge_24", MemberOptions(kind="seasonal_ridge", look_back=24)),
    ],
)
def test_a_member_is_called_by_kind_and_look_back(expected: str, member: MemberOptions) -> None:
    assert expected == member.name


@pytest.mark.parametrize(
    "change",
    [
        {"horizon": 11},
        {"season_length": 4},
        {"members": a_recipe().members[::-1]},
        {"combination": replace(a_recipe().combination, standard_errors=0.5)},
        {"intervals": replace(a_recipe().intervals, pooling=31)},
        {"combination": replace(a_recipe().combination, aggregation="fixed_share")},
        {"combination": replace(a_recipe().combination, candidates=("median",))},
        {"intervals": replace(a_recipe().intervals, method="conformal_pid")},
        {"intervals": replace(a_recipe().intervals, pooling_choices=(1.0, 60.0))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_makes_another_recipe(change: dict[str, Any]) -> None:
    recipe = a_recipe()

    assert 64 == len(recipe.digest)
    assert recipe.digest != replace(recipe, **change).digest


def test_the_default_recipe_keeps_the_digest_that_serves(settings: dict[str, Any]) -> None:
    assert "4b026cec4500" == recipe_of_settings(settings, MONTHLY).digest[:12]


def test_an_option_that_came_later_is_left_out_at_its_default(settings: dict[str, Any]) -> None:
    bare = settings | {
        "combination": {"warm_up": 24, "standard_errors": 1.0},
        "intervals": {name: settings["intervals"][name] for name in list(settings["intervals"])[:5]},
    }

    assert recipe_of_settings(settings, MONTHLY) == recipe_of_settings(bare, MONTHLY)
    assert {"warm_up", "standard_errors"} == set(recipe_of_settings(bare, MONTHLY).as_dict()["combination"])  # type: ignore[call-overload]


def test_later_options_survive_the_json_form() -> None:
    changed = replace(a_recipe().combination, candidates=("nnls", "median"), loss="relative")
    recipe = replace(a_recipe(), combination=changed)

    assert recipe == recipe_from_dict(recipe.as_dict())


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ("combination", "candidates", []),
        ("combination", "candidates", ["mean"]),
        ("combination", "loss", "mse"),
        ("combination", "aggregation_share", 1.0),
        ("intervals", "method", "aci"),
        ("intervals", "saturation", 0),
    ],
)
def test_a_later_option_that_makes_no_sense_is_refused(
    settings: dict[str, Any], place: str, key: str, value: object
) -> None:
    settings[place][key] = value

    with pytest.raises(ValidationError, match=key):
        recipe_of_settings(settings, MONTHLY)


def test_fields_that_came_later_leave_the_identity_of_older_recipes_as_it_was() -> None:
    older = a_recipe((MemberOptions(kind="naive"), MemberOptions(kind="level_ridge", look_back=24)))

    assert older.digest == "8a4571e6f9d0b1122196702644cc2b6bc9fb6d312e6f793cf7818236727e1ef9"
    assert [{"kind": "naive", "look_back": None}, {"kind": "level_ridge", "look_back": 24}] == list(
        older.as_dict()["members"]  # type: ignore[call-overload]
    )


def test_what_the_settings_say_of_an_expert_is_part_of_the_recipe(settings: dict[str, Any]) -> None:
    said = {"kind": "mfles", "periods": [24, 168], "seconds": 60, "series_seconds": 2.5}

    recipe = recipe_of_settings(settings | {"members": [said]}, frequency("hourly"))

    assert MemberOptions(kind="mfles", periods=(24, 168), seconds=60, series_seconds=2.5) == recipe.members[0]
    assert recipe == recipe_from_dict(recipe.as_dict())
    assert recipe.digest != recipe_of_settings(settings | {"members": [{"kind": "mfles"}]}, frequency("hourly")).digest


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [("mfles", "hourly", (24, 168)), ("auto_theta", "hourly", None), ("auto_arima", "monthly", None)],
)
def test_an_expert_of_several_seasons_reads_both_of_the_frequency(
    settings: dict[str, Any], kind: str, name: str, expected: tuple[int, ...] | None
) -> None:
    recipe = recipe_of_settings(settings | {"members": [{"kind": kind}]}, frequency(name))

    assert expected == recipe.members[0].periods


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "naive", "seconds": 3},
        {"kind": "auto_ets", "periods": [4]},
        {"kind": "auto_ets", "look_back": 4},
        {"kind": "lightgbm", "series_seconds": 3},
        {"kind": "mfles", "season": 24},
    ],
)
def test_a_field_of_another_family_is_refused(settings: dict[str, Any], given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=rf"'{given['kind']}' takes no {list(given)[1]}"):
        recipe_of_settings(settings | {"members": [given]}, MONTHLY)


def test_exponential_smoothing_refuses_a_long_season_with_a_way_out(settings: dict[str, Any]) -> None:
    with pytest.raises(SeasonTooLong, match=r"52 steps for member 'auto_ets', expected at most 24\. Take auto_theta"):
        recipe_of_settings(settings | {"members": [{"kind": "auto_ets"}]}, frequency("weekly"))
