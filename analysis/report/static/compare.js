// Compare: up to eight authorities over the years, in their order, and two measures against one another.
(function () {
  "use strict";
  var MOST = 8, SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "cross", "wye", "hexagon"];
  var form = document.getElementById("choice"), at = form.elements, chips = document.getElementById("chips");
  var state;

  function initial() {
    var said = CSW.state.read(), codes = (said.la || "").split(",").filter(function (c) { return CSW.authorities[c]; });
    var known = function (id) { return CSW.measures[id] ? id : ""; };
    return {
      la: codes.slice(0, MOST), m: known(said.m) || known("cla_at_31_march_rate_per_10k") || Object.keys(CSW.measures)[0],
      m2: known(said.m2), year: said.year || "",
      among: ["england", "region", "neighbours", "chosen"].indexOf(said.among) >= 0 ? said.among : "england",
      "with": said["with"] === undefined ? "england,neighbours" : said["with"]
    };
  }
  function beside(name) { return state["with"].split(",").indexOf(name) >= 0; }
  function keep() {
    CSW.state.write({ la: state.la.join(","), m: state.m, m2: state.m2, year: state.year, among: state.among, "with": state["with"] || "none" });
  }

  function byName(text) {
    var plain = text.trim().toLowerCase();
    return Object.keys(CSW.authorities).find(function (c) { return CSW.authorities[c].name.toLowerCase() === plain || c === plain; });
  }
  function add(codes) {
    codes.forEach(function (c) { if (state.la.indexOf(c) < 0 && state.la.length < MOST) state.la.push(c); });
    draw();
  }

  function drawChips() {
    chips.textContent = "";
    state.la.forEach(function (code, i) {
      var item = CSW.element("li", {}, null, chips);
      item.appendChild(swatch(i));
      CSW.element("a", { href: "authorities/" + code + ".html" }, CSW.authorities[code].name, item);
      var button = CSW.element("button", { type: "button", "aria-label": "Remove " + CSW.authorities[code].name }, "×", item);
      button.addEventListener("click", function () { state.la.splice(state.la.indexOf(code), 1); draw(); at.add.focus(); });
    });
    at.add.disabled = state.la.length >= MOST;
    at.add.placeholder = state.la.length >= MOST ? "Eight at most: remove one first" : "Add an authority";
  }
  function swatch(i) {
    var chip = Plot.plot({ width: 16, height: 16, margin: 0, x: { domain: [0, 1] }, y: { domain: [0, 1] }, axis: null,
      marks: [Plot.dot([0], { x: 0.5, y: 0.5, r: 5, fill: colour(i), symbol: SYMBOLS[i] })] });
    CSW.describe(chip, "");
    chip.removeAttribute("role");
    chip.setAttribute("aria-hidden", "true");
    return chip;
  }
  function colour(i) { return CSW.colour("s" + (i + 1)); }

  function frame(id, title, id2) {
    var figure = document.getElementById(id), place = figure.querySelector(".plot");
    figure.querySelector("figcaption").textContent = title;
    figure.dataset.source = CSW.source(state.m) + (id2 ? " And: " + CSW.measures[id2].label + "." : "");
    figure.dataset.key = "";
    place.textContent = "";
    return { figure: figure, place: place, width: Math.max(280, place.clientWidth) };
  }
  function put(f, plot, words) {
    CSW.describe(plot, words);
    f.place.appendChild(plot);
  }
  function base(width, more) {
    return Object.assign({ width: width, style: { fontSize: width < 500 ? "11px" : "12.5px", fontFamily: "system-ui, sans-serif", background: "transparent", overflow: "visible" } }, more);
  }

  // Names above their points, higher where they would cover one another or the edge; place gives [x, y] in pixels.
  function names(points, x, y, place, width) {
    var put = [];
    return points.map(function (p) {
      var at = place(p), half = p.name.length * 3.7, centre = Math.max(half, Math.min(width - half, at[0])), lift = at[1];
      while (put.some(function (q) { return Math.abs(q.x - centre) < q.half + half && Math.abs(q.y - lift) < 14; })) lift -= 14;
      put.push({ x: centre, y: lift, half: half });
      return Plot.text([p], { x: x, y: y, text: "name", dx: centre - at[0], dy: lift - at[1] - 12, fontWeight: 600, fill: CSW.colour("ink"), stroke: CSW.colour("paper"), pointerEvents: "none" });
    });
  }
  // Room for the figures of an axis.
  function room(values, unit) {
    return 20 + 7.4 * Math.max.apply(null, values.map(function (v) { return CSW.number(v, unit).length; }));
  }

  // Whom the first authority is put in order with.
  function members(figures) {
    var first = state.la[0], all = Object.keys(figures.la);
    if (state.among === "region" && first) return all.filter(function (c) { return CSW.authorities[c].region === CSW.authorities[first].region; });
    if (state.among === "neighbours" && first) return state.la.concat(CSW.authorities[first].neighbours).filter(function (c, i, l) { return l.indexOf(c) === i; });
    if (state.among === "chosen") return state.la;
    return all;
  }

  function lines(figures) {
    var out = [], first = state.la[0], region = first && CSW.authorities[first].region;
    if (beside("england")) out.push({ name: "England", values: figures.england, dash: "6 4" });
    if (first && CSW.isRanked(state.m)) {
      if (beside("region")) out.push({ name: "Median of " + region, values: figures.regions[region] || [], dash: "2 4" });
      if (beside("neighbours")) out.push({ name: "Median of " + CSW.authorities[first].name + "’s statistical neighbours", values: (figures.la[first] || { n: [] }).n, dash: "8 3 2 3" });
    }
    // England's total beside an authority's count would flatten everything.
    return out.filter(function (l) { return CSW.isRanked(state.m) && l.values.some(function (v) { return v !== null; }); });
  }

  function axis(year) { return year % 1 ? "" : CSW.axisYear(state.m, year); }

  function trend(figures) {
    var m = CSW.measures[state.m], f = frame("trend", m.label + ", " + axis(figures.years[0]) + " to " + axis(figures.years[figures.years.length - 1]));
    var points = [], gaps = [], seen = [], refs = lines(figures);
    state.la.forEach(function (code, i) {
      figures.years.forEach(function (y) {
        var c = CSW.cell(figures, code, y);
        if (!c) return;
        points.push({ code: code, name: c.name, i: i, year: y, value: c.value, cell: c });
        if (c.value !== null) seen.push(c.value);
        else if (c.status !== "p") gaps.push({ i: i, name: c.name, year: y, status: c.status });
      });
    });
    var refPoints = [];
    refs.forEach(function (r) { figures.years.forEach(function (y, j) {
      var v = r.values[j];
      if (v !== null && v !== undefined) seen.push(v);
      refPoints.push({ name: r.name, year: y, value: v, dash: r.dash });
    }); });
    if (!seen.length) { CSW.element("p", { "class": "empty" }, state.la.length ? "No figures to draw." : "Choose an authority.", f.place); inspections(f, figures, []); return; }
    var low = Math.min.apply(null, seen), high = Math.max.apply(null, seen), from = low >= 0 && low < 0.4 * high ? 0 : low - (high - low) * 0.08;
    var text = function (d) { return d.name + ", " + (m.periods[d.year] || d.year) + ": " + CSW.number(d.value, m.unit) +
      (d.cell && d.cell.quartile ? "\n" + CSW.quartileWords(state.m)[d.cell.quartile] + " in England (rank " + d.cell.rank + " of " + figures.counted[figures.years.indexOf(d.year)] + ")" : "") +
      (d.cell && d.cell.joint ? "\nof a joint return" : "") + (d.cell && d.cell.secondary ? "\nfrom LAIT, a secondary source" : ""); };
    var x = { label: null, tickFormat: axis, domain: [figures.years[0] - 0.5, figures.years[figures.years.length - 1] + 0.5], ticks: Math.min(figures.years.length, f.width < 500 ? 5 : 12) };
    var breaks = Object.keys(m.breaks).map(Number).filter(function (y) { return y > figures.years[0] && y <= figures.years[figures.years.length - 1]; });
    // From the year of a break on a line is another one.
    function part(p) { return breaks.filter(function (y) { return y <= p.year; }).length; }
    var drawn = points.filter(function (p) { return p.value !== null; });
    put(f, Plot.plot(base(f.width, {
      height: f.width < 500 ? 300 : 380, marginLeft: f.width < 500 ? room([from, high], m.unit) : Math.max(room([from, high], m.unit), inspected(x.domain).length ? besideNames(f) : 0), marginRight: 20, x: x,
      y: { label: null, grid: true, domain: [from, high], nice: true, tickFormat: function (v) { return CSW.number(v, m.unit); } },
      color: { type: "identity" },
      marks: [
        Plot.ruleX(breaks, { x: function (y) { return y - 0.5; }, stroke: CSW.colour("soft"), strokeDasharray: "3 3", title: function (y) { return y + ": " + m.breaks[y]; } }),
        refs.map(function (r) { return Plot.lineY(refPoints.filter(function (p) { return p.name === r.name; }), { x: "year", y: "value", z: part, stroke: CSW.colour("ref"), strokeWidth: 2, strokeDasharray: r.dash }); }),
        state.la.map(function (code, i) { return Plot.lineY(points.filter(function (p) { return p.i === i; }), { x: "year", y: "value", z: part, stroke: colour(i), strokeWidth: i ? 2 : 3 }); }),
        state.la.map(function (code, i) { return Plot.dot(drawn.filter(function (p) { return p.i === i; }), { x: "year", y: "value", fill: colour(i), symbol: SYMBOLS[i], r: i ? 3.5 : 4, className: "points" }); }),
        state.la.map(function (code, i) { return Plot.text(gaps.filter(function (g) { return g.i === i; }), { x: "year", frameAnchor: "bottom", dy: -3 - 11 * i, text: function () { return "×"; }, fill: function (g) { return colour(g.i); }, fontSize: 15, fontWeight: 700, title: function (g) { return g.name + ", " + g.year + ": " + CSW.statuses[g.status]; } }); }),
        Plot.tip(drawn.concat(refPoints.filter(function (p) { return p.value !== null && p.value !== undefined; })), Plot.pointer({ x: "year", y: "value", title: text, fill: CSW.colour("paper"), stroke: CSW.colour("line") }))
      ]
    })), m.label + ". " + state.la.map(function (c) { return inWords(figures, c, m); }).join(" ") + " The figures are in the table below.");
    var key = document.getElementById("refs");
    key.textContent = "";
    refs.forEach(function (r) { key.appendChild(dash(r)); });
    if (gaps.length) CSW.element("li", {}, "× no figure: " + gaps.map(function (g) { return CSW.short[g.status]; }).filter(function (s, i, l) { return l.indexOf(s) === i; }).join(", "), key);
    if (breaks.length) CSW.element("li", {}, "┊ not to be compared across: " + breaks.map(axis).join(", ") + " (the measure’s page says why)", key);
    f.figure.dataset.key = state.la.map(function (c) { return CSW.authorities[c].name; }).concat(refs.map(function (r) { return r.name + " (dashed)"; }), gaps.length ? ["× no figure"] : []).join("  ·  ");
    inspections(f, figures, x.domain);
  }
  function dash(r) {
    var item = CSW.element("li", {}, null), svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("class", "swatch");
    svg.setAttribute("viewBox", "0 0 28 8");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M1 4H27");
    path.setAttribute("style", "stroke:var(--ref);stroke-width:2;stroke-dasharray:" + r.dash);
    svg.appendChild(path);
    item.appendChild(svg);
    item.appendChild(document.createTextNode(r.name));
    return item;
  }
  function inWords(figures, code, m) {
    var held = figures.years.map(function (y) { return CSW.cell(figures, code, y); }).filter(function (c) { return c && c.value !== null; });
    if (!held.length) return CSW.authorities[code].name + ": no figures.";
    var a = held[0], b = held[held.length - 1];
    return a.name + ": " + CSW.number(a.value, m.unit) + " (" + a.year + ") to " + CSW.number(b.value, m.unit) + " (" + b.year + ").";
  }

  // Inspections within the years drawn. A reporting year, from April to March, lies half a year on either side of its figure.
  function inspected(domain) {
    var marks = [];
    state.la.forEach(function (code) { CSW.authorities[code].inspections.forEach(function (i) {
      var day = new Date(i[0]), year = day.getFullYear() + day.getMonth() / 12 + 0.25;
      if (year >= domain[0] && year <= domain[1]) marks.push({ name: CSW.authorities[code].name, year: year, grade: i[1], day: day, framework: i[2] });
    }); });
    return marks;
  }
  // Room for the names of the authorities, beside both charts so that their years stand under one another.
  function besideNames(f) {
    return f.width < 500 ? 74 : Math.min(215, 20 + 7.4 * Math.max.apply(null, state.la.map(function (c) { return CSW.authorities[c].name.length; })));
  }

  // The grades of inspections under the years, an authority a line.
  function inspections(f, figures, domain) {
    if (!domain.length) return;
    var marks = inspected(domain), names = state.la.map(function (c) { return CSW.authorities[c].name; });
    if (!marks.length) return;
    var said = function (d) { return d.name + ": " + CSW.grades[d.grade] + ", " + d.day.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" }) + " (" + d.framework + ")"; };
    CSW.element("p", { "class": "note" }, "Inspections by the day of the report: 1 outstanding, 2 good, 3 requires improvement, 4 inadequate.", f.place);
    put(f, Plot.plot(base(f.width, {
      height: 34 + 24 * names.length, marginLeft: besideNames(f), marginRight: 20, marginTop: 4, x: { domain: domain, label: null, tickFormat: axis, ticks: f.width < 500 ? 4 : 10 },
      y: { domain: names, label: null, tickSize: 0, tickFormat: function (n) { return f.width < 500 && n.length > 8 ? n.slice(0, 7) + "…" : n.length > 26 ? n.slice(0, 25) + "…" : n; } },
      marks: [
        Plot.dot(marks, { x: "year", y: "name", r: 8.5, fill: function (d) { return CSW.colour("g" + d.grade); }, title: said }),
        Plot.text(marks, { x: "year", y: "name", text: function (d) { return String(d.grade); }, fill: "#fff", fontWeight: 700, pointerEvents: "none" })
      ]
    })), "Inspections: " + (marks.length ? marks.map(said).join("; ") : "none") + ".");
  }

  function ranked(figures, year) {
    var m = CSW.measures[state.m], words = CSW.quartileWords(state.m), period = m.periods[year] || year;
    var found = members(figures).map(function (c) { return CSW.cell(figures, c, year); }).filter(Boolean);
    var bars = found.filter(function (c) { return c.value !== null; }), without = found.filter(function (c) { return c.value === null; });
    var up = m.better === "lower" ? 1 : -1;
    bars.sort(function (a, b) { return up * (a.value - b.value) || (a.name < b.name ? -1 : 1); });
    var f = frame("ranked", m.label + ", " + period + ": in order");
    document.getElementById("without").textContent = without.length ? "No figure: " + without.map(function (c) { return c.name + " (" + (CSW.short[c.status] || "none") + ")"; }).join("; ") + "." : "";
    if (!bars.length) { CSW.element("p", { "class": "empty" }, "No figures to draw.", f.place); return found; }
    var fill = function (c) { return CSW.colour(c.quartile ? CSW.quartileClass(state.m, c.quartile) : "ref"); };
    var chosen = function (c) { return state.la.indexOf(c.code) >= 0; };
    var i = figures.years.indexOf(year), line = CSW.isRanked(state.m) ? figures.median[i] : null;
    var said = function (c) { return c.name + ": " + CSW.number(c.value, m.unit) + (c.quartile ? "\n" + words[c.quartile] + " in England, rank " + c.rank + " of " + figures.counted[i] : "") + (c.joint ? "\nof a joint return" : ""); };
    var show = function (v) { return CSW.number(v, m.unit); };
    var marks, options, few = bars.length <= 40, codes = bars.map(function (c) { return c.code; });
    if (few) {
      options = { height: 40 + 22 * bars.length, marginLeft: f.width < 500 ? 120 : 210, marginRight: 56,
        x: { label: null, tickFormat: show, ticks: f.width < 500 ? 3 : 6, grid: true, nice: true },
        y: { domain: codes, label: null, tickSize: 0, tickFormat: function (c) { var n = CSW.authorities[c].name, most = f.width < 500 ? 14 : 27; return n.length > most ? n.slice(0, most - 1) + "…" : n; } } };
      marks = [Plot.barX(bars, { y: "code", x: "value", fill: fill, title: said }),
        Plot.text(bars, { y: "code", x: "value", text: function (c) { return show(c.value); }, textAnchor: "start", dx: 5, fill: CSW.colour("ink"), stroke: CSW.colour("paper"), fontWeight: function (c) { return chosen(c) ? 700 : 400; } }),
        Plot.barX(bars.filter(chosen), { y: "code", x: "value", fill: "none", stroke: CSW.colour("ink"), strokeWidth: 2, pointerEvents: "none" }),
        line === null ? null : Plot.ruleX([line], { stroke: CSW.colour("ink"), strokeDasharray: "5 4" })];
    } else {
      var top = d3.max(bars, function (c) { return c.value; }) || 1, inner = f.width - 20 - room([0, top], m.unit);
      options = { height: 340, marginLeft: f.width - 20 - inner, marginRight: 20, marginBottom: 12, marginTop: 80,
        x: { domain: codes, axis: null, padding: 0.15 }, y: { label: null, grid: true, nice: true, tickFormat: show } };
      marks = [Plot.barY(bars, { x: "code", y: "value", fill: fill, fillOpacity: function (c) { return !state.la.length || chosen(c) ? 1 : 0.6; }, title: said }),
        Plot.barY(bars.filter(chosen), { x: "code", y: "value", fill: "none", stroke: CSW.colour("ink"), strokeWidth: 2, pointerEvents: "none" }),
        names(bars.filter(chosen), "code", "value", function (c) { return [codes.indexOf(c.code) / codes.length * inner, -c.value / top * 240]; }, inner),
        line === null ? null : Plot.ruleY([line], { stroke: CSW.colour("ink"), strokeDasharray: "5 4" }), Plot.ruleY([0])];
    }
    var first = bars.filter(chosen).map(function (c) { return c.name + " " + show(c.value) + (c.rank ? ", rank " + c.rank : ""); });
    put(f, Plot.plot(base(f.width, Object.assign(options, { marks: marks }))), m.label + ", " + period + ", " + bars.length + " authorities in order. " + first.join("; ") + ". The figures are in the table below.");
    var key = document.getElementById("quartiles");
    key.textContent = "";
    if (CSW.isRanked(state.m)) [1, 2, 3, 4].forEach(function (q) {
      var item = CSW.element("li", {}, null, key);
      CSW.element("i", { "class": "square " + CSW.quartileClass(state.m, q) }, null, item);
      item.appendChild(document.createTextNode(words[q]));
    });
    if (line !== null) CSW.element("li", {}, "┄ median of England’s authorities: " + show(line), key);
    var ends = m.better === "neither" ? ["dark", "pale"] : ["blue", "orange"];
    f.figure.dataset.key = CSW.isRanked(state.m) ? "From " + words[1] + " (" + ends[0] + ") to " + words[4] + " (" + ends[1] + ") of England’s authorities" + (line === null ? "" : "; dashed: their median, " + show(line)) : "";
    return found;
  }

  function scatter(figures, others, year) {
    var a = CSW.measures[state.m], b = CSW.measures[state.m2], f = frame("scatter", a.label + " and " + b.label.charAt(0).toLowerCase() + b.label.slice(1) + ", " + year, state.m2);
    var points = members(figures).map(function (c) {
      var p = CSW.cell(figures, c, year), q = CSW.cell(others, c, year);
      return p && q && p.value !== null && q.value !== null ? { code: c, name: p.name, x: p.value, y: q.value, i: state.la.indexOf(c) } : null;
    }).filter(Boolean);
    if (!points.length) { CSW.element("p", { "class": "empty" }, "No authority has both figures for " + year + ".", f.place); return; }
    var mine = points.filter(function (p) { return p.i >= 0; }), rest = points.filter(function (p) { return p.i < 0; });
    var said = function (p) { return p.name + "\n" + CSW.number(p.x, a.unit) + " · " + CSW.number(p.y, b.unit); };
    var n = points.length, mean = function (k) { return points.reduce(function (s, p) { return s + p[k]; }, 0) / n; }, mx = mean("x"), my = mean("y");
    var span = { x: d3.extent(points, function (p) { return p.x; }), y: d3.extent(points, function (p) { return p.y; }) };
    var left = room(span.y, b.unit), inner = f.width - left - 24, sxy = 0, sxx = 0, syy = 0;
    points.forEach(function (p) { sxy += (p.x - mx) * (p.y - my); sxx += (p.x - mx) * (p.x - mx); syy += (p.y - my) * (p.y - my); });
    put(f, Plot.plot(base(f.width, {
      height: f.width < 500 ? 340 : 450, marginLeft: left, marginBottom: 44, marginRight: 24, marginTop: 64,
      x: { label: a.label + " →", labelAnchor: "center", nice: true, grid: true, ticks: f.width < 500 ? 4 : 8, tickFormat: function (v) { return CSW.number(v, a.unit); } },
      y: { label: "↑ " + b.label, nice: true, grid: true, tickFormat: function (v) { return CSW.number(v, b.unit); } },
      marks: [
        Plot.dot(rest, { x: "x", y: "y", r: 4, fill: CSW.colour("ref"), fillOpacity: 0.55, title: said }),
        state.la.map(function (c, i) { return Plot.dot(mine.filter(function (p) { return p.i === i; }), { x: "x", y: "y", r: 6, fill: colour(i), symbol: SYMBOLS[i], title: said }); }),
        names(mine, "x", "y", function (p) { return [(p.x - span.x[0]) / (span.x[1] - span.x[0] || 1) * inner, -(p.y - span.y[0]) / (span.y[1] - span.y[0] || 1) * 320]; }, inner),
        Plot.tip(points, Plot.pointer({ x: "x", y: "y", title: said, fill: CSW.colour("paper"), stroke: CSW.colour("line") }))
      ]
    })), f.figure.querySelector("figcaption").textContent + ": " + n + " authorities. " + mine.map(function (p) { return said(p).replace("\n", ": "); }).join("; "));
    document.getElementById("together").textContent = n > 9 && sxx && syy ? "Correlation over these " + n + " authorities: " + (sxy / Math.sqrt(sxx * syy)).toFixed(2).replace("-", "\u2212") + ". What goes together need not cause one another." : "";
  }

  function tables(figures, year, found) {
    var m = CSW.measures[state.m], words = CSW.quartileWords(state.m), refs = lines(figures);
    var head = ["year"].concat(state.la.map(function (c) { return CSW.authorities[c].name; }), refs.map(function (r) { return r.name; }));
    CSW.table(document.getElementById("years"), head, figures.years.slice().reverse().map(function (y) {
      var i = figures.years.indexOf(y);
      return [m.periods[y] || String(y)].concat(state.la.map(function (c) { return CSW.written(CSW.cell(figures, c, y), m.unit); }), refs.map(function (r) { return CSW.number(r.values[i], m.unit); }));
    }));
    var order = found.slice().sort(function (a, b) { return (a.rank || 1e6) - (b.rank || 1e6) || (b.value || 0) - (a.value || 0) || (a.name < b.name ? -1 : 1); });
    CSW.table(document.getElementById("order"), ["authority", m.periods[year] || String(year), "rank in England", "quarter in England", "quarter among neighbours", "neighbours’ median", "one year’s change", "five years’ change"], order.map(function (c) {
      var link = CSW.element("a", { href: "authorities/" + c.code + ".html" }, c.name), name = CSW.element("span");
      name.appendChild(link);
      if (c.joint) CSW.element("small", {}, " joint return", name);
      if (c.secondary) CSW.element("small", {}, " from LAIT", name);
      return [name, CSW.written(c, m.unit), c.rank || "–", c.quartile ? words[c.quartile] : "–", c.among ? words[c.among] : "–", CSW.number(c.neighbours, m.unit), change(figures, c, 1, m), change(figures, c, 5, m)];
    }));
  }
  function change(figures, c, years, m) {
    var before = CSW.cell(figures, c.code, c.year - years);
    var crosses = Object.keys(m.breaks).some(function (y) { return +y > c.year - years && +y <= c.year; });
    if (c.value === null || !before || before.value === null || crosses) return "–";
    var d = c.value - before.value;
    return (d > 0 ? "+" : "") + CSW.number(d, m.unit).replace("%", "") + (m.unit === "pct" ? " points" : "");
  }

  function rows(figures, codes, years) {
    var m = CSW.measures[state.m], out = [["la_code", "la_name", "measure_id", "measure", "unit", "year", "period", "value", "status", "rank_in_england", "authorities_in_england", "quartile_in_england", "quartile_among_neighbours", "neighbour_median", "region_median", "england", "is_joint_return", "is_secondary"]];
    codes.forEach(function (code) { years.forEach(function (y) {
      var c = CSW.cell(figures, code, y), i = figures.years.indexOf(y);
      if (c) out.push([code, c.name, state.m, m.label, m.unit, y, m.periods[y] || y, c.value, CSW.statuses[c.status], c.rank, figures.counted[i], c.quartile, c.among, c.neighbours, (figures.regions[CSW.authorities[code].region] || [])[i], figures.england[i], c.joint, c.secondary]);
    }); });
    return out;
  }

  function draw() {
    drawChips();
    var ids = state.m2 ? [state.m, state.m2] : [state.m];
    CSW.load(ids, function (held) {
      var figures = held[0], year = CSW.chooseYear(at.year, figures, state.m, state.year);
      document.getElementById("scatter").hidden = !state.m2;
      at.among.value = state.among;
      trend(figures);
      var found = ranked(figures, year);
      if (state.m2) scatter(figures, held[1], year);
      tables(figures, year, found);
      document.getElementById("more").href = "measures/" + state.m + ".html";
      keep();
      CSW.say("");
      document.body.dataset.drawn = location.hash;
      CSW.now = { figures: figures, year: year, codes: found.map(function (c) { return c.code; }) };
    });
  }

  function start() {
    state = initial();
    CSW.chooseMeasure(at.m, state.m);
    CSW.chooseMeasure(at.m2, state.m2, "none");
    ["england", "region", "neighbours"].forEach(function (n) { at[n].checked = beside(n); });
    draw();
  }
  var list = document.getElementById("names");
  Object.keys(CSW.authorities).map(function (c) { return CSW.authorities[c].name; }).sort().forEach(function (n) { CSW.element("option", { value: n }, null, list); });
  form.addEventListener("submit", function (e) { e.preventDefault(); });
  at.m.addEventListener("change", function () { state.m = at.m.value; state.year = ""; draw(); });
  at.m2.addEventListener("change", function () { state.m2 = at.m2.value; draw(); });
  at.year.addEventListener("change", function () { state.year = at.year.value; draw(); });
  at.among.addEventListener("change", function () { state.among = at.among.value; draw(); });
  ["england", "region", "neighbours"].forEach(function (n) {
    at[n].addEventListener("change", function () {
      state["with"] = ["england", "region", "neighbours"].filter(function (k) { return at[k].checked; }).join(",");
      draw();
    });
  });
  function typed() {
    var code = byName(at.add.value);
    if (code) { at.add.value = ""; add([code]); }
    return code;
  }
  at.add.addEventListener("input", typed);
  at.add.addEventListener("keydown", function (e) {
    if (e.key === "Enter" && !typed() && at.add.value) {
      var part = at.add.value.trim().toLowerCase();
      var like = Object.keys(CSW.authorities).filter(function (c) { return CSW.authorities[c].name.toLowerCase().indexOf(part) >= 0; });
      if (like.length === 1) { at.add.value = ""; add(like); } else CSW.say(like.length ? "Several authorities are called so: choose one from the list." : "No authority is called that.");
    }
  });
  document.getElementById("near").addEventListener("click", function () {
    if (state.la.length) { state.la = state.la.slice(0, 1).concat(CSW.authorities[state.la[0]].neighbours).slice(0, MOST); draw(); } else CSW.say("Choose an authority first.");
  });
  document.getElementById("copy").addEventListener("click", function () {
    var done = function () { CSW.say("The address of what you see is copied."); }, not = function () { CSW.say("Copy it from the address bar: " + location.href); };
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(done, not); else not();
  });
  document.querySelectorAll("button[data-take]").forEach(function (button) {
    button.addEventListener("click", function () {
      var what = button.dataset.take, figure = button.closest("figure"), now = CSW.now, name = state.m + "_" + figure.id;
      if (what === "png") return CSW.takePng(figure, name);
      if (figure.id === "trend") CSW.takeCsv(name, rows(now.figures, state.la, now.figures.years));
      else if (figure.id === "ranked") CSW.takeCsv(name + "_" + now.year, rows(now.figures, now.codes, [now.year]));
      else CSW.load([state.m, state.m2], function (held) {
        CSW.takeCsv(name + "_" + now.year, [["la_code", "la_name", "year", state.m, state.m + "_status", state.m2, state.m2 + "_status"]].concat(now.codes.map(function (code) {
          var a = CSW.cell(held[0], code, now.year), b = CSW.cell(held[1], code, now.year);
          return [code, CSW.authorities[code].name, now.year, a && a.value, a && CSW.statuses[a.status], b && b.value, b && CSW.statuses[b.status]];
        })));
      });
    });
  });
  window.addEventListener("hashchange", start);
  var width = window.innerWidth;
  window.addEventListener("resize", function () { if (window.innerWidth !== width) { width = window.innerWidth; clearTimeout(draw.later); draw.later = setTimeout(draw, 150); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  start();
})();
