"""Features: columns that are computed from a panel, each knowing how far it reads and when that was known.

`rows` holds season and scale, which every cycle needs; `table` the dense form on which steps work and `columns` what is
said of each column; `sliding` the kernels over trailing windows; `scaling`, `indicators`, `windowed`, `calendar` and
`blocks` the steps; `definition` the closed table of their types; `fitting` learns and applies a definition;
`manifest` names the result; `blending` joins other tables by the moment at which they were known.
"""
