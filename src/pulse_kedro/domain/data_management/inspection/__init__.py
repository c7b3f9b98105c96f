"""What an unknown table seems to hold: which column is what, how cells are spelled, how often values come.

`spelling` reads dates and numbers, `columns` tells what each column is for, `rhythm` finds the frequency, and `inspect`
joins them into one proposal. A proposal says what it assumed; what cannot be told is asked, never guessed.
"""

from pulse_kedro.domain.data_management.inspection.proposal import Hints, Proposal, inspect

__all__ = ["Hints", "Proposal", "inspect"]
