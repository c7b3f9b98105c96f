"""What a source delivers, held to a named and versioned contract before anything is read from it.

`cells` says which values a type of column may hold, `contracts` what configuration declares, `schema` turns one version
into a Pandera schema and finds the rows that break it, `conversions` holds the steps from an old version to the next,
`examining` puts these together, `originals` keeps rows as they came.
"""
