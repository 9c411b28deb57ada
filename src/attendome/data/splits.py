"""Rules that put each gene into the split train, valid or test.

A rule is written as a word, with options behind a colon:

- ``thirds``: genes sorted by ID and cut in three (AttentiveChrome's; 19,802 → 6601/6601/6600).
- ``random`` or ``random:seed=3,valid=0.2,test=0.2``: drawn without replacement.
- ``chromosome:valid=chr8,test=chr1+chr2``: whole chromosomes are held out; the chromosome of each
  gene must be known. ``chromosome`` alone holds out about a fifth of the genes for each.
- ``column:file=splits.tsv``: the user's table (TSV or CSV) of ``gene`` and ``split``.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attendome.config import suggestion
from attendome.errors import DataError, SettingsError

SPLITS = ("train", "valid", "test")
_FIFTH = 0.2


def assign(genes: pd.DataFrame, rule: str) -> pd.Series:
    """Give the split of each gene.

    Args:
        genes: a row per gene, indexed by gene ID; ``chromosome`` needs the column ``chrom``.
        rule: the rule as written above.

    Raises:
        SettingsError: the rule or one of its options is unknown.
        DataError: the rule does not fit the genes, or leaves a split empty.
    """
    name, options = parse_rule(rule, _OPTIONS)
    split: pd.Series = _RULES[name][0](genes, **options)
    for expected in SPLITS:
        if not (split == expected).any():
            raise DataError(f"The split rule '{rule}' leaves no gene in the split '{expected}'.")
    return split


def check_rule(genes: pd.DataFrame, rule: str) -> None:
    """Find out before long work whether a rule can fit genes of which some will be left out.

    Raises:
        SettingsError: as ``assign`` does.
        DataError: as ``assign`` does, where leaving out genes does not help.
    """
    name, options = parse_rule(rule, _OPTIONS)
    if name == "column":
        _read_splits(**options)
    else:
        assign(genes, rule)


def parse_rule(rule: str, options_of: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, str]]:
    """Take a rule apart: its word, and its options by name.

    Args:
        rule: the rule as written above.
        options_of: the options of each rule that is known.

    Raises:
        SettingsError: the rule or one of its options is unknown.
    """
    name, _, text = rule.partition(":")
    if name not in options_of:
        raise SettingsError(f"Unknown split rule '{name}': {suggestion(name, options_of)}")
    known = options_of[name]
    options = dict(part.partition("=")[::2] for part in text.split(",") if part)
    for option in options:
        if option not in known:
            hint = suggestion(option, known) if known else f"'{name}' takes none"
            raise SettingsError(f"Unknown option '{option}' of the split rule '{name}': {hint}")
    return name, options


def _thirds(genes: pd.DataFrame) -> pd.Series:
    names = np.full(len(genes), "", dtype=object)
    order = np.argsort(genes.index.to_numpy(str), kind="stable")
    for name, part in zip(SPLITS, np.array_split(order, 3), strict=True):
        names[part] = name
    return pd.Series(names, index=genes.index)


def shares_and_generator(
    seed: str, valid: str, test: str
) -> tuple[tuple[float, float], np.random.Generator]:
    """Read the options of ``random``: the shares of valid and test, and the seed.

    Raises:
        SettingsError: one is no number, or the shares leave nothing for training.
    """
    try:
        shares, generator = (float(valid), float(test)), np.random.default_rng(int(seed))
    except ValueError as error:
        raise SettingsError(f"The split rule 'random' expects numbers: {error}.") from error
    if not (min(shares) > 0 and sum(shares) < 1):  # so that NaN is refused too
        raise SettingsError("The shares of valid and test must be above 0 and add up to below 1.")
    return shares, generator


def _random(
    genes: pd.DataFrame, seed: str = "0", valid: str = "0.2", test: str = "0.2"
) -> pd.Series:
    shares, generator = shares_and_generator(seed, valid, test)
    n_valid, n_test = (max(1, round(share * len(genes))) for share in shares)
    order = generator.permutation(len(genes))
    names = np.full(len(genes), "train", dtype=object)
    names[order[:n_valid]] = "valid"
    names[order[n_valid : n_valid + n_test]] = "test"
    return pd.Series(names, index=genes.index)


def by_chromosome(
    genes: pd.DataFrame, valid: str = "", test: str = "", *, thing: str = "gene"
) -> pd.Series:
    """Hold whole chromosomes out: those named, with + between, or about a fifth for each.

    Args:
        genes: a row per gene, or per other ``thing``, with the column ``chrom``.
        valid: chromosomes for validation.
        test: chromosomes for the test.
        thing: what the rows are, for messages.

    Raises:
        SettingsError: only one is given, or a chromosome stands in both.
        DataError: a chromosome is not there, or there are too few.
    """
    if bool(valid) != bool(test):
        raise SettingsError(
            "The split rule 'chromosome' needs both held-out sets, such as "
            "chromosome:valid=chr8,test=chr1+chr2, or neither."
        )
    present = sorted({str(name) for name in genes.get("chrom", ()) if name})
    split = pd.Series("train", index=genes.index)
    if not valid:
        if len(present) < len(SPLITS):
            raise DataError(
                f"The split rule 'chromosome' needs {thing}s on three chromosomes or more; found "
                f"{', '.join(present) or f'none: the {thing}s have no locations'}."
            )
        valid, test = _held_out(genes["chrom"])
    both = set(valid.split("+")) & set(test.split("+"))
    if both:
        raise SettingsError(f"{', '.join(sorted(both))} cannot be held out for valid and for test.")
    for name, chosen in (("valid", valid.split("+")), ("test", test.split("+"))):
        for chromosome in chosen:
            if chromosome not in present:
                found = ", ".join(present) or f"none: the {thing}s have no locations"
                raise DataError(f"No {thing} lies on '{chromosome}'; chromosomes present: {found}.")
        split[genes["chrom"].isin(chosen)] = name
    unknown = int((genes["chrom"] == "").sum())
    if unknown:
        raise DataError(
            f"The chromosome of {unknown} of {len(genes)} genes is not known, so that they may lie "
            "on one that is held out; import with --genes and an annotation that names them all, "
            "or choose another split rule."
        )
    return split


def _held_out(chrom: pd.Series) -> tuple[str, str]:
    """Choose chromosomes for valid and test: the largest that together have at most a fifth."""
    waiting = chrom[chrom != ""].value_counts().sort_index().sort_values(kind="stable")
    chosen = []
    for _ in range(2):
        names: list[str] = []
        for name in waiting.index[::-1]:
            if waiting[[*names, name]].sum() <= _FIFTH * len(chrom):
                names.append(name)
        names = names or list(waiting.index[:1])
        waiting = waiting.drop(names)
        chosen.append("+".join(names))
    return chosen[1], chosen[0]


def _column(genes: pd.DataFrame, file: str = "") -> pd.Series:
    split = _read_splits(file).reindex(genes.index)
    wrong = split[~split.isin(SPLITS)]
    if len(wrong):
        raise DataError(
            f"{file}: expected train, valid or test for each gene; {wrong.index[0]} has "
            f"{wrong.iloc[0]!r} ({len(wrong)} such genes)."
        )
    return split


def _read_splits(file: str = "") -> pd.Series:
    if not file:
        raise SettingsError("The split rule 'column' needs a table: column:file=splits.tsv")
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
        separator = "\t" if "\t" in text.partition("\n")[0] else ","
        table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str)
    except FileNotFoundError as error:
        raise DataError(f"{file}: no such file.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as a table ({str(error).strip()}).") from error
    if not {"gene", "split"} <= set(table.columns):
        raise DataError(
            f"{file}: expected the columns 'gene' and 'split', found {', '.join(table.columns)}."
        )
    if table["gene"].duplicated().any():
        twice = table["gene"][table["gene"].duplicated()].iloc[0]
        raise DataError(f"{file}: the gene {twice} stands on two lines.")
    return table.set_index("gene")["split"]


_RULES: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "thirds": (_thirds, ()),
    "random": (_random, ("seed", "valid", "test")),
    "chromosome": (by_chromosome, ("valid", "test")),
    "column": (_column, ("file",)),
}
_OPTIONS = {name: options for name, (_, options) in _RULES.items()}
