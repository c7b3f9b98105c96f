"""The model that MLflow keeps beside a bundle, as text: it verifies the bundle's own hashes, then forecasts from it.

MLflow copies this file into each model it registers and runs the copy when the model is loaded; nothing is pickled.
"""

from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from pulse_kedro.forecasting.bundle_files import DamagedBundle, load_bundle
from pulse_kedro.forecasting.serving import answer


class ServedBundle(PythonModel):
    """Forecasts of one bundle."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the bundle, every hash verified; the digest of the registered model counts, not the folder's name.

        Args:
            context: What MLflow unpacked: the folder `bundle`, and the digest that was registered.
        """
        folder, digest = Path(context.artifacts["bundle"]), str(context.model_config["digest"])
        if folder.name != digest:
            raise DamagedBundle(str(folder), f"it is not the bundle {digest} that was registered")
        self._bundle = load_bundle(folder)

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  (MLflow's own signature)
        model_input: pd.DataFrame,
        params: dict[str, object] | None = None,  # noqa: ARG002  (MLflow's own signature)
    ) -> pd.DataFrame:
        """Forecasts of the series in `unique_id`, each up to its `step`; without them, everything that is served.

        Args:
            context: Not read.
            model_input: Columns `unique_id` and `step`, both optional.
            params: Not read.
        """
        return answer(self._bundle, pd.DataFrame(model_input))


mlflow.models.set_model(ServedBundle())
