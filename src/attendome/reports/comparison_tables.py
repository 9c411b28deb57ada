"""The tables of a comparison as text: cells, Markdown and LaTeX."""

import pandas as pd

from attendome.evaluation.comparison import Comparison
from attendome.evaluation.paired_tests import CORRECTION
from attendome.evaluation.published import PUBLISHED_BASELINE

UNKNOWN = "–"
SCORES = {"auroc": "AUROC", "pearson": "Pearson's r"}

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "[": "{[}",  # at the start of a row, it would be an option of the row before
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "²": r"\textsuperscript{2}",
        "−": "$-$",
        "ρ": r"$\rho$",
        **{sign: f"\\{sign}" for sign in "&%$#_"},
    }
)


def summary_cells(comparison: Comparison, published: pd.DataFrame | None) -> pd.DataFrame:
    """Give the table of models, with the published rows below, as texts."""
    every = _cell_types(comparison)
    summary = comparison.summary.assign(model=marked_names(comparison))
    rows = [_row(model, every) for _, model in summary.iterrows()]
    if published is not None:
        same = comparison.baseline.partition("[")[0] == PUBLISHED_BASELINE
        rows += [_published_row(model, every, same) for _, model in published.iterrows()]
    titles = {
        "mean": f"Mean {SCORES[comparison.metric]}",
        "better": f"Better than {comparison.baseline} in",
    }
    return pd.DataFrame(rows).rename(columns=titles | _TITLES)


_TITLES = {
    "model": "Model",
    "interval": "95% interval",
    "median": "Median",
    "max": "Max",
    "min": "Min",
    "cell_types": "Cell types",
    "seed_sd": "SD over seeds",
    "seconds": "Seconds a run",
    "parameters": "Parameters",
}


def marked_names(comparison: Comparison) -> pd.Series:
    """Give the names in the summary; † marks models of fewer cell types than others."""
    fewer = comparison.summary["cell_types"] < _cell_types(comparison)
    return comparison.summary["model"] + fewer.map({True: "†", False: ""})


def _cell_types(comparison: Comparison) -> int:
    return int(comparison.by_cell_type["cell_type"].nunique())


def _row(model: pd.Series, every: int) -> dict[str, str]:
    fewer = model["cell_types"] < every
    compared = pd.notna(model["compared"]) and model["compared"] > 0
    parameters = model["parameters"]
    return {
        "model": model["model"],
        "mean": number(model["mean"]),
        "interval": interval(model),
        **{name: number(model[name]) for name in ("median", "max", "min")},
        "cell_types": f"{model['cell_types']} of {every}" if fewer else str(every),
        "better": f"{model['better']} of {model['compared']}" if compared else UNKNOWN,
        "seed_sd": number(model["seed_sd"]),
        "seconds": number(model["seconds"], ",.0f"),
        "parameters": f"{parameters:,}" if pd.notna(parameters) else UNKNOWN,
    }


def _published_row(model: pd.Series, every: int, same_baseline: bool) -> dict[str, str]:
    known = same_baseline and pd.notna(model["better"])
    return {
        "model": f"{model['model']} (published{', recalled*' if model['recalled'] else ''})",
        "mean": number(model["mean"]),
        **{name: number(model[name]) for name in ("median", "max", "min")},
        "interval": UNKNOWN,
        "cell_types": str(every),
        "better": f"{model['better']} of {every}" if known else UNKNOWN,
        **dict.fromkeys(("seed_sd", "seconds", "parameters"), UNKNOWN),
    }


def difference_cells(differences: pd.DataFrame, over: str = "cell_types") -> pd.DataFrame:
    """Give a table of differences as texts.

    Args:
        differences: as ``pair_differences`` gives them; the tests that are no columns are left out.
        over: the column of what a difference is a mean over.
    """
    tests = {"p_bootstrap": "p, bootstrap", "p_wilcoxon": "p, Wilcoxon"}
    shown = {
        "Model": differences["model"],
        **({"Other": differences["other"]} if "other" in differences else {}),
        over.replace("_", " ").capitalize(): differences[over].astype(str),
        "Difference": differences["difference"].map("{:+.4f}".format),
        "95% interval": [interval(row, "+.4f") for _, row in differences.iterrows()],
    }
    for test, title in tests.items():
        if test in differences:
            shown[title] = differences[test].map(p_value)
            shown[f"{title} ({CORRECTION})"] = differences[f"{test}_holm"].map(p_value)
    return pd.DataFrame(shown)


def cell_type_cells(comparison: Comparison) -> pd.DataFrame:
    """Give the values as cell type × model, as texts."""
    values = comparison.values().map(number)
    return values.rename_axis(index="Cell type", columns=None).reset_index()


def notes(comparison: Comparison, published: pd.DataFrame | None) -> list[str]:
    """Say how to read the table of models, a text each."""
    every = _cell_types(comparison)
    texts = [
        "A model's value in a cell type is the mean over its seeds. Intervals: 95%, by a bootstrap "
        "of the test genes; how values depend on the training is said by the SD over seeds.",
        *comparison.notes,
    ]
    if (comparison.summary["cell_types"] < every).any():
        texts.append("† Mean over fewer cell types.")
    if published is not None:
        texts.append(
            "Published: the values of AttentiveChrome's authors, on their own preparation of the "
            "data. * Recalled: not checked against a stored source."
        )
    return texts


def markdown(cells: pd.DataFrame, texts: list[str]) -> str:
    """Write a table in Markdown, with notes below."""
    rows = [list(cells.columns), *cells.to_numpy().tolist()]
    escaped = [[_markdown(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*escaped, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        "| " + " | ".join(map(_padded, row, widths, range(len(row)))) + " |"
        for row in (escaped[0], rule, *escaped[1:])
    ]
    return "\n".join(lines) + "\n\n" + "\n".join(f"- {_markdown(text)}" for text in texts) + "\n"


def _padded(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)


def _markdown(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|~" else sign for sign in text)


def latex(cells: pd.DataFrame, texts: list[str]) -> str:
    """Write a table in LaTeX, with notes below; it needs the package booktabs."""
    rows = [list(cells.columns), *cells.to_numpy().tolist()]
    lines = [" & ".join(map(_latex, row)) + r" \\" for row in rows]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            rf"\begin{{tabular}}{{l{'r' * (len(cells.columns) - 1)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            "",
            r"\par\smallskip{\footnotesize\raggedright",
            *(_latex(text) + r"\par" for text in texts),
            "}",
            "",
        ]
    )


def _latex(text: str) -> str:
    return text.translate(_LATEX)


def number(value: float, form: str = ".4f") -> str:
    """Write a number, or that it is not known."""
    return UNKNOWN if pd.isna(value) else format(value, form)


def interval(row: pd.Series, form: str = ".4f") -> str:
    """Write the interval from ``low`` to ``high`` of a row, or that it is not known."""
    if pd.isna(row["low"]):
        return UNKNOWN
    return f"{row['low']:{form}} to {row['high']:{form}}"


def p_value(value: float) -> str:
    """Write a p value."""
    return "< 0.0001" if value < 0.0001 else number(value)
