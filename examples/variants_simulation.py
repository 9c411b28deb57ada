"""Do variants, attention and gradients find what drives a promoter? Print a Markdown table.

Simulates DNA in which promoters are driven by enhancers near to them and far from them, trains
models on it (both as distal_simulation.py does), breaks motifs of regions that were not trained on
by variants of a VCF file, and scores these at the TSS of all genes, as `attendome variants` does:

- a motif: all bases of an enhancer's motif are changed. A row of the table of scores is a variant
  and a gene in one region; the right genes are those that the enhancer drives.
- a base: one base of a motif of an enhancer, or of a promoter's activator, is changed, or a base
  outside of all motifs. Ranked by the size of the effect; the causal rows are those of a motif and
  a gene that it drives.
- links: the target is the bin of a TSS; how much of it is read from the bins of an enhancer. The
  right pairs are those of a promoter and an enhancer that drives it: among all enhancers of the
  region, and among all bins, both more than 64 bp from the TSS and, where they are not right, more
  than two bins from a right one.

    python examples/variants_simulation.py OUT

OUT is a new folder, or the one that distal_simulation.py made: what is trained there is not trained
again. It gets the genome, the VCF files, the tables of scores, results.tsv and table.md.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from distal_simulation import CANDIDATES, SIMULATION, TRAINING

import attendome as ad
from attendome.data.sequence.motifs import Element, write_motifs
from attendome.data.sequence.simulated_files import write_genome
from attendome.evaluation.paired_tests import interval
from attendome.evaluation.resampling import draw_weights, resampled_scores
from attendome.interpretation.sequence.links import attention_links, gradient_links, level_of

MODELS = ("standard", "attention, two-sided", "hybrid")
SCORING = {"tracks": ["CAGE"], "genes": "all", "step": 16, "background": 0}
ACTIVATOR, OWN = 40, 4  # bp of a TSS beyond which a promoter's motif is its activator; own bins
Row = dict[str, object]


def truth(data: ad.SequenceDataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the elements and the pairs of a simulated dataset; see ``Simulated``."""
    tables = []
    for axis in ("element", "pair"):
        names = [str(name) for name in data.xarray if str(name).startswith(f"{axis}_")]
        columns = {name.removeprefix(f"{axis}_"): data.xarray[name].to_numpy() for name in names}
        tables.append(pd.DataFrame(columns))
    return tables[0], tables[1]


def planted(data: ad.SequenceDataset, regions: np.ndarray, seed: int) -> pd.DataFrame:
    """Make variants: ``what`` they change, of which ``element``, and what a VCF file says."""
    generator, (elements, _), rows = np.random.default_rng(seed), truth(data), list[Row]()
    for region in regions:
        sequence, _ = data.read(region)
        in_motif = np.zeros(data.length, bool)
        for number, element in elements[elements["region"] == region].iterrows():
            motif = np.full(data.length, 4, np.uint8)
            known = Element(region, element.kind, element.position, element.strand, 1.0)
            write_motifs(motif, known, generator)
            in_motif |= motif < 4
            if element.strength == 0:
                continue
            if element.kind == "promoter":
                motif[np.abs(np.arange(data.length) - element.position) <= ACTIVATOR] = 4
            else:
                whole = np.flatnonzero(motif < 4)
                rows.append({"region": region, "what": "motif", "element": number, "at": whole})
            intact = generator.permutation(np.flatnonzero(motif == sequence))[:2]
            rows += [
                {"region": region, "what": element.kind, "element": number, "at": np.array([place])}
                for place in intact
            ]
        for place in generator.choice(np.flatnonzero(~in_motif), 8, replace=False):
            rows.append({"region": region, "what": "nothing", "element": -1, "at": [place]})
    table = pd.DataFrame(rows)
    letters, where = np.array(list("ACGT")), data.regions.iloc[table["region"]]
    read = [data.read(row.region)[0][row.at] for row in table.itertuples()]
    other = [(bases + generator.integers(1, 4, len(bases))) % 4 for bases in read]
    return table.assign(
        chrom=where["chrom"].to_numpy(),
        position=[start + at[0] for start, at in zip(where["start"], table["at"], strict=True)],
        ref=["".join(letters[bases]) for bases in read],
        alt=["".join(letters[bases]) for bases in other],
    )


