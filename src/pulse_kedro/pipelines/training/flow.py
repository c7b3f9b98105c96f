"""What a cycle has to train, as a picture for kedro-viz."""

from kedro.pipeline.preview_contract import MermaidPreview

PLAN = """flowchart TD
  served{did a champion serve before?}
  served -- no --> bootstrap[challenger: bootstrap from all data]
  served -- yes --> seen{has a value it saw changed?}
  seen -- yes --> recompute[champion: recompute its states]
  seen -- no --> new{is anything new?}
  new -- yes --> update[champion: update by the new periods]
  new -- no --> nothing[champion: nothing to learn]
  served -- yes --> recipe{does conf/ ask for another recipe?}
  recipe -- yes --> challenger[challenger: bootstrap beside the champion]
  recipe -- no --> alone[the champion stays alone]
  run{was the run retrain asked for, or are members due by retrain.every?}
  run -- yes --> learn[members that learn rarely: retrain them, in the champion or in a challenger]
"""


def draw_plan() -> MermaidPreview:
    """Every job that a plan may hold, and what causes it."""
    return MermaidPreview(content=PLAN)
