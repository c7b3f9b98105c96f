"""How good the data of one cycle are.

`grid`: a long table as dense blocks. `screening`: what the past of a series says about each value, and which values
contradict it. `stretches`: gaps, repeats, silence, bounds. `units`: series in another unit than their neighbours.
`findings`: all of it as one table. `options`: thresholds. `report`: counts, shares and the score as one document.
"""
