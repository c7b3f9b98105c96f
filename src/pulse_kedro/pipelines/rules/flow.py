"""How a rulebook comes about, as a picture for kedro-viz."""

from kedro.pipeline.preview_contract import MermaidPreview

RULEBOOK = """flowchart LR
  decision[promotion_decision] --> recipe[recipe that serves]
  recipe --> rules[its rules: none yet, nothing mines them]
  rules --> hash[hash over schema, recipe and rules]
  hash --> forecasts[cited by every forecast of the cycle]
"""


def draw_rulebook() -> MermaidPreview:
    """From the recipe that serves to the hash that its forecasts cite."""
    return MermaidPreview(content=RULEBOOK)
