"""Chromosomes: the same one under its different names, and how long it is."""

from collections.abc import Iterable, Mapping
from functools import cache

import pandas as pd

from attendome.config import suggestion
from attendome.errors import DataError, SettingsError

_SHOWN = 6


def reconcile(names: Iterable[str], wanted: Iterable[str], source: str) -> dict[str, str]:
    """Find out which of a file's chromosomes are which of those wanted.

    ``chr1``, ``1``, ``NC_000001.11`` and ``CM000663.2`` are one chromosome, as are ``chrM`` and
    ``MT``. Where a file has a wanted name itself, that one is meant.

    Args:
        names: the chromosomes of the file.
        wanted: the chromosomes of the genes, the regions or the genome.
        source: what to call the file in a message.

    Returns:
        The wanted name of each of the file's chromosomes that is wanted.

    Raises:
        DataError: none is, or two of them are the same.

    >>> reconcile(["1", "2", "MT"], ["chr1", "chrM"], "a.bam")
    {'1': 'chr1', 'MT': 'chrM'}
    """
    names, wanted = list(names), list(wanted)
    found = matching(names, wanted)
    if not found:
        raise DataError(
            f"{source}: none of its chromosomes is one of {_listed(wanted)}. It has "
            f"{_listed(names)}. Check that all files are of the same species and assembly."
        )
    names_of: dict[str, str] = {}
    for name, meant in found.items():
        if meant in names_of:
            raise DataError(
                f"{source}: {names_of[meant]} and {name} are both names of {meant}; files of "
                "different assemblies, or a file of two, cannot be told apart."
            )
        names_of[meant] = name
    return found


def matching(names: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """Do the same as ``reconcile``, where finding none is no error."""
    names, wanted = list(names), list(wanted)
    by_meaning = {_meaning(name): name for name in wanted}
    exact = set(names) & set(wanted)
    found = {name: name if name in exact else by_meaning.get(_meaning(name)) for name in names}
    return {
        name: meant
        for name, meant in found.items()
        if meant is not None and (name in exact or meant not in exact)
    }


def renamed(names: Mapping[str, str]) -> str:
    """Say in words how names were reconciled; empty where all agree.

    >>> renamed({"1": "chr1", "MT": "chrM", "chr2": "chr2"})
    'chromosomes 1, MT are taken as chr1, chrM'
    """
    changed = {name: meant for name, meant in names.items() if name != meant}
    if not changed:
        return ""
    return f"chromosomes {_listed(changed)} are taken as {_listed(changed.values())}"


def lengths(assembly: str) -> dict[str, int]:
    """Give the length in bp of each assembled chromosome of an assembly, by its UCSC name.

    chrM is left out: the copies of hg19 in use differ in it.

    Args:
        assembly: such as ``hg38``, or ``unknown``, which has no lengths.

    Raises:
        SettingsError: the assembly is not known.
    """
    if assembly == "unknown":
        return {}
    known = _assemblies()
    if assembly not in known:
        hint = suggestion(assembly, [*known, "unknown"])
        raise SettingsError(f"Unknown assembly '{assembly}': {hint}")
    return known[assembly]


def assembly_of(sizes: Mapping[str, int]) -> str:
    """Name the assembly whose chromosomes have these lengths; "unknown" where there is none.

    >>> assembly_of({"1": 249250621, "X": 155270560})
    'hg19'
    """
    found = {_meaning(name): size for name, size in sizes.items()}
    for assembly, known in _assemblies().items():
        expected = {_meaning(name): size for name, size in known.items()}
        shared = expected.keys() & found.keys()
        if shared and all(found[name] == expected[name] for name in shared):
            return assembly
    return "unknown"


def check_lengths(sizes: Mapping[str, int], expected: Mapping[str, int], source: str) -> None:
    """Check that a file's chromosomes are as long as they should be.

    Args:
        sizes: the lengths that the file gives, in bp, by the genes' names of the chromosomes.
        expected: the lengths of the assembly or of the files before.
        source: what to call the file in a message.

    Raises:
        DataError: a chromosome has another length.
    """
    for name, size in sizes.items():
        if size != expected.get(name, size):
            theirs, other = assembly_of(sizes), assembly_of(expected)
            raise DataError(
                f"{source}: {name} is {size:,} bp long there (assembly {theirs}), expected "
                f"{expected[name]:,} bp (assembly {other}). All files must be of one assembly."
            )


def _listed(names: Iterable[str]) -> str:
    shown = list(map(str, names))
    rest = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + rest


def _meaning(name: str) -> str:
    """Give one spelling for all the names of a chromosome."""
    alias = _accessions().get(name, name)
    plain = alias[3:] if alias.lower().startswith("chr") else alias
    return "M" if plain == "MT" else plain


@cache
def _tables() -> dict[str, pd.DataFrame]:
    import bioframe

    ucsc = bioframe.assemblies_available().query("provider == 'ucsc'")
    return {name: bioframe.assembly_info(name).seqinfo for name in ucsc["provider_build"]}


@cache
def _accessions() -> dict[str, str]:
    # An accession names one chromosome of one assembly. Plain aliases do not: roman numbers and X.
    return {
        alias: str(name)
        for table in _tables().values()
        for name, aliases in zip(table["name"], table["aliases"].fillna(""), strict=True)
        for alias in str(aliases).split(",")
        if "." in alias
    }


@cache
def _assemblies() -> dict[str, dict[str, int]]:
    return {
        assembly: {
            str(name): int(length)
            for name, length in zip(table["name"], table["length"], strict=True)
            if name != "chrM"
        }
        for assembly, table in _tables().items()
    }
