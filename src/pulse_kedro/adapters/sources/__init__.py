"""Where observations come from: one file per kind of source, chosen by name from a list, never by a class path.

`kinds` is the list; `configured` builds what `conf/…/sources.yml` asks for, with `settings` for what every kind has in
common. Kinds: `csv_files` and `parquet_files` (opened by `places`), `sql_tables`, `http_pages` and `fred` (which speak
through `http_client`, whose answers `json_bodies` reads), `own_ledger` and `own_backtests`. `fan_out` asks several at
once; `asking` makes one answer by the rules, `failing` turns what went wrong into words without secrets, and `threads`
keeps drivers that block away from the others.
"""
