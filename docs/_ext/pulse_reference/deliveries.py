"""What contracts.yml and variables.yml may say, from the options classes that read them."""

from pulse_reference.sources import section


def options() -> str:
    """A section per options class."""
    from pulse_kedro.domain.data_management.deliveries.contracts import ContractOptions, FieldOptions, VersionOptions
    from pulse_kedro.domain.data_management.variables import VariableOptions

    titles = {
        "Entries of `variables.yml`": VariableOptions,
        "Entries of `contracts.yml`": ContractOptions,
        "`versions` of a contract": VersionOptions,
        "`columns` of a version, in the long form": FieldOptions,
    }
    return "\n".join(section(title, cls, None) for title, cls in titles.items())
