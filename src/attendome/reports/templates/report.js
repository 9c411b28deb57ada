"use strict";

async function readGenes() {
  const data = embedded("gene-data");
  const steps = data.share_steps;
  const shares = async (text) => Float32Array.from(await unpack(text, Uint16Array), (n) => n / steps);
  data.signal = await unpack(data.signal, Float32Array);
  data.predicted = await unpack(data.predicted, Float32Array);
  // Not every model has attention.
  if (data.alpha) data.alpha = await shares(data.alpha);
  if (data.beta) data.beta = await shares(data.beta);
  if (data.removal) data.removal.values = await unpack(data.removal.values, Float32Array);
  for (const layer of data.layers) {
    layer.steps = await unpack(layer.steps, Float32Array);
    layer.multiples = await unpack(layer.multiples, Int8Array);
  }
  return data;
}

// The mark of the cell (mark × bin) with the highest weight α·β in a gene.
function topMark(data, gene) {
  const bins = data.position.length;
  const weights = data.marks.map((_, mark) => {
    const row = gene * data.marks.length + mark;
    return data.beta[row] * Math.max(...data.alpha.subarray(row * bins, (row + 1) * bins));
  });
  return data.marks[weights.indexOf(Math.max(...weights))];
}

function shown(value) {
  return typeof value === "number" ? value.toFixed(4) : value;
}

function columnsOf(data) {
  const { gene, gene_name, chrom, tss, strand } = data.columns;
  const named = gene_name.some((name) => name);
  const top = data.alpha && data.beta && gene.map((_, g) => topMark(data, g));
  const placed = chrom.some((name) => name);
  return [
    { title: "Gene", value: (g) => gene[g] },
    named && { title: "Name", value: (g) => gene_name[g] },
    placed && {
      title: "TSS (0-based)",
      value: (g) => (chrom[g] ? `${chrom[g]}:${tss[g]} (${strand[g]})` : "–"),
    },
    { title: data.known_title, value: (g) => data.known[g], text: shown },
    { title: data.predicted_title, value: (g) => data.predicted[g], text: shown },
    top && { title: "Highest α·β", value: (g) => top[g] },
  ].filter(Boolean);
}

class GeneBrowser {
  constructor(data) {
    const { gene, gene_name } = data.columns;
    this.data = data;
    this.element = (id) => document.getElementById(id);
    this.layers = layersOf(data);
    this.marks = data.marks.map((title, number) => ({ title, number, shown: true }));
    this.chosen = -1;
    this.table = new RowTable({
      id: "gene-table",
      rows: gene.length,
      columns: columnsOf(data),
      names: (g) => [gene[g], gene_name[g]],
      label: (g) => gene_name[g] || gene[g],
      choose: (g) => this.goTo(g),
    });
    this.makeChoices("shown-marks", this.marks);
    this.makeChoices("shown-layers", this.layers);
    window.addEventListener("hashchange", () => this.followHash());
    this.followHash();
  }

  makeChoices(place, choices) {
    for (const choice of choices) {
      const label = this.element(place).appendChild(document.createElement("label"));
      const box = label.appendChild(document.createElement("input"));
      box.type = "checkbox";
      box.checked = choice.shown;
      label.append(choice.title);
      box.addEventListener("change", () => {
        choice.shown = box.checked;
        this.drawMaps(this.chosen);
      });
    }
  }

  goTo(gene) {
    location.hash = `gene=${encodeURIComponent(this.data.columns.gene[gene])}`;
  }

  followHash() {
    if (!location.hash.startsWith("#gene=")) return;
    const wanted = decoded(location.hash.slice("#gene=".length));
    const gene = this.data.columns.gene.indexOf(wanted);
    if (gene < 0) {
      this.element("found").textContent = `This report has no gene ${wanted}.`;
      return;
    }
    this.chosen = gene;
    this.table.mark(gene);
    this.drawGene(gene);
  }

  drawGene(gene) {
    const { gene: ids, gene_name } = this.data.columns;
    const name = gene_name[gene] ? ` (${gene_name[gene]})` : "";
    this.element("gene").hidden = false;
    this.element("gene-title").textContent = ids[gene] + name;
    this.element("gene-facts").textContent =
      `${this.data.predicted_title}: ${shown(this.data.predicted[gene])}; ` +
      `${this.data.known_title.toLowerCase()}: ${shown(this.data.known[gene])}.`;
    this.drawMaps(gene);
    if (this.data.beta) drawBeta(this.element("gene-beta"), this.data, gene);
    if (this.data.removal) drawRemoval(this.element("gene-removal"), this.data, gene);
    this.element("gene").scrollIntoView({ block: "start" });
  }

  drawMaps(gene) {
    const layers = this.layers.filter((layer) => layer.shown);
    const bare = layers.filter((layer) => !layer.covers(gene));
    this.element("gene-notes").textContent = bare
      .map((layer) => `${layer.title} does not cover this gene.`)
      .join(" ");
    const marks = this.marks.filter((mark) => mark.shown);
    drawPanels(this.element("gene-plot"), this.data, gene, marks, layers.filter((l) => l.covers(gene)));
  }
}

readGenes().then((data) => {
  new GeneBrowser(data);
  document.body.dataset.ready = "true";
});
