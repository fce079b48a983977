"use strict";
// Draws every chart from the JSON inside its element. Colours come from the style sheet, so light, dark and paper need no code.
(() => {
  const PAPER = 700; // pixels between the margins of an A4 page
  const config = { displayModeBar: false, showTips: false, responsive: true, doubleClick: "reset" };
  const charts = [...document.querySelectorAll("[data-chart]")];
  const timelines = charts.filter((chart) => chart.dataset.chart === "timeline");

  const drawn = charts.map((chart) => {
    const figure = JSON.parse(chart.querySelector("script").textContent);
    return Plotly.newPlot(chart, figure.data, figure.layout, config);
  });

  // The timelines share one time axis: zooming into one zooms all.
  for (const chart of timelines) {
    chart.on("plotly_relayout", () => {
      const range = chart.layout.xaxis.range.slice();
      for (const other of timelines) {
        if (String(other.layout.xaxis.range) !== String(range)) Plotly.relayout(other, { "xaxis.range": range });
      }
    });
  }

  // Paper has another width than the window, and no resize event is fired.
  const resize = (printing) => {
    for (const chart of charts) {
      const columns = chart.closest(".columns")?.children.length ?? 1;
      Plotly.relayout(chart, printing ? { autosize: false, width: PAPER / columns } : { autosize: true, width: null });
    }
  };

  // A PDF holds a picture for every hatched shape, and thousands of them exhaust the browser: on paper, one shape for
  // all bars of a trace stands in for them.
  const merge = () => {
    for (const trace of document.querySelectorAll(".chart .barlayer .points")) {
      const bars = [...trace.querySelectorAll(".point > path")];
      if (!bars.length) continue;
      const merged = bars[0].cloneNode();
      merged.setAttribute("d", bars.map((bar) => bar.getAttribute("d")).join(""));
      merged.classList.add("merged");
      trace.prepend(merged);
    }
  };
  addEventListener("beforeprint", () => { resize(true); merge(); });
  addEventListener("afterprint", () => {
    for (const merged of document.querySelectorAll(".merged")) merged.remove();
    resize(false);
  });

  Promise.all(drawn).then(() => { document.documentElement.dataset.drawn = String(charts.length); });
})();
