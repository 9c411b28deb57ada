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

// A table that is searched, sorted, and shown page by page; a row of it can be chosen. A row is a
// number. Of columns: title, value(row), which may be null, and text(value). Of names: what finds a
// row; of label: what the search suggests.
class RowTable {
  constructor({ id, rows, columns, names, label, choose }) {
    Object.assign(this, { columns, names, label, choose, page: 0, chosen: -1 });
    this.order = Array.from({ length: rows }, (_, row) => row);
    this.shown = this.order;
    this.element = (name) => document.getElementById(name);
    this.table = this.element(id);
    this.makeHead();
    this.element("search").addEventListener("input", () => this.filter());
    this.element("search").addEventListener("change", () => this.chooseSearched());
    this.element("previous").addEventListener("click", () => this.turn(-1));
    this.element("next").addEventListener("click", () => this.turn(1));
    this.draw();
  }

  makeHead() {
    for (const column of this.columns) {
      const cell = this.table.tHead.rows[0].appendChild(document.createElement("th"));
      const button = cell.appendChild(document.createElement("button"));
      button.type = "button";
      button.textContent = column.title;
      button.addEventListener("click", () => {
        this.sort(column, cell.getAttribute("aria-sort") === "ascending");
      });
      column.head = cell;
    }
  }

  sort(column, descending) {
    for (const { head } of this.columns) head.removeAttribute("aria-sort");
    column.head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sign = descending ? -1 : 1;
    this.order.sort((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      // What is not known comes last in either order.
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return sign * compare(x, y) || a - b;
    });
    this.filter();
  }

  matches(text) {
    const wanted = text.trim().toLowerCase();
    return this.order.filter((row) =>
      this.names(row).some((name) => name.toLowerCase().includes(wanted)),
    );
  }

  filter() {
    const text = this.element("search").value;
    this.shown = text ? this.matches(text) : this.order;
    this.page = 0;
    const suggestions = this.shown.slice(0, text ? 12 : 0).map((row) => {
      const option = document.createElement("option");
      option.value = this.label(row);
      return option;
    });
    this.element("suggestions").replaceChildren(...suggestions);
    this.element("found").textContent = text ? `${this.shown.length} found` : "";
    this.draw();
  }

  chooseSearched() {
    const wanted = this.element("search").value.trim().toLowerCase();
    const exact = this.shown.find((row) =>
      this.names(row).some((name) => name.toLowerCase() === wanted),
    );
    const only = this.shown.length === 1 ? this.shown[0] : undefined;
    if (wanted && (exact ?? only) !== undefined) this.choose(exact ?? only);
  }

  turn(by) {
    this.page += by;
    this.draw();
  }

  mark(row) {
    this.chosen = row;
    this.draw();
  }

  draw() {
    const pages = Math.max(1, Math.ceil(this.shown.length / ROWS_PER_PAGE));
    const first = this.page * ROWS_PER_PAGE;
    const rows = this.shown.slice(first, first + ROWS_PER_PAGE).map((row) => this.drawn(row));
    this.table.tBodies[0].replaceChildren(...rows);
    this.element("page").textContent = `page ${this.page + 1} of ${pages}`;
    this.element("previous").disabled = this.page === 0;
    this.element("next").disabled = this.page + 1 >= pages;
  }

  drawn(row) {
    const line = document.createElement("tr");
    line.tabIndex = 0;
    line.classList.toggle("chosen", row === this.chosen);
    for (const column of this.columns) {
      const value = column.value(row);
      line.appendChild(document.createElement("td")).textContent =
        value === null ? "–" : (column.text?.(value) ?? value);
    }
    line.addEventListener("click", () => this.choose(row));
    line.addEventListener("keydown", (event) => event.key === "Enter" && this.choose(row));
    return line;
  }
}
