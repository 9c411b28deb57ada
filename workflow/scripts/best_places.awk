# Of the places that Bowtie2 reports of a read (of pairs: of both mates together), keep those where
# it fits best. They come first (-k reports in descending order of score), and the records of one
# name together. AS is the score of the record, YS that of its mate.
BEGIN { FS = OFS = "\t" }
/^@/ { print; next }
{
    score = 0
    for (field = 12; field <= NF; field++)
        if ($field ~ /^[AY]S:i:/)
            score += substr($field, 6)
    if ($1 != name)
        split("", best)
    name = $1
    mate = int($2 / 64) % 4
    if (!(mate in best))
        best[mate] = score
    if (score == best[mate])
        print
}
