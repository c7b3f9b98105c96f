"""What is kept in the database: one transaction per cycle, one store per file.

`engine` opens the database, `tables` describes it, `migrations` builds it; `columns` and `frames` carry values in and
out. `cycles` holds committed cycles and the champion, and commits; `ledger` forecasts and outcomes; `metrics` the
history of scores; `rules` the rulebooks; `journal` attempts and faults (`processes` tells which attempt is alive);
`snapshots` the rows a cycle knew, Parquet files with a row each (`files` makes them appear whole); `edges` what was
made from what; `events` what happened. `summary` says where things stand, `scoreboard` how well, `past` what was
committed and `contrast` how two cycles differ; these four do without pandas.
"""
