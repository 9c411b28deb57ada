import numpy as np
import pandas as pd
import pytest

from attendome.interpretation.held_out import ALL_MARKS
from attendome.interpretation.verdicts import verdict

NAN = np.nan


def row(check, null, value, low, high, difference=(NAN, NAN, NAN), n=80):
    names = ("value", "low", "high", "difference", "difference_low", "difference_high")
    numbers = dict(zip(names, (value, low, high, *difference), strict=True))
    return {"method": "m", "profile": ALL_MARKS, "check": check, "null": null, "n": n, **numbers}


USUAL = [
    row("pearson", "", 0.45, 0.41, 0.49),
    row("pearson", "raw signal", 0.4, 0.3, 0.5, (0.05, 0.02, 0.08)),
    row("pearson", "distance to the TSS", 0.47, 0.4, 0.5, (-0.02, -0.05, 0.01)),
    row("pearson", "permuted genes", 0.6, 0.5, 0.7, (-0.15, -0.2, -0.1)),
    row("deletion", "", 1.2, 1, 1.4),
    row("deletion", "random order", 0.7, 0.6, 0.8, (0.5, 0.4, 0.6)),
    row("insertion", "", 1.2, 1, 1.4),
    row("insertion", "random order", 1.3, 0.6, 1.8, (-0.1, -0.3, 0.1)),
]
SEEDS = [row("seeds", "", 0.71, 0.69, 0.73)]
UNTRAINED = [row("seeds", "untrained model", 0.3, 0.2, 0.4, (0.41, 0.3, 0.5))]
ORDER = [
    row("mark order", "", 0.5, 0.4, 0.6),
    row("mark order", "seeds that agree least", 0.71, 0.69, 0.73, (-0.21, -0.3, -0.1)),
]


def said(rows, unit="log odds"):
    other = [{**USUAL[0], "profile": "H3K4me1", "value": 0.9}, {**USUAL[0], "method": "other"}]
    return verdict(pd.DataFrame([*rows, *other]), "m", "H3K4me3", unit)


def changed(number, **values):
    return [{**one, **values} if n == number else one for n, one in enumerate(USUAL)]


def test_all_of_it():
    assert said([*USUAL, *SEEDS, *UNTRAINED, *ORDER]) == (
        "Follows H3K4me3 (held out; r = .45, .41 to .49); "
        "better than raw signal (difference .05, .02 to .08); "
        "no better than distance to the TSS (difference −.02, −.05 to .01); "
        "worse than permuted genes (difference −.15, −.20 to −.10). "
        "Removing what it ranks first changes the prediction more than random order does "
        "(difference .50, .40 to .60 log odds on average). "
        "Adding that to an empty signal changes the prediction no more than random order does "
        "(difference −.10, −.30 to .10 log odds on average). "
        "Agrees between seeds (ρ = .71, .69 to .73), "
        "more than with an untrained model (ρ = .30, .20 to .40). "
        "The marks in reverse order change it more than another seed does (ρ = .50, .40 to .60)."
    )


def test_null_models_of_one_sort_are_listed():
    rows = [{**one, "difference_low": 0.1} if one["check"] == "pearson" else one for one in USUAL]
    assert (
        "; better than raw signal (difference .05, .10 to .08), distance to the TSS "
        "(difference −.02, .10 to .01) and permuted genes (difference −.15, .10 to −.10). Rem"
    ) in said(rows)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 0.2, "Follows H3K4me3 (held"),
        (-0.1, 0.2, "Does not follow H3K4me3 (held"),
        (-0.2, -0.1, "Runs against H3K4me3 (held"),
    ],
)
def test_whether_it_follows(low, high, words):
    assert said(changed(0, low=low, high=high)).startswith(words)


def test_what_rounding_leaves_is_no_difference():
    text = said(changed(1, difference=2e-17, difference_low=1e-17, difference_high=3e-17))
    assert "no better than raw signal (difference 0, 0 to 0)" in text


def test_what_is_the_same_in_all_bins_is_not_held_against_anything():
    text = said(changed(0, n=0, value=NAN, low=NAN, high=NAN))
    assert text.startswith("Says nothing of where along a mark: it is the same in all bins. Remov")


def test_an_order_that_is_worse_than_random():
    text = said(
        changed(5, difference=-1, difference_low=-2, difference_high=-0.5), "log2 expression"
    )
    assert "ranks first changes the prediction less than random order does" in text
    assert "(difference −1.00, −2.00 to −.50 log2 expression on average)" in text


def test_without_other_seeds_nothing_is_said_of_them():
    assert "seeds" not in said(USUAL)
    assert "untrained" not in said([*USUAL, *SEEDS])
    assert "reverse" not in said([*USUAL, *SEEDS])


@pytest.mark.parametrize(
    ("rho", "words"), [(0.5, "Agrees in part between"), (-0.2, "Hardly agrees between")]
)
def test_agreement_has_three_degrees(rho, words):
    assert words in said([*USUAL, {**SEEDS[0], "value": rho}])


def test_an_order_no_worse_than_another_seed():
    rows = [ORDER[0], {**ORDER[1], "difference_high": 0.1}]
    assert "reverse order change it no more than another seed does (ρ = .50" in said(
        [*USUAL, *SEEDS, *rows]
    )


def test_maps_without_an_order():
    text = said([*USUAL, {**SEEDS[0], "n": 0, "value": NAN}])
    assert text.endswith("Has no order of cells that seeds could agree on.")
