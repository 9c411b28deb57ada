"""Each fault, made on real data, gives its warning and no other; the real data give none."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from attendome import ChromatinDataset
from attendome.data.amend import with_locations
from attendome.data.attentivechrome import PUBLISHED_MARKS, read_attentivechrome
from attendome.data.chromatin import assemble
from attendome.data.simulation import simulate_chromatin
from attendome.evaluation.quality import assess
from attendome.genome.annotation import read_genes
from attendome.genome.genes import without_version


@pytest.fixture(scope="module")
def annotation(shared_data):
    return read_genes(
        shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz", gene_type="all"
    ).genes


def pilot(path, annotation):
    """A cell type in the ENCODE pilot regions, bins 5'→3'."""
    content = np.load(path)
    ids = without_version(pd.Series(content["gene"].astype(str)))
    genes = pd.DataFrame(
        {"label": content["y"].astype(np.int8), "split": "train"}, index=pd.Index(ids, name="gene")
    )
    attributes = {"cell_type": path.name[:4], "assembly": "hg19", "bin_size": 100, "oriented": True}
    return with_locations(
        assemble(
            content["X"].transpose(0, 2, 1).astype(np.float32),
            genes,
            content["marks"].tolist(),
            attributes | {"label_rule": "published", "sources": []},
        ),
        annotation,
    )


@pytest.fixture(scope="module", params=["E123", "E065", "E116"])
def real(request, shared_data, annotation):
    """A real dataset with strands; E123 is in genome order, the others run 5'→3'."""
    folder = shared_data / "chromatin"
    if request.param == "E123":
        data = read_attentivechrome(folder / "E123", PUBLISHED_MARKS, "E123", bin_size=100)
        return with_locations(data, annotation)
    return pilot(folder / "pilot" / f"{request.param}.pilot_genes_100bins.npz", annotation)


def changed(data, signal=None, mark=None, **attributes):
    content = data.xarray.assign_attrs(attributes)
    if signal is not None:
        values = data.signal.to_numpy().copy()
        values[:, slice(None) if mark is None else data.marks.index(mark)] = signal
        content["signal"] = (("gene", "mark", "bin"), values)
    return replace(data, xarray=content)


def shifted(data, mark):
    """The signal of one mark, each gene's shifted around its window by a random distance."""
    generator = np.random.default_rng(1)
    signal = data.signal.sel(mark=mark).to_numpy()
    return np.stack([np.roll(row, generator.integers(len(row))) for row in signal])


def the_warning(data):
    (warning,) = assess(data).warnings
    return warning


def signal_file(mark, **more):
    number = PUBLISHED_MARKS.index(mark) if mark in PUBLISHED_MARKS else 9
    source = {"role": "signal", "mark": mark, "file": f"{mark}.bam", "sha256": str(number) * 64}
    return source | {"reads": 9_000_000, "used": 8_000_000, "in_windows": 1_000_000} | more


def test_real_data_give_no_warning(real):
    assert assess(real).warnings == []


def test_no_more_do_real_data_without_labels_or_strands(real):
    unplaced = real.xarray.assign_coords(strand=("gene", ["."] * len(real.genes)))
    assert assess(replace(real, xarray=unplaced.drop_vars("label"))).warnings == []


def test_nor_do_simulated_data():
    assert assess(simulate_chromatin()).warnings == []


def test_no_peak(real):
    warning = the_warning(changed(real, shifted(real, "H3K4me3"), "H3K4me3"))
    assert warning.startswith("H3K4me3: there is no peak at the TSS: over genes that are on")
    assert "different assemblies" in warning


def test_h3k4me3_is_known_by_any_spelling(real):
    data = changed(real, shifted(real, "H3K4me3"), "H3K4me3")
    named = data.xarray.assign_coords(mark=[m.upper() + "_rep1" for m in data.marks])
    assert the_warning(replace(data, xarray=named)).startswith("H3K4ME3_rep1: there is no peak")


@pytest.mark.parametrize("mark", ["H3K36me3", "H3K4me1"])
def test_a_flat_profile(real, mark):
    warning = the_warning(changed(real, shifted(real, mark), mark))
    assert warning.startswith(f"{mark}: the signal is flat around the TSS")


@pytest.mark.parametrize("mark", ["H3K9me3", "H3K27me3"])
def test_broad_marks_may_be_flat(real, mark):
    assert assess(changed(real, shifted(real, mark), mark)).warnings == []


def test_a_mirrored_strand(real):
    minus = (real.genes["strand"] == "-").to_numpy()
    signal = real.signal.to_numpy().copy()
    signal[minus] = signal[minus][..., ::-1]
    assert "mirror image" in the_warning(changed(real, signal))


