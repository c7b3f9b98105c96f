"""How a rulebook comes about, as a picture for kedro-viz."""

from kedro.pipeline.preview_contract import MermaidPreview

RULEBOOK = """flowchart TD
  recipe[recipe that serves] --> book[its newest rulebook, else an empty one]
  book --> force{rules in force?}
  force -->|yes| gain{gain still there?}
  gain -->|yes| keep[stay in force]
  gain -->|missing for too long| drop[dropped]
  force -->|no| trial{a set on trial?}
  trial -->|no| windows{windows enough that chose nothing yet?}
  windows -->|yes| mine[mine on the first, choose on later ones: on trial]
  windows -->|no| wait[wait]
  trial -->|yes| look{look due?}
  look -->|passed| apply[in force from this cycle on]
  look -->|failed| fail[dropped; only newer windows choose again]
  look -->|not yet| wait
"""


def draw_rulebook() -> MermaidPreview:
    """From the recipe that serves to what becomes of its rules."""
    return MermaidPreview(content=RULEBOOK)
