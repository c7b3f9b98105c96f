"""What could not be told from looking at a table: each error shows what was found and which option answers it."""

from collections.abc import Mapping, Sequence

from pulse_kedro.domain.errors import InvalidInput, SchemaMismatch, nearest

_SHOWN = 8


class UnknownColumn(SchemaMismatch):
    """A column was named that the table does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep the name and the columns that are there."""
        super().__init__(name, tuple(known))
        self.name, self.known = name, tuple(known)

    def __str__(self) -> str:
        """Name the columns there are, and the nearest one."""
        more = ", …" if len(self.known) > _SHOWN else ""
        return (
            f"Looking at the table failed: got column {self.name!r}, expected one of "
            f"{', '.join(self.known[:_SHOWN])}{more}.{nearest(self.name, self.known)}"
        )


class NoDates(InvalidInput):
    """No column of a table holds dates."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        """Keep the first cell of each column that was looked at."""
        super().__init__(dict(cells))
        self.cells = dict(cells)

    def __str__(self) -> str:
        """Show the cells and say how to name the date."""
        return (
            f"Looking for the date failed: got {_cells(self.cells)}, expected a column of dates. Name it with --date, "
            "and its format with --date-format, for example '%d.%m.%Y'; is the delimiter the right one?"
        )


class AmbiguousDates(InvalidInput):
    """Dates of a table can be read in two ways, and both are as regular."""

    def __init__(self, column: str, formats: Sequence[str], row: str) -> None:
        """Keep the column, the formats that fit, and a row to look at."""
        super().__init__(column, tuple(formats), row)
        self.column, self.formats, self.row = column, tuple(formats), row

    def __str__(self) -> str:
        """Name the formats and the option that chooses one."""
        return (
            f"Reading the dates of column {self.column!r} failed: got dates that fit {' and '.join(self.formats)} "
            f"(row {self.row}), expected one way to read them. Choose it: --date-format {self.formats[0]!r}."
        )


class MixedDates(InvalidInput):
    """Dates of a table are spelled in several ways, none of which most of them follow."""

    def __init__(self, column: str, date_format: str, share: float) -> None:
        """Keep the column, its commonest spelling, and the share of distinct cells that follow it."""
        super().__init__(column, date_format, share)
        self.column, self.date_format, self.share = column, date_format, share

    def __str__(self) -> str:
        """Say what the commonest spelling is and how to go on."""
        return (
            f"Reading the dates of column {self.column!r} failed: got {self.share:.0%} of them as {self.date_format} "
            "and the others in another way, expected one spelling. Correct the file, or name the column with --date "
            "and its spelling with --date-format: rows that are spelled otherwise are then set aside."
        )


class NoKey(InvalidInput):
    """Rows share a date, and no columns tell them apart."""

    def __init__(self, date: str) -> None:
        """Keep the column of the date."""
        super().__init__(date)
        self.date = date

    def __str__(self) -> str:
        """Say how to name the series."""
        return (
            f"Looking for the series failed: got several rows for one date (column {self.date!r}) that no columns tell "
            "apart, expected one row per series and date. Name the columns of the series with --id, once for each."
        )


class NoValues(InvalidInput):
    """No column of a table holds numbers that change."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        """Keep the first cell of each column that was looked at."""
        super().__init__(dict(cells))
        self.cells = dict(cells)

    def __str__(self) -> str:
        """Show the cells and say how to name the value."""
        return (
            f"Looking for the values failed: got {_cells(self.cells)}, expected a column of numbers. Name it with "
            "--value, and the signs of its numbers with --decimal and --thousands."
        )


class UnclearFrequency(InvalidInput):
    """The series of a table have different frequencies, or one that is not known here."""

    def __init__(self, counts: Mapping[str, int], single: int) -> None:
        """Keep the number of series by frequency, and how many have one date only."""
        super().__init__(dict(counts), single)
        self.counts, self.single = dict(counts), single

    def __str__(self) -> str:
        """Count the series and say what can be done."""
        found = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        lone = f", {self.single} with one date only" if self.single else ""
        kinds = found or "none with two dates"
        return (
            f"Finding the frequency failed: got series of these kinds: {kinds}{lone}, expected one of hourly, daily, "
            "weekly, monthly or quarterly for all of them. Put each frequency into a file of its own, or choose one "
            "with --frequency: series with several values in one of its periods are then set aside."
        )


def _cells(cells: Mapping[str, str]) -> str:
    shown = ", ".join(f"{name} {cell[:40]!r}" for name, cell in list(cells.items())[:_SHOWN])
    return f"{shown}{', …' if len(cells) > _SHOWN else ''}" if shown else "no column"