def test_the_wrong_order_of_bins(real):
    warning = the_warning(changed(real, oriented=not real.oriented))
    assert ("not in genome order" if real.oriented else "not 5'→3'") in warning


def test_strands_at_random_mirror_nothing(real):
    strand = np.random.default_rng(0).choice(["+", "-"], len(real.genes)).astype(object)
    content = real.xarray.assign_coords(strand=("gene", strand))
    assert assess(replace(real, xarray=content)).warnings == []


def test_a_mark_given_twice(real):
    warning = the_warning(changed(real, real.signal.sel(mark="H3K36me3"), "H3K4me1"))
    assert warning.startswith("H3K36me3 and H3K4me1 are nearly the same")
    assert "r = 1.0000" in warning


def test_a_file_given_twice_is_said_once(real):
    twin = signal_file("H3K4me1", sha256=signal_file("H3K36me3")["sha256"])
    copied = changed(real, real.signal.sel(mark="H3K36me3"), "H3K4me1")
    warning = the_warning(changed(copied, sources=[signal_file("H3K36me3"), twin]))
    assert warning.startswith("H3K36me3 and H3K4me1 were made from files with the same content")
    assert "H3K36me3.bam and H3K4me1.bam" in warning


def test_a_file_given_as_signal_and_control(real):
    control = {"role": "control", "file": "i.bam", "sha256": signal_file("H3K4me1")["sha256"]}
    warning = the_warning(changed(real, sources=[signal_file("H3K4me1"), control]))
    assert warning.startswith("H3K4me1 and the control were made from")


def test_files_of_different_content_and_other_sources(real):
    sources = [signal_file(mark) for mark in PUBLISHED_MARKS]
    sources += [{"role": "genes", "file": "g.gtf", "sha256": sources[0]["sha256"]}]
    assert assess(changed(real, sources=sources)).warnings == []


def test_few_reads(real):
    source = signal_file("H3K4me1", reads=800_000, used=700_000, left_out={"duplicate": 100_000})
    warning = the_warning(changed(real, sources=[source]))
    assert warning.startswith("H3K4me1: 700,000 reads were used, below 1,000,000")
    assert "shallow sequencing" in warning


def test_few_reads_after_most_were_left_out(real):
    reasons = {"duplicate": 100, "mapping quality below 30": 8_000_000}
    source = signal_file("H3K4me1", used=700_000, left_out=reasons)
    warning = the_warning(changed(real, sources=[source]))
    assert "8,000,000 of them for: mapping quality below 30" in warning


@pytest.mark.parametrize("mark", ["H3K4me3", "H3K36me3"])
def test_a_mark_without_signal(real, mark):
    data = changed(real, np.float32(0), mark)
    warning = the_warning(changed(data, sources=[signal_file(mark, used=12)]))
    assert warning.startswith(f"{mark}: there is no signal in any window")


def test_a_mark_without_data(real):
    data = ChromatinDataset(real.xarray.copy(deep=True))
    data.xarray["signal"].loc[{"mark": "H3K4me3"}] = np.nan
    assert the_warning(data).startswith("H3K4me3: there is no data in any window")


def test_some_bins_without_data(real):
    data = ChromatinDataset(real.xarray.copy(deep=True))
    data.xarray["signal"][::3, :, :7] = np.nan
    data.xarray["signal"][:, 2, -1] = np.nan
    assert assess(data).warnings == []


@pytest.mark.parametrize(("more", "expected"), [(0, 0), (1, 1)])
def test_more_than_half_of_the_genes_left_out(real, more, expected):
    genes = len(real.genes)
    left_out = {"no expression": genes - 10 + more, "no chromosome": 10}
    warnings = assess(changed(real, build={"genes_left_out": left_out})).warnings
    assert len(warnings) == expected
    for warning in warnings:
        assert f"{genes - 9} of them for: no expression" in warning


def test_few_genes_and_narrow_windows_are_not_judged(real):
    data = changed(real, shifted(real, "H3K4me3"), "H3K4me3")
    assert assess(replace(data, xarray=data.xarray.isel(gene=slice(60)))).warnings == []
    assert assess(replace(data, xarray=data.xarray.isel(bin=slice(30, 70)))).warnings == []


def test_plain_values(real):
    data = changed(real, np.float32(0), "H3K4me3")
    quality = assess(data)
    content = quality.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["warnings"] == quality.warnings
    assert content["marks"]["H3K4me1"]["mean"] == quality.marks["H3K4me1"].mean
    assert content["correlation"]["H3K4me1"]["H3K4me3"] is None
    assert content["correlation"]["H3K4me1"]["H3K4me1"] == pytest.approx(1)
