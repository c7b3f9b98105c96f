"""The way to a decision as a picture for kedro-viz; the numbers it turns on stand in `params:promotion`."""

from kedro.pipeline.preview_contract import MermaidPreview

DECISION = """flowchart TD
  trained{who was trained?}
  trained -- only a challenger --> first{bundle sound?}
  first -- yes --> BOOTSTRAP
  first -- no --> stop[the run fails, the last committed cycle stands]
  trained -- only the champion --> next{bundle sound, newest outcomes not catastrophic?}
  next -- yes --> trial{on probation, and worse than its predecessor by more than chance?}
  next -- bundle faulty, on probation --> ROLLBACK
  next -- no --> stop
  trial -- no --> REVISION
  trial -- yes --> ROLLBACK
  trained -- both --> sound{challenger's bundle sound?}
  sound -- no --> REJECT
  sound -- yes --> enough{same cutoffs, enough of them apart and new, budget left?}
  enough -- no --> INSUFFICIENT_EVIDENCE
  sound -- the comparison itself fails --> ERROR
  enough -- yes --> gain{gain large enough, test and bootstrap agree?}
  gain -- yes --> guards{no guard fails?}
  guards -- yes --> frozen{two promotions taken back within a year?}
  frozen -- no --> PROMOTE
  frozen -- yes --> HOLD
  guards -- no --> REJECT
  gain -- worse by more than chance --> REJECT
  gain -- no, though it would have been seen --> HOLD
  gain -- no, and it could not have been seen --> INSUFFICIENT_EVIDENCE
"""


def draw_decision() -> MermaidPreview:
    """Every verdict and the questions that lead to it."""
    return MermaidPreview(content=DECISION)
