"""Where models are fitted: the recursive ridge, its company, their combination, their intervals, and the bundle.

`recipe` says what is configured, `forecaster` what every member can do, `baselines` and `ridge` are members,
`replay` (in `backtest`) repeats history in one pass, `combination` and `intervals` turn members into a forecast with
honest quantiles, `bundle` is the unit that is stored and served.
"""
