/* Draws the call stacks of the JSON beside it. Text goes in as text, never as HTML. */
(() => {
  "use strict";

  const { trimmed, bytes } = Numbers;
  const FOUND = "#d63ce0";
  const WAIT_FOR_MORE_MS = 150;
  const { unit, frames, nodes, colourings, compared, scale, byRequest } = JSON.parse(
    document.getElementById("data").textContent,
  );
  const total = nodes.weight[0];
  const part = (id) => document.getElementById(id);

  const amount = (value) => {
    if (unit === "bytes") return bytes(value);
    return `${trimmed(value)} ${value === 1 ? unit.slice(0, -1) : unit}`;
  };
  const percent = (value) => `${trimmed(total ? (100 * value) / total : 0)} %`;

  /* The nodes are in order, callers first. v and c are the names that d3-flame-graph reads. */
  const tree = nodes.parent.map((_, node) => ({ node, frame: nodes.frame[node], v: nodes.weight[node] }));
  nodes.parent.forEach((caller, node) => {
    if (caller >= 0) (tree[caller].c ??= []).push(tree[node]);
  });

  const label = (d) => (d.data.frame < 0 ? "all" : frames.label[d.data.frame]);
  const change = (now, then) => {
    if (!then) return "not seen before";
    if (!now) return "gone";
    return `${now >= then ? "+" : "\u2212"}${trimmed(Math.abs(100 * (now / then - 1)))} %`;
  };
  const told = (d) => {
    const { node, frame } = d.data;
    const [weight, own] = [nodes.weight[node], nodes.own[node]];
    const lines = frame < 0 ? [] : [frames.place[frame], frames.kind[frame]].filter(Boolean);
    lines.push(`${amount(weight)}, ${percent(weight)} of the total; itself ${amount(own)}, ${percent(own)}`);
    if (compared) {
      const [now, then] = [weight * scale.after, nodes.before[node] * scale.before];
      const sure = nodes.heat[node] ? "" : ", no change that is sure";
      lines.push(`${trimmed(then)} before, ${trimmed(now)} now (${scale.unit}): ${change(now, then)}${sure}`);
    } else if (byRequest) {
      lines.push(`${trimmed(weight * scale.after)} ${scale.unit}`);
    }
    return [label(d), ...lines];
  };

  const tip = () => {};
  tip.show = (event, d) => {
    const [name, ...lines] = told(d);
    const box = part("tip");
    const title = document.createElement("b");
    title.textContent = name;
    box.replaceChildren(
      title,
      ...lines.map((line) => Object.assign(document.createElement("div"), { textContent: line })),
    );
    box.hidden = false;
    const left = Math.min(event.clientX + 12, window.innerWidth - box.offsetWidth - 8);
    const below = event.clientY + 16;
    const top = below + box.offsetHeight > window.innerHeight ? event.clientY - box.offsetHeight - 12 : below;
    box.style.left = `${Math.max(left, 4)}px`;
    box.style.top = `${Math.max(top, 4)}px`;
  };
  tip.hide = () => {
    part("tip").hidden = true;
  };

  let colouring = colourings[0];
  let chosen = null;
  let zoomed = null;
  const colour = (d) => {
    if (d.highlight) return FOUND;
    if (colouring.byHeat) return colouring.colours[nodes.heat[d.data.node] + (colouring.colours.length - 1) / 2];
    return colouring.colours[d.data.frame] ?? "#b4bcc8";
  };

  if (!total) {
    part("chart").textContent = "Nothing was seen.";
    return;
  }
  /* Nothing moves: 6,000 frames in motion take a second. What would be a transition is done at once. */
  for (const name of ["transition", "delay", "duration", "ease"]) {
    d3.selection.prototype[name] = function () {
      return this;
    };
  }

  const width = () => part("chart").clientWidth;
  const chart = flamegraph
    .default()
    .width(width())
    .minFrameSize(1)
    .inverted(true)
    .resetHeightOnZoom(true)
    .tooltip(tip)
    .getName(label);
  chart.setColorMapper(colour);
  const selection = d3.select("#chart").datum(tree[0]).call(chart);
  const root = selection.datum();

  const redrawn = () => {
    const drawn = selection.selectAll("g.frame").classed("chosen", (d) => d === chosen);
    const count = drawn.size();
    part("drawn").textContent =
      count < tree.length
        ? `${trimmed(count)} of ${trimmed(tree.length)} frames are drawn; the others are narrower than a pixel or outside of what is zoomed in on.`
        : "";
  };
  const choose = (d) => {
    chosen = d;
    part("selected").textContent = told(d).join(" · ");
    redrawn();
    const place = selection.selectAll("g.frame.chosen").node();
    place?.scrollIntoView({ block: "nearest" });
  };
  const zoom = (d) => {
    zoomed = d;
    chart.zoomTo(d);
  };
  chart.onClick((d) => {
    zoomed = d;
    choose(d);
  });

  /* What matches within a match is part of it already. */
  let matching = [];
  chart.setSearchMatch((d) => d.data.frame >= 0 && matching[d.data.frame]);
  chart.setSearchHandler((results) => {
    const inside = (d) => {
      for (let caller = d.parent; caller; caller = caller.parent) if (caller.highlight) return true;
      return false;
    };
    const seen = results.filter((d) => !inside(d)).reduce((sum, d) => sum + nodes.weight[d.data.node], 0);
    part("found").textContent = results.length
      ? `${percent(seen)} of the total is in ${trimmed(results.length)} matching ${results.length === 1 ? "frame" : "frames"}`
      : "no match";
  });
  const search = () => {
    const term = part("search").value.trim().toLowerCase();
    if (term) {
      matching = frames.label.map((name, frame) =>
        `${name}\n${frames.place[frame]}\n${frames.kind[frame]}`.toLowerCase().includes(term),
      );
      chart.search(term);
    } else {
      chart.clear();
      part("found").textContent = "";
    }
    redrawn();
  };
  const reset = () => {
    part("search").value = "";
    search();
    zoom(root);
    part("selected").textContent = "";
    chosen = null;
    redrawn();
  };

  let waiting = 0;
  part("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, WAIT_FOR_MORE_MS);
  });
  part("reset").addEventListener("click", reset);
  part("colouring").addEventListener("change", (event) => {
    colouring = colourings[event.target.value];
    document.querySelectorAll(".legend").forEach((legend, index) => {
      legend.hidden = index !== Number(event.target.value);
    });
    chart.update();
    redrawn();
  });

  const siblings = (d) => (d.parent ? d.parent.children.filter((other) => other.x1 > other.x0) : [d]);
  const neighbour = (d, step) => siblings(d)[siblings(d).indexOf(d) + step] ?? d;
  const widest = (d) => (d.children ?? []).reduce((best, child) => (child.value > (best?.value ?? 0) ? child : best), null);
  const moves = {
    ArrowLeft: (d) => choose(neighbour(d, -1)),
    ArrowRight: (d) => choose(neighbour(d, 1)),
    ArrowUp: (d) => choose(d.parent ?? d),
    ArrowDown: (d) => choose(widest(d) ?? d),
    Enter: (d) => zoom(d),
    Backspace: () => {
      if (zoomed?.parent) zoom(zoomed.parent);
    },
  };
  part("chart").addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(chosen ?? root);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      reset();
    } else if (event.key === "/" && event.target !== part("search")) {
      event.preventDefault();
      part("search").focus();
    }
  });

  let known = width();
  new ResizeObserver(() => {
    if (width() === known) return;
    known = width();
    chart.width(known).update();
    redrawn();
  }).observe(part("chart"));
  redrawn();
})();
