"""What is known, and how good it is: from any table to a snapshot, a panel and its features.

`source` declares a source; `parsing` reads its cells and `rows` splits good rows from bad ones; `as_of` places a
cycle in time and `snapshots` freezes what it knows; `series` and `quality` describe it; `steps` counts periods for
`features`; `events` carries what happened; `signals`, `markov`, `segment_costs`, `change_points`, `hysteresis` and
`sensing` make `regimes`; `overlays` puts ranks together; `vintages` sorts arriving rows from known ones and tells
what was known when, `conditions` select among them, `retention` decides which snapshots may go; `schemas` holds the
contracts of the frames that rooms hand over, `contract` enforces them.
"""
