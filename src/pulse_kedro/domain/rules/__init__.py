"""Where forecasts lean, and the rules that may correct them.

`bias` measures the serving recipe's residuals by slice. `rule` and `variables` are the language, `applying` says where
rules hold and how far they shift, `context` which facts are known at a cutoff. `candidates` and `mining` search,
`learning` takes a `rulebook` from cutoff to cutoff: learned, tried, applied, watched, dropped. `corrector` lets
overlays move forecasts where an ablation on later cutoffs shows that it helps.
"""
