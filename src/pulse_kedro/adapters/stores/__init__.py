"""What is kept in the database: one transaction per cycle, one store per file.

`engine` opens the database, `tables` describes it, `migrations` builds it; `columns` and `frames` carry values in and
out. `cycles` holds committed cycles and the champion, and commits; `ledger` forecasts and outcomes; `metrics` the
history of scores; `rules` the rulebooks; `journal` attempts and faults (`processes` tells which attempt is alive);
`snapshots` the rows a cycle knew, `vintages` every vintage of every source. Both are Parquet `objects` in a place of
`blobs` (a folder, whose `files` appear whole, or a bucket, `s3_blobs`), named by the `catalogue`; `selection` finds
those that a reader needs, `inventory` tells what there is, `retention` cleans up. `edges` is what was made from what,
`events` what happened. `summary` says where things stand, `scoreboard` how well, `past` what was committed and
`contrast` how two cycles differ; these four do without pandas.
"""
