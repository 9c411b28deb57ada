"use strict";

// Heights in pixels: of a mark's name, of a map's, of a panel, of the axis below.
const [MARK, TITLE, PANEL, AXIS] = [30, 24, 66, 55];
const FONT = { family: "system-ui, sans-serif", size: 13 };

// What is shown of a gene, each over marks and bins: signal, α where there is any, and the maps.
function layersOf(data) {
  const [marks, bins] = [data.marks.length, data.position.length];
  const whole = (title, values, look) => ({
    title, unit: title, values: (gene, mark) => {
      const from = (gene * marks + mark) * bins;
      return Array.from(values.subarray(from, from + bins));
    },
    covers: () => true, shown: true, ...look,
  });
  const packed = (layer) => ({
    title: layer.name, unit: layer.unit, signed: layer.signed, colour: data.colours.size,
    values: (gene, mark) => {
      const row = gene * marks + mark;
      const found = layer.multiples.subarray(row * bins, (row + 1) * bins);
      return Array.from(found, (multiple) => multiple * layer.steps[row]);
    },
    covers: (gene) => !Number.isNaN(layer.steps[gene * marks]), shown: true, oneScale: true,
  });
  return [
    whole("signal", data.signal, { colour: data.colours.signal }),
    ...(data.alpha ? [whole("α", data.alpha, { colour: data.colours.alpha, line: true })] : []),
    ...data.layers.map(packed),
  ];
}

// The values and 0, with room at the ends.
function rangeOf(values, room = 0.08) {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const more = room * (high - low);
  return low === high ? [0, 1] : [low && low - more, high && high + more];
}

function signColours(values, colours) {
  return values.map((value) => (value < 0 ? colours.less : colours.more));
}

function traceOf(layer, values, data, axis) {
  const trace = { x: data.position, y: values, yaxis: axis, name: layer.title, hoverinfo: "x+y" };
  if (layer.line) {
    return { ...trace, type: "scatter", mode: "lines", line: { color: layer.colour, width: 2 } };
  }
  const color = layer.signed ? signColours(values, data.colours) : layer.colour;
  return { ...trace, type: "bar", marker: { color } };
}

function noteOf(text, top, size) {
  return {
    text: plain(text), x: 0, xref: "paper", xanchor: "left", y: top, yref: "paper",
    yanchor: "bottom", showarrow: false, font: { size },
  };
}

// Under the name of each mark a panel per map, all over the same positions.
function drawPanels(place, data, gene, marks, layers) {
  const all = marks.length * (MARK + layers.length * (TITLE + PANEL));
  const traces = [];
  const layout = {
    template: {}, height: all + AXIS, margin: { l: 70, r: 15, t: 0, b: AXIS }, bargap: 0,
    showlegend: false, font: FONT, annotations: [],
    // In plotly's own larger letters, the title is cut on a telephone.
    xaxis: { title: { text: data.position_title, font: FONT }, anchor: `y${marks.length * layers.length}` },
    shapes: [{
      type: "line", x0: 0, x1: 0, y0: 0, y1: 1, yref: "paper", layer: "below",
      line: { color: "#9aa5af", width: 1, dash: "dot" },
    }],
  };
  const scales = layers.map(
    (layer) => layer.oneScale && rangeOf(data.marks.flatMap((_, mark) => layer.values(gene, mark))),
  );
  let used = 0;
  for (const mark of marks) {
    used += MARK;
    layout.annotations.push(noteOf(mark.title, 1 - used / all, 15));
    layers.forEach((layer, number) => {
      used += TITLE;
      layout.annotations.push(noteOf(layer.title, 1 - (used + 2) / all, 12));
      const axis = `y${traces.length + 1}`;
      const values = layer.values(gene, mark.number);
      layout[axis.replace("y", "yaxis")] = {
        domain: [Math.max(0, 1 - (used + PANEL) / all), 1 - used / all],
        title: { text: layer.unit, font: { size: 11 } }, range: scales[number] || rangeOf(values),
        nticks: 4, exponentformat: "e", zeroline: true, zerolinecolor: "#5b6875",
      };
      traces.push(traceOf(layer, values, data, axis));
      used += PANEL;
    });
  }
  draw(place, traces, layout);
}

function drawBars(place, data, values, title, color) {
  const trace = {
    type: "bar", x: data.marks.map(plain), y: values, marker: { color },
    text: values.map((value) => value.toFixed(3)), textposition: "outside",
  };
  const layout = {
    height: 300, margin: { l: 70, r: 15, t: 20, b: 60 }, font: FONT,
    xaxis: { type: "category", automargin: true },
    yaxis: { title: { text: title, font: FONT }, range: rangeOf(values, 0.12), zeroline: true },
  };
  draw(place, [trace], layout);
}

function ofGene(values, data, gene) {
  const marks = data.marks.length;
  return Array.from(values.subarray(gene * marks, (gene + 1) * marks));
}

function drawBeta(place, data, gene) {
  drawBars(place, data, ofGene(data.beta, data, gene), "β", data.colours.beta);
}

function drawRemoval(place, data, gene) {
  const values = ofGene(data.removal.values, data, gene);
  place.parentElement.hidden = values.some(Number.isNaN);
  if (!place.parentElement.hidden) {
    drawBars(place, data, values, data.removal.unit, signColours(values, data.colours));
  }
}
