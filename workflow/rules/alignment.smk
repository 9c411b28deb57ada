# FASTQ to BAM with Bowtie2. What the two kinds of dataset need differs: all places of a read, or one.
from pathlib import Path

BEST_PLACES = Path(workflow.basedir) / "scripts" / "best_places.awk"


def fastq(wildcards):
    sample = SAMPLES[wildcards.sample]
    return [*sample.fastq_1, *sample.fastq_2]


def bowtie2_reads(wildcards):
    """Give the FASTQ files as Bowtie2 takes them; those of one mate have commas between."""
    sample = SAMPLES[wildcards.sample]
    first, second = ",".join(sample.fastq_1), ",".join(sample.fastq_2)
    return ["-1", first, "-2", second] if second else ["-U", first]


rule bowtie2_index:
    input:
        config.get("genome", []),
    output:
        directory("results/bowtie2_index"),
    log:
        "logs/bowtie2_index.log",
    threads: 8
    resources:
        mem_mb=16000,
        runtime=240,
    shell:
        "(mkdir {output} && bowtie2-build --threads {threads} {input:q} {output}/genome) &> {log}"


# All places where a read fits best. `attendome coverage` shares it out among them, takes any order
# of records, and leaves out reads with more than 20 places: 21 are enough to tell.
rule align_to_all_places:
    input:
        index="results/bowtie2_index",
        fastq=fastq,
    output:
        "results/aligned/sequence/{sample}.bam",
    log:
        "logs/align_to_all_places/{sample}.log",
    threads: 8
    resources:
        mem_mb=8000,
        runtime=720,
    params:
        reads=bowtie2_reads,
        options=OPTIONS["bowtie2"],
    shell:
        "(bowtie2 -p {threads} -k 21 {params.options} -x {input.index}/genome {params.reads:q}"
        " | awk -f {BEST_PLACES:q}"
        " | samtools view -b -o {output} -) 2> {log}"


# The best place of each read; copies of a fragment are marked, and then not counted.
rule align_to_best_place:
    input:
        index="results/bowtie2_index",
        fastq=fastq,
    output:
        "results/aligned/chromatin/{sample}.bam",
    log:
        "logs/align_to_best_place/{sample}.log",
    threads: 8
    resources:
        mem_mb=16000,
        runtime=720,
    params:
        reads=bowtie2_reads,
        options=OPTIONS["bowtie2"],
    shell:
        "(bowtie2 -p {threads} {params.options} -x {input.index}/genome {params.reads:q}"
        " | samtools fixmate -m -u - -"
        " | samtools sort -u -@ {threads} -T {output}.sort -"
        " | samtools markdup - {output}) 2> {log}"
