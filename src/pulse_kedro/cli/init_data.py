"""`init-data`: look at a file, say what it seems to hold, and write the settings that let a cycle run on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pulse_kedro.cli.door import DONE, answers, json_option, print_json, pulse

if TYPE_CHECKING:
    pass

FREQUENCY = click.Choice(["hourly", "daily", "weekly", "monthly", "quarterly"])


@pulse.command(name="init-data")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "unique_id", multiple=True, help="Column that names the series; repeat it where several do.")
@click.option("--date", "ds", default=None, help="Column with the date.")
@click.option("--value", "y", multiple=True, help="Column to forecast; repeat it for several.")
@click.option("--static", multiple=True, help="Column that describes a series; repeat it for several.")
@click.option("--frequency", type=FREQUENCY, default=None, help="Length of one period.")
@click.option("--date-format", default=None, help="How dates are spelled, as in strptime; %q is a quarter.")
@click.option("--decimal", type=click.Choice([".", ","]), default=None, help="Sign before the fraction of a number.")
@click.option("--thousands", default=None, help="Sign between groups of three digits.")
@click.option("--delimiter", default=None, help="Sign between the cells of a text file.")
@click.option("--encoding", default=None, help="Encoding of a text file.")
@click.option("--name", default=None, help="Name of the source; default: that of the file.")
@click.option("--title", default=None, help="First words of the report; default: the name.")
@click.option("--unit", default="units", show_default=True, help="Unit of the values, for people.")
@click.option(
    "--release-lag-days", type=click.FloatRange(0), default=0, show_default=True, help="Days until a value is known."
)
@click.option("--env", "-e", default="local", show_default=True, help="Environment under conf/ that is written.")
@click.option("--force", is_flag=True, help="Replace settings that an earlier call wrote.")
@click.option("--dry-run", is_flag=True, help="Show what was found and write nothing.")
@json_option
@answers
def init_data(*, file: Path, env: str, force: bool, dry_run: bool, as_json: bool, **said: Any) -> int:  # noqa: ANN401  # click gives them
    """Look at FILE (text or Parquet), say what it holds, and write the settings for it.

    Columns, spelling of dates and numbers, frequency, series and gaps are found by looking; options say what cannot be
    told. Settings go to an environment under conf/, cycles to a data root of their own. FILE stays where it is.

    Exit codes: 0 done, 1 failed (what could not be told is asked, nothing is written), 2 wrong usage.

    Example: kedro pulse init-data sales.csv
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.settings_files import write_settings
    from pulse_kedro.adapters.unknown_tables import open_table
    from pulse_kedro.cli.own_data import Labels, examine, plain_name, settings_texts
    from pulse_kedro.cli.own_data_wording import describe, print_found

    name = said["name"] or plain_name(file)
    labels = Labels(
        name=name,
        unit=said["unit"],
        title=said["title"] or name.replace("_", " ").capitalize(),
        release_lag_days=said["release_lag_days"],
    )
    opened = open_table(file, delimiter=_sign(said["delimiter"]), encoding=said["encoding"])
    examined = examine(opened, _hints(said), labels, bootstrap.configuration("base")["parameters"])
    texts = settings_texts(examined, file=bootstrap.in_project(file), root=f"data/{plain_name(Path(name))}")
    written = [] if dry_run else write_settings(bootstrap.environment_folder(env), texts, replace=force)
    answer = describe(examined, written=[bootstrap.in_project(path) for path in written], env=env)
    if as_json:
        print_json(answer)
    else:
        print_found(answer)
    return DONE


def _hints(said: dict[str, Any]) -> Any:  # noqa: ANN401  # Hints; importing it here costs pandas
    from pulse_kedro.domain.data_management.inspection import Hints

    several = {name: said[name] or None for name in ("unique_id", "y", "static")}
    single = {name: said[name] for name in ("ds", "date_format", "decimal", "thousands", "frequency")}
    return Hints(**several, **single)


def _sign(delimiter: str | None) -> str | None:
    r"""The delimiter that was meant: a shell hands `\t` over as two characters."""
    return "\t" if delimiter == "\\t" else delimiter
