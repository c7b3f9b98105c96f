"""How good were the forecasts: numbers only, no decision.

`losses` holds one function per loss on plain arrays; `aggregation` turns a loss per row into panel scores (mean over
series, then over cutoffs); `scores` applies both to a backtest and to the ledger; `comparison` says whether one
sequence of losses is smaller than another by more than chance, `comparison_tests` the same for whole sets of models;
`registry` knows every metric, which way it is better, and when it is defined.
"""
