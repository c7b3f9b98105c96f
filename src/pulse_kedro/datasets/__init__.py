"""Catalog entries of our own: how pipelines meet the stores, the bundles, and a live collaborator.

`store_dataset` (history, ledger, the record whose saving is the commit), `snapshot_dataset`, `registry_dataset`
(champion, candidates), `record_dataset` (small typed values), `client_dataset` (code version, bundle check),
`html_dataset`. They open nothing when they are made, import what is heavy inside functions, and can be pickled.
"""
