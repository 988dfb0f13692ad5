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

  function search() {
    var asked = plain(box.value.trim()), words = asked.split(/\s+/).filter(Boolean);
    hits.textContent = "";
    hits.hidden = words.length === 0;
    if (hits.hidden) return;
    var found = [];
    (window.SEARCH || []).forEach(function (entry) {
      var name = plain(entry[0]), all = name + " " + plain(entry[3] || "");
      if (!words.every(function (w) { return all.indexOf(w) >= 0; })) return;
      found.push([name.indexOf(asked) === 0 ? 0 : name.indexOf(asked) > 0 ? 1 : 2, name, entry]);
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

  var dialog = document.getElementById("trace"), place = document.getElementById("traced");
  function origin(measure, year, level) {
    var all = window.TRACE, about = all.figures[measure] && all.figures[measure][year];
    element(level, all.measures[measure] + ", " + year, place);
    if (!about) {
      var sides = level === "h2" ? all.sides[measure] : null;
      element("p", sides ? "No edition prints this figure; it is computed from these." : "No edition held prints this figure.", place);
      (sides || []).forEach(function (side) { origin(side, year, "h3"); });
      return;
    }
    element("h4", "What each edition says", place);
    var list = element("ul", undefined, place);
    about[0].forEach(function (e) {
      var edition = all.editions[e[0]], said = e[1] + (e[2] ? " \u00b7 computed from its counts" : "") + (e[4] ? " \u00b7 left out: " + e[4] : "");
      var item = element("li", undefined, list);
      element(e[3] ? "strong" : "span", edition[0] + " " + edition[1] + ": " + said + (e[3] ? " \u2190 stands" : ""), item);
      element("small", " " + edition[2] + ", published " + edition[3] + (edition[4] === "usual" ? " (usual month)" : ""), item);
    });
    element("h4", "The published cells", place);
    about[1].forEach(function (c) {
      var file = all.files[c[0]], part = element("p", undefined, place);
      element("strong", file[0] + " " + file[1], part);
      element("span", " \u00b7 " + file[3] + " \u00b7 row " + c[1] + " \u00b7 column ", part);
      element("code", all.columns[c[2]], part);
      element("span", (c[3] ? " \u00b7 " + all.filters[c[3] - 1] : "") + " \u00b7 printed ", part);
      element("code", c[4], part);
      element("span", " (" + c[5] + "), read as " + all.components[c[6]] + (c[7] !== 1 ? " \u00d7 " + c[7] : ""), part);
      element("br", undefined, part);
      element("small", "sha256 " + file[4], part);
      element("br", undefined, part);
      if (/^https?:/.test(file[5])) { var a = element("a", file[5], part); a.href = file[5]; } else element("small", file[5], part);
    });
  }
  function show(code, measure, year) {
    if (!window.TRACE || window.TRACE.code !== code) {
      var script = document.createElement("script");
      script.src = up + "trace/" + code + ".js";
      script.onload = function () { show(code, measure, year); };
      document.head.appendChild(script);
      return;
    }
    place.textContent = "";
    origin(measure, year, "h2");
    element("p", "The same on the command line: csw trace --la " + code + " --measure " + measure + " --year " + year, place).className = "note";
    if (dialog.showModal) dialog.showModal(); else dialog.setAttribute("open", "");
  }
  document.addEventListener("click", function (e) {
    var button = e.target.closest("button.t");
    if (button) show(window.TRACE_OF, button.dataset.m, button.dataset.y);
    if (e.target.id === "follow") { var asked = e.target.form.elements; show(asked.la.value, asked.m.value, asked.y.value); }
  });
})();
