/* Draws charts from JSON with uPlot. Text goes in as text, never as HTML. */
const Charts = (() => {
  "use strict";

  const { trimmed, bytes } = Numbers;
  const HEIGHT = 280;
  /* Steps of a time axis that people count in, in seconds. */
  const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const DENSE = 80;

  const seconds = (value) => {
    const whole = Math.round(value);
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
    if (minutes) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
    return `${trimmed(value)} s`;
  };

  const FORMATS = {
    bytes,
    s: seconds,
    count: trimmed,
    ms: (value) => `${trimmed(value)} ms`,
    percent: (value) => `${trimmed(value)} %`,
  };

  /* What the legend tells of a line: the value under the pointer or, with none there, the last. */
  const told = (unit, values) => (_, __, ___, index) => {
    const value = index == null ? values().findLast((known) => known != null) : values()[index];
    return value == null ? "none" : FORMATS[unit](value);
  };
  const axisValues = (unit) => (_, splits) => splits.map((value) => (value == null ? "" : FORMATS[unit](value)));
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /* uPlot draws plain lines: each layer of a stack is drawn at the sum of those below it. */
  const stacked = (series) => {
    const sums = series[0].values.map(() => 0);
    return series.map(({ values }) =>
      values.map((value, index) => {
        sums[index] += value ?? 0;
        return sums[index];
      }),
    );
  };

  const lineOf = (chart, number) => {
    const series = chart.series[number];
    const color = css(`--chart-${series.color}`);
    const line = {
      label: series.label,
      scale: series.axis,
      stroke: color,
      width: series.style === "edge" ? 0 : 2,
      /* Of a stacked layer it is its own size, not the sum at which it is drawn. */
      value: told(series.unit, () => chart.series[number].values),
      points: { show: chart.x.length <= DENSE && series.style === "line", size: 5, fill: color },
    };
    if (series.style === "guide") line.dash = [6, 5];
    if (chart.stacked) {
      line.fill = `${color}cc`;
      line.width = 1;
    }
    return line;
  };

  /* The settled part of the run and the checkpoints, under the lines. */
  const background = (chart) => (u) => {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    if (chart.shaded) {
      const [from, to] = chart.shaded.map((value) => u.valToPos(value, "x", true));
      ctx.fillStyle = css("--shade");
      ctx.fillRect(from, top, to - from, height);
    }
    ctx.strokeStyle = css("--line");
    ctx.lineWidth = devicePixelRatio;
    for (const mark of chart.marks) {
      const at = Math.round(u.valToPos(mark, "x", true));
      ctx.beginPath();
      ctx.moveTo(at, top);
      ctx.lineTo(at, top + height);
      ctx.stroke();
    }
    ctx.restore();
  };

  const bandsOf = (chart) => {
    const line = css("--shade");
    if (chart.stacked) {
      return chart.series.slice(1).map((_, index) => ({ series: [index + 2, index + 1] }));
    }
    const edges = chart.series.flatMap((series, index) => (series.style === "edge" ? [index + 1] : []));
    return edges.length === 2 ? [{ series: [edges[1], edges[0]], fill: line, dir: -1 }] : [];
  };

  const dataOf = (chart) => [
    chart.x,
    ...(chart.stacked ? stacked(chart.series) : chart.series.map(({ values }) => values)),
  ];

  /* What is fixed when a chart is drawn. */
  const formOf = (chart) =>
    JSON.stringify([
      chart.series.map(({ label, style, axis, unit }) => [label, style, axis, unit]),
      chart.x.length > DENSE,
    ]);

  const plotOf = (chart) => {
    const place = document.getElementById(`chart-${chart.name}`);
    place.replaceChildren();
    const axis = {
      stroke: css("--quiet"),
      grid: { stroke: css("--line"), width: 1 },
      ticks: { stroke: css("--line"), width: 1 },
    };
    const right = chart.series.find((series) => series.axis === "right");
    const along = { ...axis, values: axisValues(chart.x_unit), space: 80 };
    if (chart.x_unit === "s") along.incrs = TIME_STEPS;
    const axes = [
      along,
      { ...axis, scale: "left", values: axisValues(chart.series[0].unit), size: 76 },
    ];
    if (right) {
      axes.push({ ...axis, scale: "right", side: 1, values: axisValues(right.unit), size: 64, grid: { show: false } });
    }
    const fromZero = (_, low, high) => [Math.min(low ?? 0, 0), high > 0 ? high * 1.06 : 1];
    const scales = { x: { time: false }, left: { range: (...ends) => chart.y_range ?? fromZero(...ends) } };
    if (right) scales.right = { range: fromZero };
    const plot = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        scales,
        axes,
        bands: bandsOf(chart),
        series: [
          { label: chart.x_unit === "s" ? "time" : "requests", value: told(chart.x_unit, () => chart.x) },
          ...chart.series.map((_, number) => lineOf(chart, number)),
        ],
        cursor: { sync: { key: `${chart.clock} ${chart.x_unit}` }, drag: { x: true, y: false } },
        hooks: { drawClear: [background(chart)] },
      },
      dataOf(chart),
      place,
    );
    tidyLegend(plot, chart);
    return plot;
  };

  /* Reachable by keyboard, and without the two bounds of a band. */
  const tidyLegend = (plot, chart) => {
    const rows = [...plot.root.querySelectorAll(".u-legend .u-series")].slice(1);
    rows.forEach((row, index) => {
      row.hidden = chart.series[index].style === "edge";
      const label = row.querySelector("th");
      label.tabIndex = 0;
      label.title = "Show or hide this line";
      label.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        label.click();
      });
    });
  };

  const fit = (plot) => plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT });

  /* Draw a chart into the element that is named after it; it can be drawn again, and updated. */
  const show = (first) => {
    let chart = { ...first };
    let plot = plotOf(chart);
    const redraw = () => {
      plot.destroy();
      plot = plotOf(chart);
    };
    /* A part that was zoomed into stays. */
    const isZoomed = () => plot.scales.x.min > chart.x[0] || plot.scales.x.max < chart.x.at(-1);
    const update = (next) => {
      const isAlike = formOf(chart) === formOf(next);
      const stays = isAlike && isZoomed();
      Object.assign(chart, next);
      if (!isAlike) redraw();
      else plot.setData(dataOf(chart), !stays);
      if (stays) plot.redraw();
    };
    return { redraw, update, fit: () => fit(plot) };
  };

  return { show };
})();
