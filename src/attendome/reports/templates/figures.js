"use strict";

const PLOT_OPTIONS = { responsive: true, displaylogo: false };

function embedded(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// When the window changes its size, plotly lets go of the height of the place it draws in.
function draw(place, data, layout) {
  place.style.minHeight = `${layout.height}px`;
  return Plotly.react(place, data, layout, PLOT_OPTIONS);
}

function drawFigures() {
  for (const place of document.querySelectorAll("[data-figure]")) {
    const figure = embedded(`figure-${place.dataset.figure}`);
    draw(place, figure.data, figure.layout);
  }
}

drawFigures();
