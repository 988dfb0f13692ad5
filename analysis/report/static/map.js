// A tile map: an equal square per authority, coloured by quarter or by value, with a table behind it.
(function () {
  "use strict";
  var form = document.getElementById("choice"), at = form.elements, figure = document.getElementById("map"), place = figure.querySelector(".plot");
  var state, current = Object.keys(CSW.authorities).filter(function (c) { return CSW.authorities[c].tile; });

  function initial() {
    var said = CSW.state.read();
    return { m: CSW.measures[said.m] ? said.m : CSW.measures.cla_at_31_march_rate_per_10k ? "cla_at_31_march_rate_per_10k" : Object.keys(CSW.measures)[0], year: said.year || "", by: said.by === "value" ? "value" : "quartile" };
  }

  // Lines between squares of different regions.
  function borders() {
    var at = {}, out = [];
    current.forEach(function (c) { var t = CSW.authorities[c].tile; at[t[0] + "," + t[1]] = CSW.authorities[c].region; });
    current.forEach(function (c) {
      var t = CSW.authorities[c].tile, region = CSW.authorities[c].region;
      var east = at[(t[0] + 1) + "," + t[1]], south = at[t[0] + "," + (t[1] + 1)];
      if (east && east !== region) out.push([t[0] + 1, t[1], t[0] + 1, t[1] + 1]);
      if (south && south !== region) out.push([t[0], t[1] + 1, t[0] + 1, t[1] + 1]);
    });
    return out;
  }

  function light(colour) {
    var c = d3.rgb(colour);
    return (0.299 * c.r + 0.587 * c.g + 0.114 * c.b) > 140;
  }

  function draw() {
    CSW.load([state.m], function (held) {
      var figures = held[0], m = CSW.measures[state.m], words = CSW.quartileWords(state.m);
      var year = CSW.chooseYear(at.year, figures, state.m, state.year), ranked = CSW.isRanked(state.m), by = ranked ? state.by : "value";
      at.by.value = by;
      at.by.disabled = !ranked;
      var tiles = current.map(function (c) {
        var t = CSW.authorities[c].tile, cell = CSW.cell(figures, c, year);
        return { code: c, name: CSW.authorities[c].name, region: CSW.authorities[c].region, x: t[0], y: t[1], label: t[2], cell: cell };
      });
      var values = tiles.map(function (t) { return t.cell && t.cell.value; }).filter(function (v) { return v !== null && v !== undefined; }).sort(d3.ascending);
      // A few very large authorities would leave the rest in one shade.
      var shade = d3.scaleSequential([d3.quantile(values, 0.02), d3.quantile(values, 0.98)], d3.interpolateRgb(CSW.colour("low"), CSW.colour("high"))).clamp(true);
      function fill(t) {
        if (!t.cell || t.cell.value === null || (by === "quartile" && !t.cell.quartile)) return CSW.colour("wash");
        return by === "quartile" ? CSW.colour(CSW.quartileClass(state.m, t.cell.quartile)) : shade(t.cell.value);
      }
      function said(t) {
        return t.name + "\n" + (t.cell ? CSW.written(t.cell, m.unit) : "no figure") + (t.cell && t.cell.quartile ? "\n" + words[t.cell.quartile] + " in England, rank " + t.cell.rank : "") +
          (t.cell && t.cell.value === null ? "\n" + CSW.statuses[t.cell.status] : "") + (t.cell && t.cell.joint ? "\nof a joint return" : "");
      }
      var across = d3.max(tiles, function (t) { return t.x; }) + 1, down = d3.max(tiles, function (t) { return t.y; }) + 1;
      var side = Math.max(20, Math.min(42, Math.floor(Math.max(280, place.clientWidth) / across))), named = side >= 34;
      place.textContent = "";
      figure.querySelector("figcaption").textContent = m.label + ", " + (m.periods[year] || year);
      figure.dataset.source = CSW.source(state.m);
      var plot = Plot.plot({
        width: side * across + 4, height: side * down + 4, margin: 2, axis: null, x: { domain: [0, across] }, y: { domain: [0, down], reverse: true },
        style: { fontFamily: "system-ui, sans-serif", background: "transparent" },
        marks: [
          Plot.rect(tiles, { x1: "x", x2: function (t) { return t.x + 1; }, y1: "y", y2: function (t) { return t.y + 1; }, inset: 1, fill: fill, stroke: CSW.colour("line"), strokeWidth: 0.5, title: said }),
          named ? Plot.text(tiles, { x: function (t) { return t.x + 0.5; }, y: function (t) { return t.y + 0.5; }, dy: by === "quartile" ? -4 : 0, text: "label", fontSize: Math.min(12, side / 3.9), fill: function (t) { return light(fill(t)) ? "#111" : "#fff"; }, pointerEvents: "none" }) : null,
          // Not by colour alone.
          by === "quartile" && side >= 22 ? Plot.text(tiles, { x: function (t) { return t.x + 0.5; }, y: function (t) { return t.y + 0.5; }, dy: named ? 9 : 0, text: function (t) { return t.cell && t.cell.quartile ? String(t.cell.quartile) : "×"; }, fontSize: 10, fontWeight: 700, fill: function (t) { return light(fill(t)) ? "#111" : "#fff"; }, pointerEvents: "none" }) : null,
          Plot.link(borders(), { x1: "0", y1: "1", x2: "2", y2: "3", stroke: CSW.colour("ink"), strokeWidth: 1.6, strokeLinecap: "round" })
        ]
      });
      // A square can be pressed; the table behind the map has the same links for the keyboard.
      plot.querySelectorAll("rect").forEach(function (square, i) {
        square.style.cursor = "pointer";
        square.addEventListener("click", function () { location.href = "authorities/" + tiles[i].code + ".html"; });
      });
      CSW.describe(plot, "Tile map of England's authorities: " + m.label + ", " + (m.periods[year] || year) + ". " + values.length + " have a figure, between " + CSW.number(values[0], m.unit) + " and " + CSW.number(values[values.length - 1], m.unit) + ". The figures are in the table below.");
      place.appendChild(plot);
      var key = document.getElementById("key"), entries = by === "quartile" ? [1, 2, 3, 4].map(function (q) { return [CSW.quartileClass(state.m, q), q + " " + words[q]]; }) : [["low", CSW.number(shade.domain()[0], m.unit) + " or less"], ["high", CSW.number(shade.domain()[1], m.unit) + " or more"]];
      key.textContent = "";
      entries.concat([["none", "× no figure"]]).forEach(function (e) {
        var item = CSW.element("li", {}, null, key);
        CSW.element("i", { "class": "square " + e[0] }, null, item);
        item.appendChild(document.createTextNode(e[1]));
      });
      figure.dataset.key = entries.map(function (e) { return e[1]; }).join(" · ");
      var order = tiles.slice().sort(function (a, b) { return a.name < b.name ? -1 : 1; });
      CSW.table(document.getElementById("table"), ["authority", "region", m.periods[year] || String(year), "rank", "quarter in England"], order.map(function (t) {
        var c = t.cell;
        return [CSW.element("a", { href: "authorities/" + t.code + ".html" }, t.name), t.region, CSW.written(c, m.unit), c && c.rank ? c.rank : "–", c && c.quartile ? c.quartile + ": " + words[c.quartile] : "–"];
      }));
      CSW.state.write({ m: state.m, year: state.year, by: state.by });
      document.getElementById("more").href = "measures/" + state.m + ".html";
      document.body.dataset.drawn = location.hash;
      CSW.now = { rows: [["la_code", "la_name", "region", "measure_id", "year", "value", "status", "rank_in_england", "quartile_in_england"]].concat(order.map(function (t) {
        var c = t.cell;
        return [t.code, t.name, t.region, state.m, year, c && c.value, c && CSW.statuses[c.status], c && c.rank, c && c.quartile];
      })), name: state.m + "_map_" + year };
    });
  }
  function start() {
    state = initial();
    CSW.chooseMeasure(at.m, state.m);
    draw();
  }
  form.addEventListener("submit", function (e) { e.preventDefault(); });
  at.m.addEventListener("change", function () { state.m = at.m.value; state.year = ""; draw(); });
  at.year.addEventListener("change", function () { state.year = at.year.value; draw(); });
  at.by.addEventListener("change", function () { state.by = at.by.value; draw(); });
  document.querySelectorAll("button[data-take]").forEach(function (button) {
    button.addEventListener("click", function () { if (button.dataset.take === "png") CSW.takePng(figure, CSW.now.name); else CSW.takeCsv(CSW.now.name, CSW.now.rows); });
  });
  window.addEventListener("hashchange", start);
  var width = window.innerWidth;
  window.addEventListener("resize", function () { if (window.innerWidth !== width) { width = window.innerWidth; clearTimeout(draw.later); draw.later = setTimeout(draw, 150); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  start();
})();
