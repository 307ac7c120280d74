/* Keeps the page of a run up to date. Text of the run goes in as text, never as HTML. */
(() => {
  "use strict";

  /* Seconds without news after which the page says so, and after which it gives up. */
  const QUIET = 5;
  const GONE = 20;
  const charts = new Map();
  let state = JSON.parse(document.getElementById("state").textContent);
  let heard = Date.now();

  const at = (id) => document.getElementById(id);

  const element = (tag, text, classes = "") => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (classes) made.className = classes;
    return made;
  };

  const say = (id, text) => {
    const place = at(id);
    /* A screen reader is told what changes only. */
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !text;
  };

  /* A section with something in it, or none. */
  const fill = (id, place, made) => {
    at(id).hidden = made.length === 0;
    at(id).querySelector(place).replaceChildren(...made);
  };

  const header = () => {
    at("verdict").className = `verdict ${state.tone}`;
    say("scenario", `tsprof ${state.scenario}`);
    say("run", state.run);
    say("time", state.time);
    say("word", state.word);
    say("sentence", state.sentence);
    say("consequence", state.consequence);
    at("culprit").hidden = !state.culprit;
    at("culprit").firstElementChild.textContent = state.culprit;
    at("progress").hidden = state.progress === null;
    if (state.progress !== null) at("progress").value = state.progress;
    document.title = `${state.word} - tsprof ${state.scenario} - ${state.run}`;
  };

  const figure = ([label, value, small]) => {
    const made = element("div");
    made.append(element("dt", label), element("dd", value), element("dd", small, "small"));
    return made;
  };

  const row = (value, title) => {
    const made = element("tr");
    const name = element("th", value.label);
    name.scope = "row";
    made.append(
      element("td", title, "title"),
      name,
      element("td", value.now, "number"),
      element("td", value.whole, "number"),
      element("td", value.target),
      element("td", value.outcome, `outcome ${value.outcome}`),
    );
    return made;
  };

  const block = ({ title, rows }) => {
    const made = element("tbody");
    made.append(...rows.map((value, number) => row(value, number ? "" : title)));
    return made;
  };

  const blocks = () => {
    const table = at("blocks").querySelector("table");
    at("blocks").hidden = state.blocks.length === 0;
    [...table.tBodies].forEach((body) => body.remove());
    table.append(...state.blocks.map(block));
    say("untold", state.untold);
  };

  const owner = (cells) => {
    const made = element("tr");
    made.append(...cells.map((cell, number) => element("td", cell, number ? "number" : "")));
    return made;
  };

  const finding = ({ kind, badge, title, lines }) => {
    const made = element("article", "", `finding ${kind}`);
    const heading = element("h3");
    heading.append(element("span", badge, "badge"), ` ${title}`);
    made.append(heading, ...lines.map((line) => element("p", line)));
    return made;
  };

  const draw = () => {
    at("charts").hidden = state.charts.length === 0;
    for (const chart of state.charts) {
      const place = at(`chart-${chart.name}`);
      place.parentElement.hidden = false;
      place.parentElement.querySelector("figcaption").textContent = chart.caption;
      if (charts.has(chart.name)) charts.get(chart.name).update(chart);
      else charts.set(chart.name, Charts.show(chart));
    }
  };

  const render = () => {
    header();
    at("figures").replaceChildren(...state.figures.map(figure));
    at("report").hidden = !state.report;
    say("path", state.report);
    fill("reasons", "ul", state.reasons.map((reason) => element("li", reason)));
    fill("findings", "div", state.findings.map(finding));
    blocks();
    fill("ledger", "tbody", state.ledger.map(owner));
    draw();
    fill("events", "ul", state.events.map((event) => element("li", event)));
  };

  const take = (event) => {
    const next = JSON.parse(event.data);
    if (next.run !== state.run) {
      location.reload(); /* another run has this port now */
      return;
    }
    state = next;
    heard = Date.now();
    say("notice", "");
    render();
    if (state.over) source.close();
  };

  const source = new EventSource("events");
  source.addEventListener("message", take);

  const watch = setInterval(() => {
    const seconds = Math.round((Date.now() - heard) / 1000);
    if (state.over || seconds < QUIET) return;
    if (seconds < GONE) {
      say("notice", `No news from tsprof for ${seconds} s; what follows is what it said last.`);
      return;
    }
    say(
      "notice",
      "tsprof does not answer any more: it was ended before the run was over. What follows is what " +
        `it said last; tsprof report ${state.run} tells what is on disk.`,
    );
    source.close();
    clearInterval(watch);
  }, 1000);

  const each = (action) => () => charts.forEach((chart) => chart[action]());
  render();
  addEventListener("resize", each("fit"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", each("redraw"));
})();
