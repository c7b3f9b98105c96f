"""The rooms of a cycle: pure nodes and the order in which they run.

data_management → training → metrics → rules → inference → recovery (commit) → reporting. Each room has `nodes.py`,
plain functions, and `pipeline.py`, a list one can read aloud. Rooms meet only in the catalog.
"""
