"""Small networks that begin as the ridge: a linear map given by its weights, plus a residual that begins at zero.

Plain torch modules; they see standardised windows only. Importing this module imports torch, so that only functions
which forecast with a network, or train one, may do it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.forecasting.windows import WindowSchema

LARGEST = 200_000
"""Parameters that a residual network may have; the bound of `forecasting.md` section 3, item 4."""
POOLS = (8, 4, 1)
"""Pooling of the three stacks of `nhits`, coarse first; the paper's choice for monthly data is of this size."""
DROPOUT = 0.1
"""Share of hidden units left out in training by `tsmixer`; the smallest value the paper tries."""


class NetworkTooLarge(InvalidConfiguration):
    """The sizes of a network give it more parameters than the project allows."""

    def __init__(self, kind: str, parameters: int, allowed: int) -> None:
        """Keep the kind and both counts."""
        super().__init__(kind, parameters, allowed)
        self.kind, self.parameters, self.allowed = kind, parameters, allowed

    def __str__(self) -> str:
        """Give both counts and the settings that change them."""
        return (
            f"Building the network {self.kind!r} failed: got {self.parameters:,} parameters beside its ridge, expected "
            f"at most {self.allowed:,}. Lower its look-back or its `width` in retrain.members in conf/."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Look-back, horizon and season in steps, and hidden units."""

    look_back: int
    horizon: int
    season_length: int
    width: int


class FromRidge(nn.Module):
    """Ridge map plus residual network: as long as the residual is zero, the output is the ridge's."""

    def __init__(self, residual: nn.Module, *, features: int, sizes: Sizes) -> None:
        """Take a residual network; its map has `features` inputs, the constant included, if there is one.

        Args:
            residual: Called with the window `(n, look_back)` and the phase `(n,)`; gives `(n, horizon)`.
            features: Columns of the design.
            sizes: Those of the residual.
        """
        super().__init__()
        self.look_back, self.constants = sizes.look_back, features - sizes.look_back
        self.ridge = nn.Linear(features, sizes.horizon, bias=False)
        self.residual = residual

    def forward(self, design: Tensor, phase: Tensor) -> Tensor:
        """Standardised moves.

        Args:
            design: Standardised windows, the constant last. Shape `(n, features)`.
            phase: Number of the origin's period, modulo the season. Shape `(n,)`, integers.

        Returns:
            Shape `(n, horizon)`.
        """
        weight = self.ridge.weight
        if isinstance(self.residual, CycleLinear):  # linear as well, so one product of matrices does for both
            weight = weight + nn.functional.pad(self.residual.last.weight, (0, self.constants))
        moved: Tensor = nn.functional.linear(design, weight) + self.residual(design[:, : self.look_back], phase)
        return moved


class CycleLinear(nn.Module):
    """A learnable cycle that is subtracted from the window and added to a linear forecast of what remains.

    Source:
        CycleNet: Lin et al. (NeurIPS 2024, arXiv 2409.18479), here one cycle of standardised windows for all series.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Begin with an empty cycle and a map of zeros."""
        super().__init__()
        self.season_length = sizes.season_length
        self.cycle = nn.Parameter(torch.zeros(sizes.season_length))
        self.last = nn.Linear(sizes.look_back, sizes.horizon)
        _zero(self.last)
        self.behind: Tensor
        self.ahead: Tensor
        phases = torch.arange(sizes.season_length)[:, None]
        behind, ahead = torch.arange(1 - sizes.look_back, 1), torch.arange(1, sizes.horizon + 1)
        self.register_buffer("behind", (phases + behind) % sizes.season_length, persistent=False)
        self.register_buffer("ahead", (phases + ahead) % sizes.season_length, persistent=False)

    def forward(self, _: Tensor, phase: Tensor) -> Tensor:
        """Residual of shape `(n, horizon)` but for the product of window and weights, which `FromRidge` adds.

        What the map makes of the cycle is worked out once per phase instead of once per window.
        """
        of_phase = self.cycle[self.ahead] - self.cycle[self.behind] @ self.last.weight.T
        chosen = nn.functional.one_hot(phase, self.season_length).to(of_phase.dtype)
        return chosen @ of_phase + self.last.bias


class Drawn(nn.Module):
    """Values at equally spaced knots from hidden units, and straight lines between them; zero at the beginning."""

    def __init__(self, width: int, *, points: int, pool: int) -> None:
        """Begin with zeros at all knots; there is one knot per `pool` points."""
        super().__init__()
        knots = -(-points // pool)
        self.last = nn.Linear(width, knots)
        _zero(self.last)
        self.register_buffer("lines", interpolation(knots, points), persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Values of shape `(n, points)` from hidden units `(n, width)`."""
        drawn: Tensor = self.last(hidden) @ self.lines
        return drawn


class NHits(nn.Module):
    """Pooled views of the window from coarse to fine; each works on what the coarser ones left unexplained.

    Source:
        NHITS: Challu et al. (AAAI 2023, arXiv 2201.12886): maximum pooling, hierarchical interpolation.
    """

    def __init__(self, sizes: Sizes) -> None:
        """One stack per distinct pooling that the window has room for; the last one has nobody to explain to."""
        super().__init__()
        window, horizon, width = sizes.look_back, sizes.horizon, sizes.width
        self.pools = sorted({min(pool, max(1, window // 2)) for pool in POOLS}, reverse=True)
        self.hidden = nn.ModuleList(
            nn.Sequential(nn.Linear(-(-window // pool), width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
            for pool in self.pools
        )
        self.forecasts = nn.ModuleList(Drawn(width, points=horizon, pool=pool) for pool in self.pools)
        self.explained = nn.ModuleList(Drawn(width, points=window, pool=pool) for pool in self.pools[:-1])

    def forward(self, window: Tensor, _: Tensor) -> Tensor:
        """Residual of shape `(n, horizon)`."""
        forecasts = []
        for number, (pool, hidden) in enumerate(zip(self.pools, self.hidden, strict=True)):
            units = hidden(nn.functional.max_pool1d(window[:, None], pool, ceil_mode=True)[:, 0])
            forecasts.append(self.forecasts[number](units))
            if number < len(self.explained):
                window = window - self.explained[number](units)
        return torch.stack(forecasts).sum(dim=0)


class TSMixer(nn.Module):
    """The window as a table of seasons by phases, mixed along one axis and then along the other.

    Source:
        TSMixer: Chen et al. (TMLR 2023, arXiv 2303.06053). Phases of the season take the place of its variables, ours.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Two mixing blocks, and a map of zeros to the horizon."""
        super().__init__()
        self.columns = _columns(sizes)
        rows = sizes.look_back // self.columns
        self.along = nn.ModuleList(nn.Linear(rows, rows) for _ in range(2))
        self.across = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(self.columns),
                nn.Linear(self.columns, sizes.width),
                nn.ReLU(),
                nn.Dropout(DROPOUT),
                nn.Linear(sizes.width, self.columns),
            )
            for _ in range(2)
        )
        self.last = nn.Linear(sizes.look_back, sizes.horizon)
        _zero(self.last)

    def forward(self, window: Tensor, _: Tensor) -> Tensor:
        """Residual of shape `(n, horizon)`."""
        table = window.reshape(len(window), -1, self.columns)
        for along, across in zip(self.along, self.across, strict=True):
            table = table + torch.relu(along(table.transpose(1, 2))).transpose(1, 2)
            table = table + across(table)
        forecast: Tensor = self.last(table.flatten(start_dim=1))
        return forecast


RESIDUALS: Mapping[str, Callable[[Sizes], nn.Module]] = {
    "cycle_linear": CycleLinear,
    "nhits": NHits,
    "tsmixer": TSMixer,
}
"""The residual of each kind of network; a closed list, so that no file chooses code."""


def build(kind: str, schema: WindowSchema, width: int) -> FromRidge:
    """An untrained network for windows of a schema.

    Args:
        kind: One of `RESIDUALS`.
        schema: How windows are cut and standardised.
        width: Hidden units.

    Raises:
        NetworkTooLarge: Its residual has more than 200,000 parameters.
    """
    sizes = Sizes(look_back=schema.look_back, horizon=schema.horizon, season_length=schema.season_length, width=width)
    residual = RESIDUALS[kind](sizes)
    parameters = sum(values.numel() for values in residual.parameters())
    if parameters > LARGEST:
        raise NetworkTooLarge(kind, parameters, LARGEST)
    return FromRidge(residual, features=schema.features, sizes=sizes)


def interpolation(knots: int, points: int) -> Tensor:
    """Matrix that draws straight lines between equally spaced knots, the first and the last at the ends.

    A matrix, because the gradient of torch's own interpolation has no deterministic form on a GPU.

    Returns:
        Shape `(knots, points)`; columns sum to 1.
    """
    place = torch.linspace(0, knots - 1, points, dtype=torch.float64) if knots > 1 else torch.zeros(points)
    return torch.relu(1 - (place[None, :] - torch.arange(knots)[:, None]).abs()).to(torch.float32)


def _columns(sizes: Sizes) -> int:
    """Largest divisor of the look-back that is not longer than the season."""
    return max(n for n in range(1, sizes.season_length + 1) if sizes.look_back % n == 0)


def _zero(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
