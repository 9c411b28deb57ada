"use strict";

const ROWS_PER_PAGE = 12;

// Plotly reads some markup in its texts; names are to be shown as they are.
function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

async function unpack(text, kind) {
  const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new kind(await new Response(stream).arrayBuffer());
}

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

function compare(a, b) {
  return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
}

// A link that was cut short may end within an escape.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

class GeneBrowser {
  constructor(data) {
    this.data = data;
    this.columns = columnsOf(data);
    this.order = data.columns.gene.map((_, number) => number);
    this.shown = this.order;
    this.page = 0;
    this.chosen = -1;
    this.element = (id) => document.getElementById(id);
    this.layers = layersOf(data);
    this.marks = data.marks.map((title, number) => ({ title, number, shown: true }));
    this.makeHead();
    this.makeChoices("shown-marks", this.marks);
    this.makeChoices("shown-layers", this.layers);
    this.element("search").addEventListener("input", () => this.filter());
    this.element("search").addEventListener("change", () => this.chooseSearched());
    this.element("previous").addEventListener("click", () => this.turn(-1));
    this.element("next").addEventListener("click", () => this.turn(1));
    window.addEventListener("hashchange", () => this.followHash());
    this.drawTable();
    this.followHash();
  }

  makeHead() {
    const row = document.querySelector("#gene-table thead tr");
    for (const column of this.columns) {
      const cell = row.appendChild(document.createElement("th"));
      const button = cell.appendChild(document.createElement("button"));
      button.type = "button";
      button.textContent = column.title;
      button.addEventListener("click", () => this.sort(column, cell));
    }
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

  sort(column, cell) {
    const descending = cell.getAttribute("aria-sort") === "ascending";
    for (const other of cell.parentElement.children) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sign = descending ? -1 : 1;
    this.order.sort((a, b) => sign * compare(column.value(a), column.value(b)) || a - b);
    this.filter();
  }

  matches(text) {
    const { gene, gene_name } = this.data.columns;
    const wanted = text.trim().toLowerCase();
    return this.order.filter(
      (g) => gene[g].toLowerCase().includes(wanted) || gene_name[g].toLowerCase().includes(wanted),
    );
  }

  filter() {
    const text = this.element("search").value;
    this.shown = text ? this.matches(text) : this.order;
    this.page = 0;
    const suggestions = this.shown.slice(0, text ? 12 : 0).map((g) => {
      const option = document.createElement("option");
      option.value = this.data.columns.gene_name[g] || this.data.columns.gene[g];
      return option;
    });
    this.element("suggestions").replaceChildren(...suggestions);
    this.element("found").textContent = text ? `${this.shown.length} found` : "";
    this.drawTable();
  }

  chooseSearched() {
    const { gene, gene_name } = this.data.columns;
    const wanted = this.element("search").value.trim().toLowerCase();
    const exact = this.shown.find((g) => [gene[g], gene_name[g]].some((n) => n.toLowerCase() === wanted));
    const only = this.shown.length === 1 ? this.shown[0] : undefined;
    if (wanted && (exact ?? only) !== undefined) this.goTo(exact ?? only);
  }

  turn(by) {
    this.page += by;
    this.drawTable();
  }

  goTo(gene) {
    location.hash = `gene=${encodeURIComponent(this.data.columns.gene[gene])}`;
  }

  drawTable() {
    const pages = Math.max(1, Math.ceil(this.shown.length / ROWS_PER_PAGE));
    const first = this.page * ROWS_PER_PAGE;
    const rows = this.shown.slice(first, first + ROWS_PER_PAGE).map((g) => this.row(g));
    document.querySelector("#gene-table tbody").replaceChildren(...rows);
    this.element("page").textContent = `page ${this.page + 1} of ${pages}`;
    this.element("previous").disabled = this.page === 0;
    this.element("next").disabled = this.page + 1 >= pages;
  }

  row(gene) {
    const row = document.createElement("tr");
    row.tabIndex = 0;
    row.classList.toggle("chosen", gene === this.chosen);
    for (const column of this.columns) {
      const value = column.value(gene);
      row.appendChild(document.createElement("td")).textContent = column.text?.(value) ?? value;
    }
    row.addEventListener("click", () => this.goTo(gene));
    row.addEventListener("keydown", (event) => event.key === "Enter" && this.goTo(gene));
    return row;
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
    this.drawTable();
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
