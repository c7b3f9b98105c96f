"""The science: no clock, disk, network, framework or hidden randomness.

`errors` is the floor, `panel` the long table, `cycle` the identity of one run; above them stand the rooms
data_management, metrics, training, rules and recovery.
"""
