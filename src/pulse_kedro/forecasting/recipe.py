"""What a forecaster is made of. The digest of a recipe is the identity that promotions compare."""

from collections.abc import Sequence
from dataclasses import MISSING, asdict, fields, replace
from typing import Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, field_validator, model_validator
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.data_management.features.definition import Steps, active, as_plain, refuse_unknown_types
from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Frequency
from pulse_kedro.forecasting.boosting_features import require_undated
from pulse_kedro.forecasting.kinds import (
    BASELINE_KINDS,
    LEARNED_KINDS,
    MULTISEASONAL_KINDS,
    OWN_FIELDS,
    RIDGE_KINDS,
    SHORT_SEASON,
    WINDOW_KINDS,
    MemberKind,
    PretrainedOptions,
    SeasonTooLong,
    refuse_foreign_fields,
)

LATER = ("season", "half_life", "refresh", *OWN_FIELDS)
"""Options of a member that came after the first release: left open they are no part of a recipe's digest."""
CandidateKind = Literal["median", "trimmed_mean", "powers", "leaders", "own_powers", "nnls", "lasso", "best"]
"""Families of ways to combine, simplest first."""


class RepeatedMember(InvalidConfiguration):
    """Two members of one recipe have the same name."""

    def __init__(self, name: str) -> None:
        """Keep the repeated name."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Name the member and the way out."""
        return (
            f"Reading the recipe failed: got member {self.name!r} twice, expected each once. "
            "Remove one of them from `recipe.members` in conf/."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class MemberOptions:
    """One member of the ensemble."""

    kind: MemberKind
    """Which forecaster. Ridges on seasonal differences come without (`seasonal_ridge`) and with (`drift_ridge`) a
    constant; `level_ridge` reads levels around their mean, `last_ridge` around the last one, `log_ridge` their
    logarithms; `local_ridge` has weights of its own for each series, pulled towards the common ones; `raw_ridge` reads
    levels as they are. The statistical
    experts `auto_ets`, `auto_theta`, `auto_ces`, `mfles` and `auto_arima` have parameters per series, `lightgbm`
    corrects the median of the baselines and ridges of the recipe; a plain cycle never learns them anew. `zero_shot`
    asks a pre-trained model. The networks `cycle_linear` (on levels), `nhits` and `tsmixer` (on seasonal differences)
    are learned by the run `retrain` only, as are the experts and `lightgbm`."""
    look_back: int | None = Field(default=None, ge=1)
    """Observations a ridge or a network reads, in steps; none for others."""
    season: int | None = Field(default=None, ge=1)
    """Steps in the season of this member, where it is not that of the recipe."""
    half_life: float | None = Field(default=None, gt=0)
    """Steps after which a window counts half; nothing is forgotten when it is left open."""
    refresh: int | None = Field(default=None, ge=1)
    """Steps between two solutions of a ridge; at every step when it is left open, for `local_ridge` once per
    horizon."""
    scale: Literal["none"] | None = None
    """`none` leaves windows in the unit of the data, without a bound on targets: for series that were standardised
    before, under squared errors."""
    periods: tuple[int, ...] | None = Field(default=None, min_length=1)
    """Seasons that `mfles` and `auto_arima` read, in steps; `null` takes the one of the recipe."""
    seconds: float | None = Field(default=None, gt=0)
    """Wall-clock seconds in which an expert may learn all series; the rest is left to the seasonal naive forecast.
    `null` takes 600."""
    series_seconds: float | None = Field(default=None, gt=0)
    """The same for one series; `null` takes 30."""
    pretrained: PretrainedOptions | None = None
    """The model behind `zero_shot`, which needs it; nobody else takes one."""
    width: int | None = Field(default=None, ge=1, le=512)
    """Hidden units of a network; `null` takes the width of the project."""
    features: Steps | None = Field(default=None, min_length=1)
    """Feature steps that `lightgbm` reads beside its own inputs, learned anew with each generation; steps of the
    calendar need dates, which a member does not get. `null` reads none."""
    _known_steps = field_validator("features", mode="before")(refuse_unknown_types)

    @model_validator(mode="after")
    def _sizes_belong_to_windows(self) -> Self:
        if (self.look_back is None) == (self.kind in WINDOW_KINDS):
            need = "needs a look_back" if self.kind in WINDOW_KINDS else "takes no look_back"
            msg = f"member {self.kind!r} {need}"
            raise ValueError(msg)
        refuse_foreign_fields(self)
        require_undated(self.kind, self.features or ())
        return self

    @property
    def name(self) -> str:
        """Name of the member in every table, such as `seasonal_ridge_24`."""
        parts = [self.kind, *([str(self.look_back)] if self.look_back else [])]
        parts += [f"m{self.season}"] if self.season else []
        parts += ["unscaled"] if self.scale else []
        parts += ["features"] if active(self.features or ()) else []
        return "_".join([*parts, *([f"half{self.half_life:g}"] if self.half_life else [])])

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values; later options only where they are set."""
        steps = as_plain(self.features or ()) or None
        values = {**asdict(self), "features": steps}
        return {name: value for name, value in values.items() if name not in LATER or value is not None}


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class CombinationOptions:
    """How members become one forecast."""

    warm_up: int = Field(ge=2)
    """Resolved cutoffs before the choice may differ from the simplest candidate."""
    standard_errors: float = Field(ge=0)
    """How far behind the best a simpler candidate may lie and still be taken."""
    candidates: tuple[CandidateKind, ...] = Field(
        default=("median", "trimmed_mean", "powers", "leaders", "best"), min_length=1
    )
    """Which ways to combine compete; they are always tried from the simplest to the most complex. `powers` are weights
    proportional to error^-p, `leaders` medians of the best members, `own_powers` weights of each series by its own
    errors, `nnls` non-negative least squares per block of steps, `lasso` a pooled lasso stack."""
    loss: Literal["scaled_error", "relative"] = "scaled_error"
    """What ranks members and candidates: the mean scaled error, or the mean of sMAPE and MASE, each relative to the
    member `naive` at the same cutoffs."""
    aggregation: Literal["none", "fixed_share"] = "none"
    """Whether the weights go on learning after the choice: `fixed_share` moves them with every outcome."""
    aggregation_rate: float = Field(default=0.5, gt=0)
    """How strongly one outcome moves the weights: they are multiplied by exp(-rate * loss), the loss between 0 and 1;
    `fixed_share` only."""
    aggregation_share: float = Field(default=0.01, ge=0, lt=1)
    """Share of the weight that is spread evenly after each outcome, so that the mixture can follow a change."""
    groups: str | None = Field(default=None, min_length=1)
    """Static column of the source; series that share its text choose and weigh for themselves. `null` is one choice for
    the panel."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class IntervalOptions:
    """How the combination's own errors become quantiles."""

    calibration_cutoffs: int = Field(ge=12)
    """Newest resolved cutoffs whose errors are read."""
    tracking_start: int = Field(ge=2)
    """Resolved cutoffs before the width factor starts to move."""
    pooling: float = Field(ge=0)
    """Weight of the pooled quantiles, counted in cutoffs of a series' own evidence."""
    learning_rate: float = Field(ge=0, lt=1)
    """Step of the width factor on the log scale, per unit of relative miss."""
    widest: float = Field(gt=1)
    """Largest factor by which the width may differ from the calibrated one, up or down."""
    method: Literal["width_tracker", "conformal_pid"] = "width_tracker"
    """What follows a change: one width per central interval for the whole panel, or a bound for each series, block of
    steps and tail."""
    pooling_choices: tuple[float, ...] = ()
    """Candidates for `pooling`, in cutoffs; the one with the smallest pinball loss at earlier cutoffs replaces it."""
    proportional: float = Field(default=0.1, ge=0)
    """Step of a bound after a miss, as a share of the largest recent score; `conformal_pid` only."""
    integral: float = Field(default=1.0, ge=0)
    """Weight of the summed misses, times the largest score of the calibration; `conformal_pid` only."""
    saturation: float = Field(default=5.0, gt=0)
    """How slowly the summed misses take effect: the C of the method's own description; `conformal_pid` only."""
    groups: str | None = Field(default=None, min_length=1)
    """Which errors make quantiles of their own, where they number a hundred that are independent: `phase` those of one
    quarter of the season, a static column of the source those of series that share its text. `null` pools all."""
    drift_reset: bool = False
    """Whether a change found in the one-step errors (CUSUM) lets the intervals learn faster for one season."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RecipeOptions:
    """Everything that makes two forecasters different on the same data."""

    horizon: int = Field(ge=1)
    """Steps ahead that are forecast."""
    season_length: int = Field(ge=1)
    """Steps in one season."""
    members: tuple[MemberOptions, ...] = Field(min_length=1)
    """The ensemble, in the order of its tables."""
    combination: CombinationOptions
    """How members become one forecast."""
    intervals: IntervalOptions
    """How errors become quantiles."""

    @model_validator(mode="after")
    def _members_are_distinct(self) -> Self:
        _refuse_repeats([member.name for member in self.members])
        for member in self.members:
            if member.kind == "auto_ets" and self.season_length > SHORT_SEASON:
                raise SeasonTooLong(member.kind, self.season_length)
            if member.kind == "lightgbm" and not self.always_on:
                msg = "member 'lightgbm' corrects baselines and ridges, and the recipe has none"
                raise ValueError(msg)
        return self

    @property
    def seasons(self) -> tuple[int, ...]:
        """Every season that the recipe or a member of it reads, ascending."""
        own = [member.season for member in self.members if member.season]
        several = [period for member in self.members for period in member.periods or ()]
        return tuple(sorted({self.season_length, *own, *several}))

    @property
    def always_on(self) -> tuple[MemberOptions, ...]:
        """Members that every period teaches: baselines and ridges."""
        return tuple(member for member in self.members if member.kind in (*BASELINE_KINDS, *RIDGE_KINDS))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal digits."""
        return digest(self.as_dict())

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values, in the order of the fields; an option added later is left out at its default."""
        values = asdict(self)
        for name, options in (("combination", self.combination), ("intervals", self.intervals)):
            values[name] = {key: value for key, value in values[name].items() if not _is_later_default(options, key)}
        return values | {"members": tuple(member.as_dict() for member in self.members)}

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of the members whose parameters are learned rarely."""
        return tuple(member.name for member in self.members if member.kind in LEARNED_KINDS)

    def without_learned(self) -> "RecipeOptions":
        """The recipe as a plain cycle asks for it: without members that only the run `retrain` brings."""
        kept = tuple(member for member in self.members if member.kind not in LEARNED_KINDS)
        return replace(self, members=kept) if kept else self


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class MemberSettings:
    """One member of the ensemble, as the settings describe it."""

    kind: MemberKind
    """Which forecaster. Ridges on seasonal differences come without (`seasonal_ridge`) and with (`drift_ridge`) a
    constant; `level_ridge` reads levels around their mean, `last_ridge` around the last one, `log_ridge` their
    logarithms; `local_ridge` has weights of its own for each series, pulled towards the common ones; `raw_ridge` reads
    levels as they are. The statistical
    experts `auto_ets`, `auto_theta`, `auto_ces`, `mfles` and `auto_arima` have parameters per series, `lightgbm`
    corrects the median of the baselines and ridges of the recipe; a plain cycle never learns them anew. `zero_shot`
    asks a pre-trained model. The networks `cycle_linear` (on levels), `nhits` and `tsmixer` (on seasonal differences)
    are learned by the run `retrain` only, as are the experts and `lightgbm`."""
    look_back: int | None = Field(default=None, ge=1)
    """Observations a ridge or a network reads, in steps."""
    seasons: float | None = Field(default=None, gt=0)
    """The same, in seasons; a ridge or a network needs one of the two, others take none."""
    season: int | Literal["second"] | None = Field(default=None)
    """Steps in the season of this member, or `second` for the longer season of the frequency (168 hours); the member
    is left out where there is none. `null` takes that of the recipe."""
    half_life: float | None = Field(default=None, gt=0)
    """Seasons after which a window counts half; nothing is forgotten when it is left open."""
    refresh: Literal["horizon"] | int | None = Field(default=None)
    """Steps between two solutions of a ridge, or `horizon`; at every step when it is left open, for `local_ridge` once
    per horizon."""
    scale: Literal["none"] | None = None
    """`none` leaves windows in the unit of the data, for series that were standardised before."""
    only: tuple[str, ...] = Field(default=())
    """Frequencies of the data that get this member; all when it is left empty."""
    periods: tuple[int, ...] | None = Field(default=None, min_length=1)
    """Seasons that `mfles` and `auto_arima` read, in steps; `null` takes that of the recipe and the longer one of the
    frequency."""
    seconds: float | None = Field(default=None, gt=0)
    """Wall-clock seconds in which an expert may learn all series; the rest is left to the seasonal naive forecast.
    `null` takes 600."""
    series_seconds: float | None = Field(default=None, gt=0)
    """The same for one series; `null` takes 30."""
    pretrained: PretrainedOptions | None = None
    """The model behind `zero_shot`, which needs it; nobody else takes one."""
    width: int | None = Field(default=None, ge=1, le=512)
    """Hidden units of a network; `null` takes the width of the project."""
    features: Steps | None = Field(default=None, min_length=1)
    """Feature steps that `lightgbm` reads beside its own inputs, learned anew with each generation; steps of the
    calendar need dates, which a member does not get. `null` reads none."""
    _known_steps = field_validator("features", mode="before")(refuse_unknown_types)

    @model_validator(mode="after")
    def _one_look_back_for_windows(self) -> Self:
        given = [name for name in ("look_back", "seasons") if getattr(self, name) is not None]
        if len(given) != int(self.kind in WINDOW_KINDS):
            need = "needs either look_back or seasons" if self.kind in WINDOW_KINDS else "takes no look_back"
            msg = f"member {self.kind!r} {need}"
            raise ValueError(msg)
        refuse_foreign_fields(self)
        require_undated(self.kind, self.features or ())
        return self

    def fits(self, freq: Frequency) -> bool:
        """Whether data of a frequency get this member."""
        return (not self.only or freq.name in self.only) and (self.season != "second" or freq.second_season is not None)

    def resolve(self, freq: Frequency, *, season_length: int, horizon: int) -> MemberOptions:
        """The member with everything counted in steps."""
        season = freq.second_season if self.season == "second" else self.season
        length = season or season_length
        steps = None if self.seasons is None else max(1, round(self.seasons * length))
        return MemberOptions(
            kind=self.kind,
            look_back=steps or self.look_back,
            season=season,
            half_life=self.half_life and self.half_life * length,
            refresh=horizon if self.refresh == "horizon" else self.refresh,
            scale=self.scale,
            periods=self.periods or self._both_seasons(freq, season_length),
            seconds=self.seconds,
            series_seconds=self.series_seconds,
            pretrained=self.pretrained,
            width=self.width,
            features=self.features,
        )

    def _both_seasons(self, freq: Frequency, season_length: int) -> tuple[int, ...] | None:
        """The season of the recipe and the longer one of the frequency, where there is one and the kind reads both."""
        if self.kind not in MULTISEASONAL_KINDS or freq.second_season is None or season_length != freq.season_length:
            return None
        return season_length, freq.second_season


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RecipeSettings:
    """A recipe as the settings describe it; what they leave open follows from the frequency of the data."""

    horizon: int | None = Field(ge=1)
    """Steps ahead that are forecast; `null` takes what is usual for the frequency."""
    season_length: int | None = Field(ge=1)
    """Steps in one season; `null` takes that of the frequency."""
    members: tuple[MemberSettings, ...] = Field(min_length=1)
    """The ensemble, in the order of its tables."""
    combination: CombinationOptions
    """How members become one forecast."""
    intervals: IntervalOptions
    """How errors become quantiles."""

    def __str__(self) -> str:
        """In a few words, for logs: the members of all frequencies together are many."""
        open_ended = {name: getattr(self, name) or "by frequency" for name in ("horizon", "season_length")}
        return f"{len(self.members)} members, {open_ended}"

    def resolve(self, freq: Frequency) -> RecipeOptions:
        """The complete recipe for data of a frequency.

        Args:
            freq: Length of a period; gives horizon and season where they are open.

        Raises:
            RepeatedMember: Two members have the same name in steps.
        """
        season_length, horizon = self.season_length or freq.season_length, self.horizon or freq.horizon
        chosen = [member for member in self.members if member.fits(freq)]
        members = tuple(member.resolve(freq, season_length=season_length, horizon=horizon) for member in chosen)
        _refuse_repeats([member.name for member in members])
        return RecipeOptions(
            horizon=horizon,
            season_length=season_length,
            members=members,
            combination=self.combination,
            intervals=self.intervals,
        )


def _is_later_default(options: CombinationOptions | IntervalOptions, name: str) -> bool:
    """Whether an option came after the first recipes and says what they did: their digests stay."""
    (field,) = (field for field in fields(options) if field.name == name)
    default = field.default
    if isinstance(default, FieldInfo):
        default = MISSING if default.is_required() else default.default
    return default is not MISSING and bool(getattr(options, name) == default)


def _refuse_repeats(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise RepeatedMember(name)


def recipe_from_dict(values: dict[str, object]) -> RecipeOptions:
    """Complete recipe from its JSON form."""
    return TypeAdapter(RecipeOptions).validate_python(values)


def recipe_of_settings(values: dict[str, object], freq: Frequency) -> RecipeOptions:
    """Complete recipe from what stands in `conf/`, for data of a frequency."""
    return TypeAdapter(RecipeSettings).validate_python(values).resolve(freq)
