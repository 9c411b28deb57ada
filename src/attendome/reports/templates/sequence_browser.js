const GAP = 26; // between panels, in pixels
const SIDES = { l: 70, r: 15 };
const LANE = 20, LANES = 8, LETTER = 7.5; // of the names of genes, in pixels
const RAISES = "#D55E00", LOWERS = "#0072B2", ARC = "#5b4b8a";
const STEPS = 24; // of an arc
const NUMBER = new Intl.NumberFormat("en");

const bp = (start, end) => `${NUMBER.format(start)}–${NUMBER.format(end)}`;
const rounded = (value) => (Number.isFinite(value) ? value.toPrecision(3) : "–");

// What one row of coverage shows of a track in a region.
function valuesOf(coverage, row, region, track) {
  const from = (region * coverage.tracks.length + track) * coverage.bins;
  return row.values.subarray(from, from + coverage.bins);
}

// Observed coverage first, then what is predicted, on one scale.
function coveragePanels(coverage, region, track) {
  const { start } = coverage.regions[region];
  const size = coverage.bin_size;
  const x = Array.from({ length: coverage.bins }, (_, bin) => start + (bin + 0.5) * size);
  const rows = coverage.rows.map((row) => valuesOf(coverage, row, region, track));
  const known = rows.flatMap((values) => Array.from(values).filter(Number.isFinite));
  const range = [Math.min(0, ...known), 1.05 * Math.max(...known, 1e-6)];
  return rows.map((values, number) => {
    const { title, colour } = coverage.rows[number];
    const trace = {
      x, y: Array.from(values), name: title, mode: "lines", fill: "tozeroy",
      line: { color: colour, width: 1, shape: "hvh" },
      hovertemplate: "%{y:.4g} at %{x:,.0f} bp<extra></extra>",
    };
    return { title, height: 105, range, traces: [trace] };
  });
}

// A gene lies in the first lane where its name, which points downstream, meets no other.
function genePanel({ name, tss, strand }, { start, length, width }) {
  const ends = [];
  const placed = name.map((text, gene) => {
    const at = ((tss[gene] - start) / length) * width;
    const wide = 14 + LETTER * text.length;
    const forward = strand[gene] === "+" ? at + wide <= width : at < wide;
    const [left, right] = forward ? [at - 8, at + wide] : [at - wide, at + 8];
    return { gene, left, right, forward };
  });
  const points = { x: [], y: [], text: [], symbol: [], position: [], about: [] };
  for (const { gene, left, right, forward } of placed.sort((a, b) => a.left - b.left)) {
    const free = ends.findIndex((end) => end <= left);
    const lane = free >= 0 ? free : ends.length < LANES ? ends.length : -1;
    if (lane >= 0) ends[lane] = right;
    points.x.push(tss[gene] + 0.5);
    points.y.push(Math.max(lane, 0));
    points.text.push(lane < 0 ? "" : plain(name[gene]));
    points.symbol.push(strand[gene] === "+" ? "triangle-right" : "triangle-left");
    points.position.push(forward ? "middle right" : "middle left");
    points.about.push(
      `${plain(name[gene])} (${strand[gene] === "+" ? "+" : "−"}), TSS ${NUMBER.format(tss[gene])}`,
    );
  }
  const trace = {
    x: points.x, y: points.y, text: points.text, name: "genes", mode: "markers+text",
    textposition: points.position, textfont: { size: 12 }, hovertext: points.about,
    marker: { symbol: points.symbol, size: 11, color: "#333333" },
    hovertemplate: "%{hovertext}<extra></extra>",
  };
  const lanes = Math.max(1, ends.length);
  return {
    title: "genes", height: LANE * lanes + 8, range: [lanes - 0.4, -0.6], traces: [trace], bare: true,
  };
}

// Arcs between two places, as high as they are wide, in four widths of the line by their weight, which is 1 at most.
function arcPanel(title, pairs) {
  const widest = Math.max(1, ...pairs.map(({ from, to }) => Math.abs(to - from)));
  const least = Math.min(...pairs.map(({ weight }) => weight));
  const groups = new Map();
  for (const { from, to, weight, text, colour } of pairs) {
    const step = least < 1 ? Math.min(3, Math.floor((4 * (weight - least)) / (1 - least))) : 3;
    const key = `${step} ${colour}`;
    if (!groups.has(key)) {
      groups.set(key, {
        x: [], y: [], text: [], name: title, mode: "lines", connectgaps: false, opacity: 0.25 + 0.2 * step,
        line: { color: colour, width: 0.8 + 0.5 * step }, hovertemplate: "%{text}<extra></extra>",
      });
    }
    const trace = groups.get(key);
    for (let step = 0; step <= STEPS; step += 1) {
      const angle = (Math.PI * step) / STEPS;
      trace.x.push((from + to) / 2 - (Math.cos(angle) * (to - from)) / 2);
      trace.y.push((Math.sin(angle) * Math.abs(to - from)) / widest);
      trace.text.push(text);
    }
    trace.x.push(null);
    trace.y.push(null);
    trace.text.push("");
  }
  const traces = groups.size ? [...groups.values()] : [{ x: [], y: [], name: title, mode: "lines" }];
  return { title, height: 115, range: [0, 1.05], traces, bare: true };
}

