/* Draws the charts of the report from the JSON beside it. */
(() => {
  "use strict";

  const drawn = JSON.parse(document.getElementById("chart-data").textContent).map(Charts.show);
  const each = (action) => () => drawn.forEach((chart) => chart[action]());

  const print = (printing) => () => {
    document.documentElement.classList.toggle("printing", printing);
    each("redraw")();
  };

  addEventListener("resize", each("fit"));
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", each("redraw"));
})();
