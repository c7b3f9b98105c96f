"""Pre-trained models as optional challengers: read from a folder when they first forecast, never downloaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, Self, cast

import numpy as np

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.extras import require_package
from pulse_kedro.forecasting.forecaster import align_tail, extend_tail, fill_gaps
from pulse_kedro.forecasting.kinds import PretrainedOptions

CONTEXT = 2048
"""Newest periods that a model reads; ours, the context of Chronos-Bolt."""


class ZeroShot(Protocol):
    """A model that needs no training."""

    def points(self, contexts: Sequence[Array], horizon: int) -> Array:
        """Medians of shape `(series, horizon)` after histories of any lengths, oldest first, without gaps."""
        ...


class NoPretrainedModel(InvalidConfiguration):
    """The folder of a pre-trained model is not there."""

    def __init__(self, folder: str) -> None:
        """Keep the folder."""
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        """Name the folder and the next step."""
        return (
            f"Loading a pre-trained model failed: got folder {self.folder!r}, expected one that holds a Chronos model. "
            "Nothing is downloaded: put the model there, or correct `pretrained.folder` of the member in conf/."
        )


@dataclass(frozen=True, slots=True)
class Chronos:
    """A pipeline of the package `chronos-forecasting`."""

    pipeline: Any

    def points(self, contexts: Sequence[Array], horizon: int) -> Array:
        """Medians of shape `(series, horizon)`."""
        import torch

        inputs = [torch.tensor(context, dtype=torch.float32) for context in contexts]
        quantiles, _ = self.pipeline.predict_quantiles(inputs, prediction_length=horizon, quantile_levels=[0.5])
        return np.stack([np.asarray(found, dtype=float).reshape(horizon) for found in quantiles])


@lru_cache(maxsize=1)
def load_chronos(folder: str) -> ZeroShot:
    """Model of a folder; it stays loaded, because a replay asks it at every cutoff.

    Raises:
        NoPretrainedModel: There is no such folder.
        MissingExtra: The package is not installed.
    """
    if not Path(folder).is_dir():
        raise NoPretrainedModel(folder)
    require_package("chronos", extra="foundation", doing=f"Loading the pre-trained model in {folder}")
    from chronos import BaseChronosPipeline

    return Chronos(BaseChronosPipeline.from_pretrained(folder, device_map="cpu", local_files_only=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretrained:
    """A member that asks a pre-trained model; its state is the newest periods."""

    horizon: int
    season_length: int
    options: PretrainedOptions
    tail: Array
    load: Callable[[str], ZeroShot] = field(default=load_chronos, compare=False)
    name: str = "zero_shot"

    def update(self, block: Array, batch: str) -> Self:  # noqa: ARG002  (the protocol names it; nothing is summed here)
        """State after `block` of shape `(periods, series)` arrived."""
        return replace(self, tail=extend_tail(self.tail, block, CONTEXT))

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series."""
        return replace(self, tail=align_tail(self.tail, columns))

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`; `nan` for a series without observation."""
        filled = fill_gaps(self.tail, self.season_length)
        points, known = np.full((self.horizon, filled.shape[1]), np.nan), ~np.isnan(filled)
        if len(columns := np.flatnonzero(known.any(axis=0))):
            contexts = [filled[known[:, column], column] for column in columns]
            points[:, columns] = self.load(self.options.folder).points(contexts, self.horizon).T
        return points

    def arrays(self) -> Mapping[str, Array]:
        """The tail."""
        return {"tail": self.tail}

    def facts(self) -> dict[str, object]:
        """Sizes, and what must be known of the model: its folder, licence and training data."""
        sizes = {"horizon": self.horizon, "season_length": self.season_length}
        return {"kind": self.name, **sizes, "pretrained": asdict(self.options)}


def restore_pretrained(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Pretrained:
    """A pre-trained member from its stored state."""
    told = cast("dict[str, Any]", facts)
    options, h, m = PretrainedOptions(**told["pretrained"]), int(told["horizon"]), int(told["season_length"])
    return Pretrained(horizon=h, season_length=m, options=options, tail=arrays["tail"])
