"""Kinds of members, what the recipe may say of each, and what it may not."""

from collections.abc import Mapping
from typing import Literal, Protocol

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.errors import InvalidConfiguration

MemberKind = Literal[
    "naive",
    "seasonal_naive",
    "seasonal_drift",
    "seasonal_mean",
    "seasonal_decay",
    "drift",
    "seasonal_ridge",
    "drift_ridge",
    "level_ridge",
    "last_ridge",
    "log_ridge",
    "local_ridge",
    "raw_ridge",
    "auto_ets",
    "auto_theta",
    "auto_ces",
    "mfles",
    "auto_arima",
    "lightgbm",
    "zero_shot",
    "cycle_linear",
    "nhits",
    "tsmixer",
]
BASELINE_KINDS = ("naive", "seasonal_naive", "seasonal_drift", "seasonal_mean", "seasonal_decay", "drift")
RIDGE_KINDS = ("seasonal_ridge", "drift_ridge", "level_ridge", "last_ridge", "log_ridge", "local_ridge", "raw_ridge")
NETWORK_KINDS = ("cycle_linear", "nhits", "tsmixer")
WINDOW_KINDS = (*RIDGE_KINDS, *NETWORK_KINDS)
"""Kinds that read a window, so that they need a look-back."""
ExpertKind = Literal["auto_ets", "auto_theta", "auto_ces", "mfles", "auto_arima"]
EXPERT_KINDS = ("auto_ets", "auto_theta", "auto_ces", "mfles", "auto_arima")
LEARNED_KINDS = (*EXPERT_KINDS, "lightgbm", *NETWORK_KINDS)
"""Kinds whose parameters are learned rarely, by the run `retrain`; a plain cycle only moves them on."""
MULTISEASONAL_KINDS = ("mfles", "auto_arima")
"""Experts that read more than one season."""
SHORT_SEASON = 24
"""Longest season of exponential smoothing in steps (`forecasting.md`, section 3): a longer one has as many states."""
OWN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "periods": MULTISEASONAL_KINDS,
    "seconds": EXPERT_KINDS,
    "series_seconds": EXPERT_KINDS,
    "pretrained": ("zero_shot",),
    "width": NETWORK_KINDS,
    "scale": RIDGE_KINDS,
    "features": ("lightgbm",),
}
"""Fields of single families, with the kinds that take them."""
WINDOW_FIELDS = ("season", "half_life", "refresh")
"""Fields of baselines, ridges and networks that no other kind takes."""


class SeasonTooLong(InvalidConfiguration):
    """A season has more steps than exponential smoothing can follow."""

    def __init__(self, member: str, season_length: int) -> None:
        """Keep the member and the season."""
        super().__init__(member, season_length)
        self.member, self.season_length = member, season_length

    def __str__(self) -> str:
        """Give the season, the bound and the way out."""
        return (
            f"Reading the recipe failed: got a season of {self.season_length} steps for member {self.member!r}, "
            f"expected at most {SHORT_SEASON}. Take auto_theta or mfles for longer seasons in `recipe.members`."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class PretrainedOptions:
    """A pre-trained model on this machine, and what has to be known before its forecasts are compared with others."""

    folder: str = Field(min_length=1)
    """Folder that holds the model, from where the run starts; nothing is downloaded."""
    licence: str = Field(min_length=1)
    """Licence of the weights."""
    training_data: str = Field(min_length=1)
    """What it was trained on, and whether the data that it forecasts may be among it: an overlap flatters it."""


class Member(Protocol):
    """What every description of a member has."""

    @property
    def kind(self) -> str:
        """Which forecaster."""
        ...


def refuse_foreign_fields(member: Member) -> None:
    """Refuse fields of another family.

    Raises:
        ValueError: The member's kind does not take a field that is set, or lacks one that it needs.
    """
    kind = member.kind
    foreign = [name for name, kinds in OWN_FIELDS.items() if kind not in kinds]
    if kind in (*EXPERT_KINDS, "lightgbm", "zero_shot"):
        foreign += WINDOW_FIELDS
    for name in foreign:
        if getattr(member, name) is not None:
            msg = f"member {kind!r} takes no {name}"
            raise ValueError(msg)
    if kind == "zero_shot" and getattr(member, "pretrained", None) is None:
        msg = "member 'zero_shot' needs pretrained: folder, licence and training_data of its model"
        raise ValueError(msg)
