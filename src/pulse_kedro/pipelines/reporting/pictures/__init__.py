"""Pictures as plain dictionaries: `canvas` and `palette` are shared; `fans`, `charts` and `lean` draw."""
