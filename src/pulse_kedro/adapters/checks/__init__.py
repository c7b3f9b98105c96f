"""What `kedro pulse doctor` looks at: small functions, each of which returns what it found; none leaves a trace.

`findings` says what a finding is; `environment` looks at Python, packages and telemetry, `configuration` at what stands
under `conf/` and at the source, `places` at the data root, `database` at the stores, `results` at what the newest cycle
left.
"""
