# BAM to a coverage track per sample, or per strand, and all of them to one sequence dataset.
import csv


localrules:
    tracks,


rule coverage:
    input:
        lambda wildcards: reads_of(SEQUENCE[wildcards.sample]),
    output:
        "results/coverage/{sample}.bw",
    log:
        "logs/coverage/{sample}.log",
    resources:
        # About 60 bytes per record, which are fewer in the file; more where reads have many places.
        mem_mb=lambda wildcards, input, attempt: attempt * max(4000, 4 * input.size_mb),
        runtime=240,
    params:
        assay=lambda wildcards: assay_options(SEQUENCE[wildcards.sample]),
        options=OPTIONS["coverage"],
    shell:
        "attendome coverage {input:q} results/coverage/{wildcards.sample}.bw"
        " {params.assay} {params.options} &> {log}"


use rule coverage as coverage_by_strand with:
    output:
        "results/coverage/{sample}.plus.bw",
        "results/coverage/{sample}.minus.bw",
    log:
        "logs/coverage_by_strand/{sample}.log",


def by_strand(sample):
    return sample.assay in config["stranded"]


def assay_options(sample):
    assay = ["--assay", sample.assay] if sample.assay else []
    return assay + ["--strands"] * by_strand(sample)


def track_table():
    """Give the rows of the table of tracks; files are relative to it."""
    rows = []
    for sample in SEQUENCE.values():
        signs = {"plus": "minus", "minus": "plus"} if by_strand(sample) else {"": ""}
        for sign, partner in signs.items():
            name = f"{sample.name}.{sign}".rstrip(".")
            row = {"name": name, "file": f"{name}.bw", "assay": sample.assay}
            row["description"] = f"{sample.assay}:{sample.cell_type} {sample.mark}".strip(" :")
            row["strand_pair"] = f"{sample.name}.{partner}" if partner else ""
            rows.append(row | sample.track)
    return rows


rule tracks:
    output:
        "results/coverage/tracks.tsv",
    params:
        rows=track_table(),
    run:
        with open(output[0], "w", newline="") as file:
            table = csv.DictWriter(file, params.rows[0], delimiter="\t", lineterminator="\n")
            table.writeheader()
            table.writerows(params.rows)


rule sequence_dataset:
    input:
        genome=config.get("genome", []),
        table="results/coverage/tracks.tsv",
        files=[f"results/coverage/{row['file']}" for row in track_table()],
    output:
        directory("results/sequence.zarr"),
    log:
        "logs/sequence_dataset.log",
    threads: 8
    resources:
        mem_mb=lambda wildcards, threads: 2000 + 1000 * threads,
        runtime=720,
    params:
        options=OPTIONS["sequence"],
    shell:
        "attendome build sequence {output} --genome {input.genome:q} --tracks {input.table}"
        " --workers {threads} {params.options} &> {log}"
