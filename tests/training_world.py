"""The small world of the training room's tests: what is known, what is missing, and who forecasts."""

from training_room import RECIPE

KNOWN = 168
GAP = 140
"""A month in which series s3 has no value, among the evaluated cutoffs."""
MODELS = [*(member.name for member in RECIPE.members), "combination"]
