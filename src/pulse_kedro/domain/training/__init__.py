"""What is trained, and what may take charge: decisions as data, no fitting.

`triggers` plans the jobs of a cycle. `contest` pairs the losses of two recipes, `evidence` says what they show,
`promotion` is the gate between the recipes, `charge` decides which bundle serves.
`probation` is the sequential test of a new champion against the former one; no node asks it yet.
"""