def write_inputs(data: ad.SequenceDataset, variants: pd.DataFrame, folder: Path) -> None:
    """Write the genome, the variants (their ID is their row) and the genes (their element)."""
    elements, _ = truth(data)
    folder.mkdir(exist_ok=True)
    write_genome(data, folder)
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    lines += [
        f"{row.chrom}\t{row.position + 1}\t{row.Index}\t{row.ref}\t{row.alt}\t.\t.\t."
        for row in variants.sort_values(["chrom", "position"]).itertuples()
    ]
    (folder / "variants.vcf").write_text("\n".join(lines) + "\n", encoding="ascii")
    genes = elements[elements["kind"] == "promoter"]
    where = data.regions.iloc[genes["region"]]
    places = where["start"].to_numpy() + genes["position"].to_numpy()
    table = pd.DataFrame({"gene": genes.index, "chrom": where["chrom"].to_numpy(), "tss": places})
    table["strand"] = genes["strand"].to_numpy()
    table.to_csv(folder / "genes.tsv", sep="\t", index=False)


def scored(data: ad.SequenceDataset, variants: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Join scores and truth: a row per variant and gene of its region, in the gene's own track."""
    elements, pairs = truth(data)
    rows = pd.read_parquet(table).dropna(subset="gene").astype({"id": int, "gene": int})
    rows = rows.join(variants[["region", "what", "element"]], on="id")
    genes = elements[["region", "strand", "rate", "local_rate"]]
    rows = rows.join(genes.rename(columns={"region": "home"}), on="gene")
    rows = rows[(rows["region"] == rows["home"]) & (rows["track"] == "CAGE" + rows["strand"])]
    driven = pairs.set_index(["promoter", "enhancer"])["reach"]
    reach = driven.reindex(pd.MultiIndex.from_frame(rows[["gene", "element"]])).to_numpy()
    own = (rows["what"] == "promoter") & (rows["gene"] == rows["element"])
    strength = elements["strength"].reindex(rows["element"], fill_value=0).to_numpy()
    lost = 3 * strength * rows["local_rate"] / rows["rate"]  # of the rate, with the whole enhancer
    return rows.assign(
        right=own | pd.notna(reach),
        far=reach == "far",
        size=rows["tss"].abs(),
        near=-rows["tss_distance"].abs(),
        expected=np.where(pd.notna(reach), np.log1p(-lost.clip(upper=0.99)), 0),
    )


def linked(run: ad.SequenceRun, data: ad.SequenceDataset, regions: np.ndarray) -> pd.DataFrame:
    """Give what the bin of each TSS reads from each bin and the two beside it.

    Columns are ``attention`` (mean over heads), ``gradients`` and ``near``.
    """
    model, (elements, pairs), tables = run.model.cpu().eval(), truth(data), []
    attends = bool(model.attend(torch.zeros(1, 4, data.length)).attention)
    bins = np.arange(data.bins)
    elements = elements.assign(bin=elements["position"] // data.bin_size)
    for region in regions:
        sequence = torch.from_numpy(data.read(region)[0])
        inside = elements[elements["region"] == region]
        enhancers = inside[(inside["kind"] == "enhancer") & (inside["strength"] > 0)]
        for number, tss in inside[inside["kind"] == "promoter"].iterrows():
            target = torch.tensor([tss["bin"]])
            level = level_of(torch.tensor([data.tracks.index.get_loc("CAGE" + tss.strand)]), 1.0)
            found = {"gradients": gradient_links(model, sequence, target, level, data.bin_size)[0]}
            if attends:
                found["attention"] = attention_links(model, sequence, target).mean(dim=0)[0]
            sums = {name: np.convolve(links, np.ones(3), "same") for name, links in found.items()}
            table = pd.DataFrame({"region": region, "near": -np.abs(bins - tss["bin"])} | sums)
            drives = enhancers.index.isin(pairs.loc[pairs["promoter"] == number, "enhancer"])
            right = enhancers.loc[drives, "bin"].to_numpy()
            table["enhancer"], table["right"] = (
                np.isin(bins, enhancers["bin"]),
                np.isin(bins, right),
            )
            beside = (np.abs(bins[:, None] - right) <= 2).any(axis=1) & ~table["right"]
            tables.append(table[(table["near"] < -OWN) & ~beside])
    return pd.concat(tables)


def auroc(rows: pd.DataFrame, score: str) -> Row:
    """Give the AUROC of ``right`` by a score, with a bootstrap 95% interval over regions."""
    regions, region = np.unique(rows["region"], return_inverse=True)
    counts = np.column_stack([np.ones(len(regions), np.uint8), draw_weights(len(regions), 0)])
    values = rows[score].to_numpy(float)
    found = resampled_scores(rows["right"].to_numpy(int), values[None], "auroc", counts[region])[0]
    low, high = interval(found[1:])
    return {"value": found[0], "low": low, "high": high}


def mean(rows: pd.DataFrame, column: str) -> Row:
    """Give a mean, with a bootstrap 95% interval over regions."""
    sums = rows.groupby("region")[column].agg(["sum", "count"]).to_numpy().T
    drawn = sums @ draw_weights(sums.shape[1], 0).astype(float)
    low, high = interval(drawn[0] / np.maximum(drawn[1], 1))
    return {"value": sums[0].sum() / sums[1].sum(), "low": low, "high": high}


def measures(rows: pd.DataFrame, links: pd.DataFrame) -> Iterator[Row]:
    """Measure how far scores and links find what is planted."""
    motif, base = rows[rows["what"] == "motif"], rows[rows["what"] != "motif"]
    yield {"measure": "a motif: ln fold change, right genes"} | mean(motif[motif["right"]], "tss")
    yield {"measure": "a motif: the truth"} | mean(motif[motif["right"]], "expected")
    yield {"measure": "a motif: ln fold change, others"} | mean(motif[~motif["right"]], "tss")
    far = base[base["far"] | ~base["right"]]
    columns = {"size": "", "near": ", by distance alone"}
    for of, table in (("a motif", motif), ("a base", base), ("a base, far enhancers", far)):
        for score, name in columns.items():
            yield {"measure": f"{of}: AUROC{name}"} | auroc(table, score)
    for of, table in (("enhancers", links[links["enhancer"]]), ("bins", links)):
        for score in ("attention", "gradients", "near"):
            if score in table:
                name = {"near": "distance alone"}.get(score, score)
                yield {"measure": f"links, of {of}: AUROC, {name}"} | auroc(table, score)


def results(out: Path, options: argparse.Namespace) -> Iterator[Row]:
    """Simulate, train, score and link; give a row per model, seed and measure."""
    training = TRAINING | {"epochs": options.epochs, "patience": options.epochs}
    for seed in range(1, options.seeds + 1):
        path, genome = out / f"seed{seed}.zarr", out / f"seed{seed}.genome"
        simulation = SIMULATION | {"regions": options.regions, "seed": seed}
        data = ad.open_dataset(path) if path.exists() else ad.simulate_sequence(path, simulation)
        regions = np.flatnonzero(data.regions["split"] == "test")[: options.scored]
        variants = planted(data, regions, seed)
        write_inputs(data, variants, genome)
        for name in options.models:
            model, settings = CANDIDATES[name]
            folder = out / f"seed{seed}" / name.replace(",", "").replace(" ", "-")
            if (folder / "model.json").exists():
                run = ad.open_run(folder)
            else:
                run = ad.train(data, model, folder, settings | training, seed=seed)
            table = genome / f"{folder.name}.parquet"
            vcf, fasta, genes = (genome / n for n in ("variants.vcf", "genome.fa", "genes.tsv"))
            ad.score_variants(run, vcf, fasta, table, SCORING, genes=genes, force=True)
            rows = scored(data, variants, table)
            for found in measures(rows, linked(run, data, regions)):
                yield {"model": name, "seed": seed} | found


def table(rows: pd.DataFrame) -> Iterator[str]:
    """Give the lines of a Markdown table: means over seeds, and their intervals.

    The seeds' regions are different ones: the half-widths of their intervals add up in squares.
    """
    models = rows["model"].unique()
    yield f"| measure | {' | '.join(models)} |"
    yield "|---" * (len(models) + 1) + "|"
    for measure, of_measure in rows.groupby("measure", sort=False):
        cells = []
        for model in models:
            each = of_measure[of_measure["model"] == model]
            if each.empty:
                cells.append("none")
                continue
            value = each["value"].mean()
            below, above = (
                np.sqrt(((each["value"] - each[end]) ** 2).sum()) / len(each)
                for end in ("low", "high")
            )
            cells.append(f"{value:.2f} [{value - below:.2f}, {value + above:.2f}]")
        yield f"| {measure} | {' | '.join(cells)} |"


def main() -> None:
    """Read the options, train, score, write the results, and print a row per measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder to make, or that of distal_simulation.py")
    parser.add_argument("--regions", type=int, default=700)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--scored", type=int, default=60, help="test regions with variants")
    parser.add_argument("--seeds", type=int, default=1, help="default 1")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=CANDIDATES)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = pd.DataFrame(list(results(options.out, options)))
    rows.to_csv(options.out / "results.tsv", sep="\t", index=False, float_format="%.4f")
    lines = "\n".join(table(rows))
    (options.out / "table.md").write_text(lines + "\n", encoding="utf-8")
    print(lines)


if __name__ == "__main__":
    main()
