// What the compare page and the map share: the figures of a measure, how they are written, what is chosen (in the
// address), and what can be taken away. Figures come as scripts beside the page, because the site opens from disk.
(function () {
  "use strict";
  var waiting = {}, held = {};

  CSW.add = function (id, packed) {
    window.unpack(packed).then(function (figures) {
      var asked = waiting[id] || [];
      held[id] = figures;
      delete waiting[id];
      asked.forEach(function (f) { f(); });
    }, function () { CSW.say("This browser cannot unpack the figures; one of the last three years can."); });
  };

  // The figures of some measures, once all are here.
  CSW.load = function (ids, done) {
    var missing = ids.filter(function (id) { return !held[id]; });
    if (!missing.length) return done(ids.map(function (id) { return held[id]; }));
    var id = missing[0], asked = waiting[id];
    waiting[id] = (asked || []).concat(function () { CSW.load(ids, done); });
    if (asked) return;
    var script = document.createElement("script");
    script.src = "figures/" + id + ".js";
    script.onerror = function () {
      delete waiting[id];
      CSW.say("The figures of this measure could not be read: " + script.src + " is missing.");
    };
    document.head.appendChild(script);
  };

  CSW.say = function (text) { document.getElementById("said").textContent = text; };

  CSW.number = window.number;

  // The year of a day or year as an axis names it (analysis/report/words.py): 2024 of 30 September 2024.
  CSW.axisYear = function (id, year) {
    var found = /\d{4}(?:[\/-]\d{2})?$/.exec(CSW.measures[id].periods[year] || "");
    return found ? found[0] : String(year);
  };

  CSW.isRanked = function (id) { return ["per_10k", "pct", "ratio", "score"].indexOf(CSW.measures[id].unit) >= 0; };

  // The colour of a quarter: two-ended only where the measure has a better end.
  CSW.quartileClass = function (id, quartile) { return (CSW.measures[id].better === "neither" ? "h" : "q") + quartile; };

  // What a quartile is called: best and worst only where the measure has a better end.
  CSW.quartileWords = function (id) {
    var ends = CSW.measures[id].better === "neither" ? ["highest", "lowest"] : ["best", "worst"];
    return { 1: ends[0] + " quarter", 2: "second quarter", 3: "third quarter", 4: ends[1] + " quarter" };
  };

  // One authority in one year of a measure.
  CSW.cell = function (figures, code, year) {
    var i = figures.years.indexOf(year), la = figures.la[code];
    if (i < 0 || !la || la.s[i] === "-") return null;
    return {
      code: code, name: CSW.authorities[code].name, year: year, value: la.v[i], status: la.s[i], rank: la.r[i],
      quartile: la.q[i] === "-" ? null : +la.q[i], among: la.k[i] === "-" ? null : +la.k[i], neighbours: la.n[i],
      joint: (la.joint_return || []).indexOf(year) >= 0, secondary: (la.secondary || []).indexOf(year) >= 0
    };
  };
  CSW.written = function (cell, unit) {
    if (!cell) return "–";
    return cell.value === null ? CSW.short[cell.status] || "–" : CSW.number(cell.value, unit);
  };

  // What is chosen, in the part of the address after #, so that it can be sent.
  CSW.state = {
    read: function () {
      var found = {};
      location.hash.slice(1).split("&").forEach(function (part) {
        var at = part.indexOf("=");
        if (at > 0) { try { found[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch (e) { /* not ours */ } }
      });
      return found;
    },
    write: function (state) {
      var text = Object.keys(state).filter(function (k) { return state[k] !== "" && state[k] !== null; })
        .map(function (k) { return k + "=" + encodeURIComponent(state[k]).replace(/%2C/g, ","); }).join("&");
      if ("#" + text !== location.hash) history.replaceState(null, "", "#" + text);
    }
  };

  CSW.element = function (name, attributes, text, parent) {
    var e = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (k) { e.setAttribute(k, attributes[k]); });
    if (text !== undefined && text !== null) e.textContent = text;
    if (parent) parent.appendChild(e);
    return e;
  };

  // A choice of every measure, by group.
  CSW.chooseMeasure = function (select, chosen, none) {
    select.textContent = "";
    if (none) CSW.element("option", { value: "" }, none, select);
    CSW.groups.forEach(function (group) {
      var ids = Object.keys(CSW.measures).filter(function (id) { return CSW.measures[id].group === group; });
      if (!ids.length) return;
      var part = CSW.element("optgroup", { label: group }, null, select);
      ids.sort(function (a, b) { return CSW.measures[a].label < CSW.measures[b].label ? -1 : 1; })
        .forEach(function (id) { CSW.element("option", { value: id }, CSW.measures[id].label, part); });
    });
    select.value = chosen;
  };
  CSW.chooseYear = function (select, figures, id, chosen) {
    select.textContent = "";
    figures.years.slice().reverse().forEach(function (y) {
      CSW.element("option", { value: y }, CSW.measures[id].periods[y] || String(y), select);
    });
    var year = figures.years.indexOf(+chosen) >= 0 ? +chosen : CSW.measures[id].newest;
    select.value = year;
    return year;
  };

  // One picture with one description: what the library says of its parts would be read out on top of it.
  CSW.describe = function (plot, words) {
    plot.querySelectorAll("[aria-label],[aria-description]").forEach(function (e) { e.removeAttribute("aria-label"); e.removeAttribute("aria-description"); });
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", words);
  };

  // Colours as the style sheet has them now: light, dark, or on paper.
  CSW.colour = function (name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); };

  // A table; a cell is text, or an element, or a number with what it is sorted by.
  CSW.table = function (place, head, rows) {
    place.textContent = "";
    var table = CSW.element("table", { "class": "sortable" }, null, place);
    var line = CSW.element("tr", {}, null, CSW.element("thead", {}, null, table));
    head.forEach(function (h) { CSW.element("th", { scope: "col" }, h, line); });
    var body = CSW.element("tbody", {}, null, table);
    rows.forEach(function (row) {
      var tr = CSW.element("tr", {}, null, body);
      row.forEach(function (c, i) {
        var td = CSW.element(i ? "td" : "th", i ? {} : { scope: "row" }, null, tr);
        if (c instanceof Node) td.appendChild(c); else td.textContent = c;
      });
    });
    if (window.sortable) window.sortable(table);
    return table;
  };

  function take(name, blob) {
    var link = CSW.element("a", { download: name, href: URL.createObjectURL(blob) }, null, document.body);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }
  // Rows as CSV (RFC 4180), with a byte order mark so that Excel reads it as UTF-8.
  CSW.csv = function (rows) {
    return "\ufeff" + rows.map(function (row) {
      return row.map(function (c) {
        var text = c === null || c === undefined ? "" : String(c);
        return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
      }).join(",");
    }).join("\r\n") + "\r\n";
  };
  CSW.takeCsv = function (name, rows) { take(name + ".csv", new Blob([CSW.csv(rows)], { type: "text/csv;charset=utf-8" })); };

  // The charts of a figure as one picture, under its title, twice as large as on the screen.
  CSW.takePng = function (figure, name, done) {
    var parts = Array.prototype.filter.call(figure.querySelectorAll("svg"), function (s) { return !s.closest("button,.legend,.chips"); });
    var title = figure.querySelector("figcaption").textContent, note = figure.dataset.source || "";
    var width = Math.max.apply(null, parts.map(function (s) { return s.clientWidth; })) + 32;
    var height = 92 + parts.reduce(function (sum, s) { return sum + s.clientHeight + 8; }, 0);
    var canvas = document.createElement("canvas"), scale = 2;
    canvas.width = width * scale;
    canvas.height = height * scale;
    var pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.fillStyle = CSW.colour("paper");
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = CSW.colour("ink");
    pen.font = "600 16px system-ui, sans-serif";
    pen.fillText(title, 16, 28, width - 32);
    pen.font = "12px system-ui, sans-serif";
    var key = figure.dataset.key || "";
    pen.fillText(key, 16, 50, width - 32);
    pen.fillStyle = CSW.colour("soft");
    pen.fillText(note, 16, height - 14, width - 32);
    var at = 62;
    (function draw(rest) {
      if (!rest.length) return canvas.toBlob(function (blob) { take(name + ".png", blob); if (done) done(blob); });
      var svg = rest[0].cloneNode(true);
      svg.setAttribute("width", rest[0].clientWidth);
      svg.setAttribute("height", rest[0].clientHeight);
      svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      svg.style.color = CSW.colour("ink");
      var image = new Image();
      image.onload = function () { pen.drawImage(image, 16, at); at += rest[0].clientHeight + 8; draw(rest.slice(1)); };
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
    })(parts);
  };
  CSW.source = function (id) {
    var said = "Source: " + CSW.measures[id].label + ", children's services warehouse, from published returns (Open Government Licence v3.0).";
    return CSW.synthetic ? "INVENTED FIGURES of the bundled sample. " + said : said;
  };
})();
