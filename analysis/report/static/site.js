// Search, sortable tables, and where a figure comes from. Everything is read from files beside the page.
(function () {
  "use strict";
  var up = document.body.dataset.up;
  var box = document.getElementById("q"), hits = document.getElementById("hits");

  function plain(text) { return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, ""); }
  function element(name, text, parent) {
    var e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (parent) parent.appendChild(e);
    return e;
  }

  // A short word is the beginning of one ("n yorks"); a longer one may stand anywhere in a publisher's column.
  function has(text, word) {
    return word.length > 3 ? text.indexOf(word) >= 0 : (" " + text.replace(/[^a-z0-9]+/g, " ")).indexOf(" " + word) >= 0;
  }
  // A figure as the rest of the site writes it (analysis/report/words.py).
  window.number = function (value, unit) {
    if (value === null || value === undefined || !isFinite(value)) return "–";
    // As Python rounds: by the exact value, and a true half to the even digit.
    function fixed(v, digits) {
      var scale = Math.pow(10, digits), up = Math.abs(v) * scale;
      if (Number.isInteger(v * Math.pow(2, digits + 1)) && up % 1 === 0.5) v = (v < 0 ? -2 : 2) * Math.round(up / 2) / scale;
      var text = v.toFixed(digits), minus = text[0] === "-" && parseFloat(text) !== 0 ? "\u2212" : "";
      return minus + text.replace("-", "").replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
    }
    if (unit === "gbp") {
      var size = Math.abs(value), sign = value < 0 ? "\u2212" : "";
      if (size >= 1e9) return sign + "£" + fixed(size / 1e9, 1) + "bn";
      if (size >= 1e5) return sign + "£" + fixed(size / 1e6, 1) + "m";
      return sign + "£" + fixed(size, 0);
    }
    return fixed(value, unit === "count" || unit === "fte" ? 0 : 1) + (unit === "pct" ? "%" : "");
  };

  function search() {
    var asked = plain(box.value.trim()), words = asked.split(/[\s.]+/).filter(Boolean);
    hits.textContent = "";
    hits.hidden = words.length === 0;
    if (hits.hidden) return;
    var found = [];
    (window.SEARCH || []).forEach(function (entry) {
      var name = plain(entry[0]), others = plain(entry[3] || "");
      if (!words.every(function (w) { return has(name + " " + others, w); })) return;
      var exact = others.split("; ").indexOf(asked) >= 0;
      found.push([exact || name.indexOf(asked) === 0 ? 0 : words.every(function (w) { return has(name, w); }) ? 1 : 2, name, entry]);
    });
    found.sort(function (a, b) { return a[0] - b[0] || (a[1] < b[1] ? -1 : 1); });
    found.slice(0, 12).forEach(function (f) {
      var entry = f[2], link = element("a", entry[0], element("li", undefined, hits));
      link.href = up + entry[2];
      var where = entry[1];
      if (f[0] === 2 && entry[3]) {
        var part = entry[3].split("; ").find(function (p) { return words.some(function (w) { return plain(p).indexOf(w) >= 0; }); });
        if (part) where += " \u00b7 " + part;
      }
      element("small", where, link);
    });
    if (!found.length) element("li", "Nothing is called that.", hits);
  }
  if (box) {
    box.addEventListener("input", search);
    box.addEventListener("keydown", function (e) {
      if (e.key === "Enter") { var first = hits.querySelector("a"); if (first) location.href = first.href; }
      if (e.key === "Escape") { hits.hidden = true; }
      if (e.key === "ArrowDown") { var a = hits.querySelector("a"); if (a) { a.focus(); e.preventDefault(); } }
    });
    document.addEventListener("click", function (e) { if (!e.target.closest(".search")) hits.hidden = true; });
  }

  window.sortable = function (table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, i) {
      head.tabIndex = 0;
      function sort() {
        var up = head.getAttribute("aria-sort") !== "ascending", body = table.tBodies[0];
        Array.prototype.forEach.call(table.tHead.rows[0].cells, function (c) { c.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        Array.prototype.slice.call(body.rows).map(function (row, n) {
          var text = row.cells[i].textContent, value = parseFloat(text.replace(/[,\u00a3%]/g, "").replace("\u2212", "-"));
          return [isNaN(value) ? text : value, n, row];
        }).sort(function (a, b) {
          var order = typeof a[0] === typeof b[0] ? (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) : typeof a[0] === "number" ? -1 : 1;
          return (up ? order : -order) || a[1] - b[1];
        }).forEach(function (x) { body.appendChild(x[2]); });
      }
      head.addEventListener("click", sort);
      head.addEventListener("keydown", function (e) { if (e.key === "Enter") sort(); });
    });
  };
  document.querySelectorAll("table.sortable").forEach(window.sortable);

  // "All years" of a measure, made when it is opened: rows by ";", cells by "|" (analysis/report/authority.py).
  document.querySelectorAll("details[data-rows]").forEach(function (part) {
    part.addEventListener("toggle", function () {
      if (part.querySelector("table")) return;
      var rows = part.dataset.rows.split(";").map(function (r) { return r.split("|"); });
      var head = ["year", document.querySelector("h1").textContent, "quarter", "similar authorities", "region", "England", "note"];
      var used = head.map(function (_, i) { return rows.some(function (r) { return r[i]; }); });
      var scroll = element("div", undefined, part), table = element("table", undefined, scroll);
      scroll.className = "scroll";
      var line = element("tr", undefined, element("thead", undefined, table)), body = element("tbody", undefined, table);
      head.forEach(function (h, i) { if (used[i]) element("th", h, line).scope = "col"; });
      rows.forEach(function (r) {
        var tr = element("tr", undefined, body);
        r.forEach(function (c, i) {
          if (!used[i]) return;
          if (i === 0) { element("th", c, tr).scope = "row"; return; }
          var td = element("td", i === 1 ? undefined : c, tr);
          if (i === 1) { var button = element("button", c, td); button.type = "button"; button.className = "t"; }
        });
      });
      reachable();
    });
  });

  // Everything on a page at once. Paper has what is open.
  var all = document.getElementById("unfold");
  if (all) all.addEventListener("click", function () {
    document.querySelectorAll("main details:not([open])").forEach(function (d) { d.open = true; });
  });

  // What scrolls sideways can be reached by keyboard; what does not is no stop on the way.
  function reachable() {
    document.querySelectorAll(".scroll,.plot").forEach(function (e) {
      if (e.scrollWidth > e.clientWidth + 1) {
        e.tabIndex = 0;
        e.setAttribute("role", "group");
        var title = e.closest("figure,article,section,details,main").querySelector("figcaption,h4,h2,summary,h1");
        e.setAttribute("aria-label", (title ? title.textContent : "Table") + ", scrolls sideways");
      } else if (e.hasAttribute("tabindex")) ["tabindex", "role", "aria-label"].forEach(function (a) { e.removeAttribute(a); });
    });
  }
  window.reachable = reachable;
  reachable();
  window.addEventListener("resize", reachable);
  document.addEventListener("toggle", reachable, true);

  var dialog = document.getElementById("trace"), place = document.getElementById("traced");
  // The entries of a measure and year in columns of equal length, as rows.
  function entries(columns, measure, year) {
    var out = [];
    (columns.m || []).forEach(function (m, i) { if (m === measure && columns.y[i] === year) out.push(i); });
    return out;
  }
  function origin(measure, year, level) {
    var all = window.TRACE, number = all.measures.findIndex(function (m) { return m[0] === measure; }), about = all.measures[number];
    var said = all.said, cells = all.cells, editions = entries(said, number, +year);
    element(level, about[1] + ", " + year, place);
    if (!editions.length) {
      var sides = level === "h2" ? all.sides[measure] : null;
      element("p", sides ? "No edition prints this figure; it is computed from these." : "No edition held prints this figure.", place);
      (sides || []).forEach(function (side) { origin(side, year, "h3"); });
      return;
    }
    element("h4", "What each edition says", place);
    var list = element("ul", undefined, place);
    editions.forEach(function (i) {
      var edition = all.editions[said.e[i]], used = said.a[i], item = element("li", undefined, list);
      var text = (said.v[i] === null ? all.statuses[said.s[i]] || said.s[i] : window.number(said.v[i], about[2])) +
        (said.c[i] ? " \u00b7 computed from its counts" : "") + (said.x[i] ? " \u00b7 left out: " + said.x[i] : "");
      element(used ? "strong" : "span", edition[0] + " " + edition[1] + ": " + text + (used ? " \u2190 in use" : ""), item);
      element("small", " " + edition[2] + ", published " + edition[3] + (edition[4] === "usual" ? " (usual month)" : ""), item);
    });
    // A rate is shown over one population for all years: what the editions printed may be over another.
    if (level === "h2" && about[2] === "per_10k" && all.sides[measure]) {
      element("p", "The figure on the page is the count below over the newest population of that year, so that years can be compared; editions may have divided by another.", place);
      all.sides[measure].forEach(function (side) { origin(side, year, "h3"); });
      element(level, about[1] + ", " + year + ", as printed", place);
    }
    element("h4", "The published cells", place);
    entries(cells, number, +year).forEach(function (i) {
      var file = all.files[cells.f[i]], part = element("p", undefined, place);
      element("strong", file[0] + " " + file[1], part);
      element("span", " \u00b7 " + file[3] + " \u00b7 row " + cells.r[i] + " \u00b7 column ", part);
      element("code", all.columns[cells.c[i]], part);
      element("span", (cells.w[i] ? " \u00b7 " + all.filters[cells.w[i] - 1] : "") + " \u00b7 printed ", part);
      element("code", cells.t[i], part);
      element("span", " (" + cells.s[i] + "), read as " + cells.p[i] + (cells.u[i] !== 1 ? " \u00d7 " + cells.u[i] : ""), part);
      element("br", undefined, part);
      element("small", "sha256 " + file[4], part);
      element("br", undefined, part);
      if (/^https?:/.test(file[5])) { var a = element("a", file[5], part); a.href = file[5]; } else element("small", file[5], part);
    });
  }
  // What a page loads when it is asked for comes compressed (analysis/report/packed.py).
  window.unpack = function (text) {
    var bytes = Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  };
  function open() { if (dialog.showModal) dialog.showModal(); else dialog.setAttribute("open", ""); }
  function fail(text) { place.textContent = ""; element("p", text, place); open(); }
  function show(code, measure, year) {
    if (!window.TRACE_SHARED) {
      var shared = document.createElement("script");
      shared.src = up + "trace/shared.js";
      shared.onload = function () { show(code, measure, year); };
      shared.onerror = function () { fail("The origins of figures are missing beside this page."); };
      document.head.appendChild(shared);
      return;
    }
    if (!window.TRACE || window.TRACE.code !== code) {
      var script = document.createElement("script");
      script.src = up + "trace/" + code + ".js";
      script.onload = function () { window.unpack(window.PACKED).then(function (all) { window.TRACE = Object.assign({}, window.TRACE_SHARED, { code: all.code, said: all.editions, cells: all.cells }); show(code, measure, year); }, function () { fail("This browser cannot unpack the origins of figures; one of the last three years can."); }); };
      script.onerror = function () { fail("The origins of this authority's figures are missing beside this page."); };
      document.head.appendChild(script);
      return;
    }
    place.textContent = "";
    origin(measure, year, "h2");
    element("p", "The same on the command line: csw trace --la " + code + " --measure " + measure + " --year " + year, place).className = "note";
    open();
  }
  document.addEventListener("click", function (e) {
    var button = e.target.closest("button.t");
    if (button) {
      var row = button.closest("tr"), year = button.closest("[data-y]");
      show(window.TRACE_OF, button.closest("[data-m]").dataset.m, row ? row.cells[0].textContent : year.dataset.y);
    }
    if (e.target.id === "follow") { var asked = e.target.form.elements; show(asked.la.value, asked.m.value, asked.y.value); }
  });
})();
