"""Where forecasts lean, and the rules that may correct them.

`bias` measures the serving recipe's residuals by slice; `rulebook` is the hashed list of rules that a recipe has.
No rule is mined yet: the rulebook is empty, and says so. `corrector` lets overlays move forecasts where an ablation on
later cutoffs shows that it helps.
"""
