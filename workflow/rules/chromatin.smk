# BAM to a chromatin dataset per cell type, and all of them to a comparison of models.


def files_by_mark(cell_type):
    """Give the files of each mark of a cell type; those of a mark are added up."""
    files = {}
    for sample in CHROMATIN.values():
        if sample.cell_type == cell_type:
            files.setdefault(sample.mark, []).append(reads_of(sample))
    return files


def signal_options(wildcards):
    """Give the options of `build chromatin` that name the files."""
    options = []
    for mark, files in files_by_mark(wildcards.cell_type).items():
        if mark == CONTROL:
            options += [word for file in files for word in ("--control", file)]
        else:
            options += ["--signal", f"{mark}={','.join(files)}"]
    return options


rule chromatin_dataset:
    input:
        reads=lambda wildcards: sum(files_by_mark(wildcards.cell_type).values(), []),
        genes=config.get("genes", []),
        expression=config.get("expression", []),
    output:
        directory("results/chromatin/{cell_type}.zarr"),
    log:
        "logs/chromatin_dataset/{cell_type}.log",
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        signal=signal_options,
        options=OPTIONS["chromatin"],
    shell:
        "attendome build chromatin {output} --genes {input.genes:q} {params.signal:q}"
        " --expression {input.expression:q} {params.options} &> {log}"


# Only the report is an output, so that Snakemake leaves the runs where they are: what was
# interrupted goes on.
rule comparison:
    input:
        expand("results/chromatin/{cell_type}.zarr", cell_type=CELL_TYPES),
    output:
        "results/comparison/report.html",
    log:
        "logs/comparison.log",
    threads: 16
    resources:
        mem_mb=lambda wildcards, threads: 2000 * threads,
        runtime=1440,
    params:
        options=OPTIONS["compare"],
    shell:
        "attendome compare {input} --out results/comparison --workers {threads}"
        " {params.options} &> {log}"
