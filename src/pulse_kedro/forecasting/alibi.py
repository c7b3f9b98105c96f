"""MMD of alibi-detect, a second opinion on many dimensions; imported only where it is asked for.

Its licence (BSL 1.1) is in the README. Its own permutation test assumes independent rows and is not used: the threshold
comes from blocks of the reference, as for our own distance.
"""

from pulse_kedro.domain.panel import Array


def mmd_distance(reference: Array, window: Array) -> float:
    """Squared maximum mean discrepancy of two samples of rows, with a Gaussian kernel as wide as the median distance.

    Args:
        reference: Shape `(n, d)`.
        window: Shape `(w, d)`.

    Source:
        Gretton et al. (2012), as `alibi_detect.utils.pytorch` computes it.
    """
    import torch
    from alibi_detect.utils.pytorch import GaussianRBF, mmd2

    rows = [torch.from_numpy(part.astype("float32")) for part in (reference, window)]
    kernel = GaussianRBF()
    kernel(torch.cat(rows), torch.cat(rows), infer_sigma=True)
    return float(mmd2(*rows, kernel))
