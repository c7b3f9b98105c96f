"""The model that MLflow keeps beside a bundle, as text: it verifies the bundle's own hashes, then forecasts from it.

A copy of this file goes into each model that is registered, and the copy runs when the model is loaded; nothing is
pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.bundle_files import DamagedBundle, load_bundle
from pulse_kedro.forecasting.serving import answer


@dataclass(frozen=True, slots=True)
class ServedBundle:
    """Forecasts of one bundle."""

    bundle: Bundle

    def predict(
        self,
        model_input: pd.DataFrame,
        params: dict[str, object] | None = None,  # noqa: ARG002  (MLflow's own signature)
    ) -> pd.DataFrame:
        """Forecasts of the series in `unique_id`, each up to its `step`; without them, everything that is served.

        Args:
            model_input: Columns `unique_id` and `step`, both optional.
            params: Not read.
        """
        return answer(self.bundle, pd.DataFrame(model_input))


def _load_pyfunc(path: str, model_config: Mapping[str, object]) -> ServedBundle:
    """Load the bundle, every hash verified; the digest of the registered model counts, not the folder's name.

    Args:
        path: Folder of the bundle, as MLflow unpacked it.
        model_config: The digest that was registered.
    """
    folder, digest = Path(path), str(model_config["digest"])
    if folder.name != digest:
        raise DamagedBundle(str(folder), f"it is not the bundle {digest} that was registered")
    return ServedBundle(load_bundle(folder))
