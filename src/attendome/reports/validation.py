"""Write what a validation of maps found: tables, verdicts, a figure and a page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from attendome.interpretation.agreement import LEAST, ORDER, SEEDS
from attendome.interpretation.faithfulness import RANDOM
from attendome.interpretation.held_out import ALL_MARKS, DISTANCE, PERMUTED, SIGNAL, UNTRAINED
from attendome.interpretation.verdicts import number
from attendome.outputs import write_text
from attendome.reports import validation_figures as figures
from attendome.reports.comparison_tables import UNKNOWN, markdown
from attendome.reports.page import write_page
from attendome.reports.validation_paper import write_figure

NULLS = (SIGNAL, DISTANCE, PERMUTED, UNTRAINED)
_COLUMNS = [
    *("method", "profile", "check", "null", "value", "low", "high", "n", "left_out"),
    *("difference", "difference_low", "difference_high"),
]


@dataclass(frozen=True)
class Validation:
    """What the checks of methods of explanation found.

    Intervals are of 95%, from 1,000 bootstrap resamples of the genes, the same for all that is
    compared.

    Attributes:
        held_out: the mark that importance is held against.
        unit: of the prediction.
        table: a row per method, profile (a mark, or all of them), check and null model: the value
            of the method where ``null`` is empty, else that of the null model and the method's
            difference to it, with intervals; ``n`` genes count, ``left_out`` have no value, such as
            a correlation with a profile that is the same in all bins.
        curves: the mean change of the prediction by method, check (deletion or insertion) and share
            of the cells.
        verdicts: what it says of each method, in words.
        notes: what was left out, and why.
        facts: what was validated on what, by label.
    """

    held_out: str
    unit: str
    table: pd.DataFrame
    curves: pd.DataFrame
    verdicts: Mapping[str, str]
    notes: tuple[str, ...]
    facts: dict[str, str]

    def rows(self, check: str, null: str = "", profile: str = ALL_MARKS) -> pd.DataFrame:
        """Select the rows of a check, by method."""
        table = self.table
        chosen = (table["check"] == check) & (table["null"] == null) & (table["profile"] == profile)
        return table[chosen].set_index("method")


def write_validation(found: Validation, folder: Path) -> None:
    """Write a validation into a folder, replacing what stands there.

    The files are validation.tsv, curves.tsv, table.md, verdicts.md, verdicts.json, validation (as
    .pdf, .svg and .png) and report.html.
    """
    cells, notes = summary_cells(found), _notes(found)
    for name, table in {"validation": found.table[_COLUMNS], "curves": found.curves}.items():
        write_text(folder / f"{name}.tsv", table.to_csv(sep="\t", index=False))
    write_text(folder / "table.md", markdown(cells, notes))
    lines = [f"- **{method}** – {text}" for method, text in found.verdicts.items()]
    write_text(folder / "verdicts.md", "\n".join(lines) + "\n")
    verdicts = [{"method": name, "verdict": text} for name, text in found.verdicts.items()]
    write_text(folder / "verdicts.json", json.dumps(verdicts, indent=2, ensure_ascii=False) + "\n")
    write_figure(found, folder)
    write_page(
        "validation.html.j2",
        folder / "report.html",
        {
            "held-out": figures.held_out(found),
            **{check: figures.curves(found, check) for check in ("deletion", "insertion")},
        },
        content={"title": f"Validation against {found.held_out}", "facts": found.facts},
        found=found,
        summary=cells,
        notes=notes,
        by_mark=by_mark_cells(found),
    )


def summary_cells(found: Validation) -> pd.DataFrame:
    """Give a row per method, as texts: each value or difference with its interval."""
    mark = found.held_out
    columns = {f"r with {mark}": _texts(found.rows("pearson"))}
    for null in NULLS:
        columns[f"r minus {null}"] = _texts(found.rows("pearson", null), "difference")
    columns |= {
        f"ρ with {mark}": _texts(found.rows("spearman")),
        f"r of means with {mark}": _texts(found.rows("mean profile")),
        f"means minus {DISTANCE}": _texts(found.rows("mean profile", DISTANCE), "difference"),
        "deletion minus random": _texts(found.rows("deletion", RANDOM), "difference"),
        "insertion minus random": _texts(found.rows("insertion", RANDOM), "difference"),
        "ρ between seeds": _texts(found.rows(SEEDS)),
        "ρ with untrained": _texts(found.rows(SEEDS, UNTRAINED)),
        "ρ with marks reversed": _texts(found.rows(ORDER)),
        "reversed minus least of seeds": _texts(found.rows(ORDER, LEAST), "difference"),
    }
    return _cells(columns, list(found.verdicts))


def by_mark_cells(found: Validation) -> pd.DataFrame:
    """Give the correlation of each mark's profile with the held-out mark, as texts."""
    profiles = dict.fromkeys(found.table["profile"])
    columns = {str(name): _texts(found.rows("pearson", profile=name)) for name in profiles}
    return _cells(columns, list(found.verdicts))


def _cells(columns: Mapping[str, pd.Series], methods: list[str]) -> pd.DataFrame:
    filled = {name: texts for name, texts in columns.items() if len(texts)}
    table = pd.DataFrame(filled, index=methods).fillna(UNKNOWN)
    return table.rename_axis("Method").reset_index()


def _texts(rows: pd.DataFrame, what: str = "value") -> "pd.Series[Any]":
    """Write a value, or a difference, with its interval."""
    names = ("value", "low", "high")
    if what == "difference":
        names = ("difference", "difference_low", "difference_high")
    texts = [
        UNKNOWN if pd.isna(value) else f"{number(value)} ({number(low)} to {number(high)})"
        for value, low, high in rows[list(names)].to_numpy()
    ]
    return pd.Series(texts, index=rows.index, dtype=object)


def _notes(found: Validation) -> list[str]:
    pearson = found.rows("pearson")
    flat = [f"{name} ({row['left_out']})" for name, row in pearson.iterrows() if row["left_out"]]
    texts = [
        f"r, ρ with {found.held_out}: mean over the genes predicted on (of expression: high) of "
        "the correlation over bins of |importance|, summed over marks, with the signal of the "
        "mark. r of means: of the two means over these genes, as published. Intervals: 95%, by a "
        "bootstrap of the genes; not of training.",
        f"Deletion, insertion: area under the change of the prediction ({found.unit}) while cells "
        "are removed, or added, in the order of the method, minus that of random order; above 0: "
        "better than random.",
        "ρ between seeds, with an untrained model, with the marks reversed: mean over genes of "
        "Spearman's ρ of |importance| over cells.",
    ]
    if flat:
        texts.append(
            "Genes whose profile is the same in all bins have no correlation and are left out: "
            f"{', '.join(flat)}."
        )
    return [*texts, *found.notes]
