const FONT = { family: "system-ui, sans-serif", size: 13 };

async function readSequenceData() {
  const data = embedded("sequence-data");
  for (const row of data.coverage?.rows ?? []) row.values = await unpack(row.values, Float32Array);
  for (const { variants } of data.coverage?.regions ?? []) {
    if (variants) variants.effects = await unpack(variants.effects, Float32Array);
  }
  return data;
}

// Counts of bins, in cells that are even in log(1 + coverage).
function drawDensity(place, { counts, edges }) {
  const log = edges.map(Math.log1p);
  const centres = log.slice(1).map((edge, n) => (edge + log[n]) / 2);
  const top = log.at(-1);
  const ticks = [0, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 100000, 1000000]
    .filter((tick) => Math.log1p(tick) <= top && (tick === 0 || Math.log1p(tick) > 0.06 * top));
  const highest = Math.log10(Math.max(1, ...counts.flat()));
  const levels = Array.from({ length: Math.floor(highest) + 1 }, (_, n) => n);
  const axis = (title) => ({
    title: { text: title, font: FONT }, range: [0, top], tickvals: ticks.map(Math.log1p),
    ticktext: ticks.map((tick) => tick.toLocaleString("en")),
  });
  const cells = {
    type: "heatmap", x: centres, y: centres, colorscale: "Cividis", zmin: 0,
    z: counts.map((row) => row.map((count) => (count ? Math.log10(count) : null))),
    text: counts.map((row, p) =>
      row.map((count, o) => `${count.toLocaleString("en")} bins<br>` +
        `observed ${edges[o]} to ${edges[o + 1]}<br>predicted ${edges[p]} to ${edges[p + 1]}`),
    ),
    hovertemplate: "%{text}<extra></extra>", hoverongaps: false,
    colorbar: {
      title: { text: "bins" }, thickness: 14, tickvals: levels,
      ticktext: levels.map((level) => (10 ** level).toLocaleString("en")),
    },
  };
  const diagonal = {
    x: [0, top], y: [0, top], mode: "lines", hoverinfo: "skip",
    line: { color: "#7f7f7f", dash: "dash", width: 1.5 },
  };
  draw(place, [cells, diagonal], {
    height: 480, margin: { l: 70, r: 15, t: 15, b: 55 }, font: FONT, showlegend: false,
    xaxis: axis("observed coverage"), yaxis: axis("predicted coverage"),
  });
}

class Page {
  constructor(data) {
    const { tracks, coverage } = data;
    Object.assign(this, { tracks, coverage });
    this.element = (id) => document.getElementById(id);
    const number = (value) => value.toFixed(4);
    const columns = [
      { title: "Track", value: (row) => tracks.track[row] },
      { title: "Assay", value: (row) => tracks.assay[row] },
      { title: "Description", value: (row) => tracks.description[row] },
      { title: "Pearson's r", value: (row) => tracks.pearson[row], text: number },
      { title: "R²", value: (row) => tracks.r2[row], text: number },
    ];
    if (coverage) {
      const shown = new Set(coverage.tracks);
      columns.push({ title: "Shown", value: (row) => (shown.has(tracks.track[row]) ? "◆" : "") });
    }
    this.table = new RowTable({
      id: "track-table",
      rows: tracks.track.length,
      columns,
      names: (row) => [tracks.track[row], tracks.assay[row], tracks.description[row]],
      label: (row) => tracks.track[row],
      choose: (row) => this.choose(row),
    });
    this.table.sort(columns[3], true);
    if (coverage) this.makeChoices();
  }

  makeChoices() {
    const { regions, tracks, bins, bin_size } = this.coverage;
    const named = regions.map(({ chrom, start }) =>
      `${chrom}:${start.toLocaleString("en")}–${(start + bins * bin_size).toLocaleString("en")}`,
    );
    const told = tracks.map((track) => {
      const row = this.tracks.track.indexOf(track);
      const r = this.tracks.pearson[row];
      return `${this.tracks.assay[row]}: ${track}, r = ${r === null ? "–" : r.toFixed(3)}`;
    });
    this.fill("region", named);
    this.fill("track", told);
    if (this.coverage.heads.length) this.fill("head", this.coverage.heads);
    this.draw();
    // Names of genes need other lanes.
    window.addEventListener("resize", () => this.drawRegion());
  }

  fill(id, texts) {
    const options = texts.map((text, number) => new Option(text, number));
    this.element(id).replaceChildren(...options);
    this.element(id).addEventListener("change", () => this.draw());
  }

  choose(row) {
    this.table.mark(row);
    const place = this.coverage ? this.coverage.tracks.indexOf(this.tracks.track[row]) : -1;
    if (place < 0) return;
    this.element("track").value = place;
    this.draw();
    this.element("coverage").scrollIntoView({ block: "start" });
  }

  draw() {
    const region = Number(this.element("region").value);
    const track = Number(this.element("track").value);
    const row = this.tracks.track.indexOf(this.coverage.tracks[track]);
    this.element("track-facts").textContent =
      `${this.tracks.track[row]}: ${this.tracks.description[row]}. ` +
      `Unit: ${this.coverage.units[track]}.`;
    this.table.mark(row);
    this.element("region-facts").textContent = regionFacts(this.coverage.regions[region]);
    this.drawRegion();
    drawDensity(this.element("density-plot"), this.coverage.density[track]);
  }

  drawRegion() {
    const [region, track, head] = ["region", "track", "head"].map((id) =>
      Number(this.element(id)?.value ?? 0),
    );
    drawRegion(this.element("coverage-plot"), this.coverage, region, track, head);
  }
}

readSequenceData().then((data) => {
  new Page(data);
  document.body.dataset.ready = "true";
});
