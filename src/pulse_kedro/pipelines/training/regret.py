"""What combining cost against those it could have followed instead."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.backtesting import BURN_IN, CUTOFF
from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.choice import equal_median
from pulse_kedro.forecasting.combination import Combination, combine_chosen, scaled_errors


def regret_table(replayed: Replay, combination: Combination, folds: pd.DataFrame, *, recipe: str) -> pd.DataFrame:
    """Loss of the combination at each resolved cutoff after the burn-in, beside the equal median and the best member.

    The best member is the one with the smallest summed loss up to the cutoff, of those that forecast at each cutoff:
    in hindsight, nobody could have followed it. Regret is the summed loss of the combination minus the summed loss of
    the other; negative means that combining won.

    Returns:
        Columns `recipe, cutoff, loss, median_loss, best_member, best_loss, regret_to_best, regret_to_median`; losses
        are mean scaled errors. `best_member` is missing and its columns `nan` where no member forecast throughout.

    Source:
        Cesa-Bianchi & Lugosi (2006), Prediction, Learning, and Games, section 2.1.
    """
    loss = scaled_errors(combination.points, replayed)
    median = scaled_errors(combine_chosen(replayed, [equal_median(len(replayed.members))] * len(loss)), replayed)
    kept = replayed.resolved & (folds["purpose"] != BURN_IN).to_numpy() & np.isfinite(loss)
    members = scaled_errors(replayed.points, replayed)[:, kept]
    summed = np.cumsum(members, axis=1)
    best = np.where(np.isnan(summed), np.inf, summed).argmin(axis=0)
    reached = summed[best, np.arange(len(best))]
    names = np.array([*replayed.members, None], dtype=object)
    return pd.DataFrame(
        {
            "recipe": recipe[:LABEL],
            CUTOFF: replayed.cutoffs[kept],
            "loss": loss[kept],
            "median_loss": median[kept],
            "best_member": names[np.where(np.isnan(reached), len(names) - 1, best)],
            "best_loss": members[best, np.arange(len(best))],
            "regret_to_best": np.cumsum(loss[kept]) - reached,
            "regret_to_median": np.cumsum(loss[kept]) - np.cumsum(median[kept]),
        }
    )