function attentionPanel({ target, source, share }, start, size) {
  const most = Math.max(...share, 1e-9);
  const place = (bin) => start + bin * size;
  const pairs = target.map((bin, number) => ({
    from: place(bin + 0.5), to: place(source[number] + 0.5), weight: share[number] / most,
    colour: ARC,
    text: `${bp(place(bin), place(bin + 1))} attends to ` +
      `${bp(place(source[number]), place(source[number] + 1))}<br>` +
      `share of its attention: ${rounded(share[number])}`,
  }));
  return arcPanel("attention", pairs);
}

function linksPanel(links) {
  const most = Math.max(...links.score.map((score) => score ?? 0), 1e-9);
  const pairs = links.name.map((name, n) => ({
    from: (links.start1[n] + links.end1[n]) / 2, to: (links.start2[n] + links.end2[n]) / 2,
    weight: (links.score[n] ?? most) / most, colour: RAISES,
    text: `${name ? `${plain(name)}: ` : ""}${bp(links.start1[n], links.end1[n])} and ` +
      `${bp(links.start2[n], links.end2[n])}<br>score ${links.score[n] ?? "–"}`,
  }));
  return arcPanel("links", pairs);
}

// A stem and a head per variant.
function variantPanel(variants, tracks, track) {
  const count = variants.name.length;
  const [sum, most, whole] = [0, 1, 2].map((kind) =>
    Array.from(variants.effects.subarray((kind * tracks + track) * count).slice(0, count)),
  );
  const x = variants.position.map((position) => position + 0.5);
  const y = sum.map((value) => (Number.isFinite(value) ? value : null));
  const stems = { x: [], y: [] };
  x.forEach((position, n) => {
    if (y[n] === null) return;
    stems.x.push(position, position, null);
    stems.y.push(0, y[n], null);
  });
  const text = variants.name.map((name, n) =>
    `${plain(name)}, ${NUMBER.format(variants.position[n])}, ` +
    `${plain(variants.ref[n])}&gt;${plain(variants.alt[n])}<br>` +
    `ln fold change: around it ${rounded(sum[n])}, of the largest bin ${rounded(most[n])}, ` +
    `of the window ${rounded(whole[n])}`,
  );
  const range = 1.15 * Math.max(1e-6, ...y.map((value) => Math.abs(value ?? 0)));
  return {
    title: "ln fold change", height: 125, range: [-range, range], zero: true,
    traces: [
      { ...stems, name: "stems", mode: "lines", line: { color: "#999999", width: 1 }, hoverinfo: "skip" },
      {
        x, y, text, name: "variants", mode: "markers", hovertemplate: "%{text}<extra></extra>",
        marker: { size: 7, color: y.map((value) => (value < 0 ? LOWERS : RAISES)) },
      },
    ],
  };
}

function panelsOf(place, coverage, region, track, head) {
  const found = coverage.regions[region];
  const { bins, bin_size: size } = coverage;
  const width = Math.max(200, place.clientWidth - SIDES.l - SIDES.r);
  const panels = coveragePanels(coverage, region, track);
  const view = { start: found.start, length: bins * size, width };
  if (found.genes) panels.unshift(genePanel(found.genes, view));
  if (found.attention) panels.push(attentionPanel(found.attention[head], found.start, size));
  if (found.links) panels.push(linksPanel(found.links));
  if (found.variants) panels.push(variantPanel(found.variants, coverage.tracks.length, track));
  return panels;
}

// One panel below the other, along the same stretch of the chromosome.
function drawRegion(place, coverage, region, track, head) {
  const { chrom, start } = coverage.regions[region];
  const panels = panelsOf(place, coverage, region, track, head);
  const inner = panels.reduce((sum, { height }) => sum + height + GAP, -GAP);
  const layout = {
    height: inner + 75, margin: { ...SIDES, t: 20, b: 55 }, font: FONT, showlegend: false,
    hovermode: "closest", dragmode: "zoom",
    xaxis: {
      title: { text: `position on ${plain(chrom)} (bp, 0-based)`, font: FONT }, tickformat: ",d",
      ticks: "outside", ticklen: 6, anchor: panels.length > 1 ? `y${panels.length}` : "y", nticks: 6,
      range: [start, start + coverage.bins * coverage.bin_size], zeroline: false,
    },
  };
  let top = inner;
  const traces = panels.flatMap(({ title, height, range, bare, zero, traces: own }, number) => {
    const axis = number ? `y${number + 1}` : "y";
    layout[axis.replace("y", "yaxis")] = {
      domain: [Math.max(0, (top - height) / inner), top / inner], range, nticks: 4, exponentformat: "e",
      title: { text: title, font: { size: 12 } }, showticklabels: !bare, showgrid: !bare,
      zeroline: Boolean(zero), fixedrange: true,
    };
    top -= height + GAP;
    return own.map((trace) => ({ ...trace, yaxis: axis }));
  });
  draw(place, traces, layout);
}

// Say what the page does not hold of a region.
function regionFacts({ split, genes, links, variants }) {
  const told = [`Split ${split}`];
  const count = (of, shown, what, which) => {
    const cut = shown < of.all ? `, of which the ${which} ${NUMBER.format(shown)} are shown` : "";
    told.push(`${NUMBER.format(of.all)} ${what}${cut}`);
  };
  if (genes) count(genes, genes.name.length, "TSSs", "first");
  if (links) count(links, links.name.length, "links", "strongest");
  if (variants) count(variants, variants.name.length, "variants", "largest");
  return `${told.join("; ")}.`;
}
