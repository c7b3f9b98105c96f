"""The rulebook of a recipe: an ordered list of rules under one hash, which every forecast cites through its cycle."""

from pulse_kedro.domain.cycle import digest

SCHEMA_VERSION = 1


def empty_rulebook(recipe: str) -> dict[str, object]:
    """Rulebook without a rule: raw and ruled forecasts are the same.

    Args:
        recipe: Digest of the recipe it belongs to; rules learned on one recipe's residuals do not fit another's.

    Returns:
        `schema_version`, `recipe`, `rules` and `hash` over the three; plain values for JSON.

    Example:
        >>> book = empty_rulebook("3f2a")
        >>> book["rules"], book["hash"] == empty_rulebook("3f2a")["hash"]
        ([], True)
    """
    content = {"schema_version": SCHEMA_VERSION, "recipe": recipe, "rules": []}
    return {**content, "hash": digest(content)}
