"""Where models are fitted: the recursive ridge, its company, their combination, their intervals, and the bundle.

`recipe` says what is configured, `forecaster` what every member can do, `baselines`, `ridge` and `network_member` are
members, `replay` (in `backtest`) repeats history in one pass, `combination` and `intervals` turn members into a
forecast with honest quantiles, `bundle` is the unit that is stored and served.

Networks: `curriculum` chooses windows, `learning` says what a lesson is, `fitting` teaches it with `measuring` and
`search`; `networks`, `sampling`, `objectives` and `module` are torch and imported only there. `retraining` brings them
together for the run of that name.
"""
