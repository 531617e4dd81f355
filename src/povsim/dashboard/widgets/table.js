// A table that can be sorted, searched and chosen from; of a long one only the rows in sight exist.
import { fitted, ruler, spans } from "./column_widths.js";
import { h, newId, setAttr, setText, show } from "./dom.js";
import { cell } from "./formats.js";
import { bringIntoSight, inSight } from "./grid_rows.js";
import { savesFiles } from "./saving.js";

const FEW = 300;
const SEARCHABLE = 12;
const ROW = 36;
/** Rows of long lists are of one height: of one line, or of two where a column's texts need them. */
const TALL = 52;
const LEFT = new Set(["text", "flag"]);

/** Rows in the order asked for, those that match first found by their text. */
export function arranged(rows, written, { word, by, down }) {
  const sought = word.trim().toLowerCase();
  const kept = rows.map((_, place) => place).filter((place) => !sought || written[place].some((text) => text.toLowerCase().includes(sought)));
  if (by === null) return kept;
  const missing = (value) => value === null || value === undefined || value === "";
  const order = (a, b) => (typeof a === "string" ? a.localeCompare(b, "zh") : Number(a) - Number(b));
  return kept.sort((a, b) => {
    const [left, right] = [rows[a][by], rows[b][by]];
    if (missing(left) || missing(right)) return Number(missing(left)) - Number(missing(right)) || a - b;
    return (down ? -order(left, right) : order(left, right)) || a - b;
  });
}

function frame(stage, act) {
  const title = h("h3", { class: "ps-table-title" });
  const count = h("span", { class: "ps-table-count", "aria-live": "polite" });
  const search = h("input", { type: "search", class: "ps-input ps-search", autocomplete: "off", on: { input: act.search } });
  const sheet = stage.iconButton("sheet", "", act.sheet);
  const head = h("div", { class: "ps-table-head" }, title, count, h("div", { class: "ps-tools" }, search, sheet));
  const cols = h("colgroup");
  const heads = h("tr");
  const body = h("tbody");
  const grid = h("table", { class: "ps-grid" }, cols, h("thead", {}, heads), body);
  const scroller = h("div", { class: "ps-scroller", tabindex: 0, role: "region", on: { scroll: act.scroll, keydown: act.keys } }, grid);
  const empty = h("div", { class: "ps-empty" });
  const note = h("p", { class: "ps-table-note" });
  const node = h("section", { class: "ps-table" }, head, scroller, empty, note);
  return { node, title, count, search, sheet, cols, heads, body, grid, scroller, empty, note };
}

export function table({ model, el, stage, signal }) {
  const view = { word: "", by: null, down: false, order: [], written: [], spans: [], first: -1, last: -1, tall: false };
  const parts = frame(stage, {
    search: () => {
      view.word = parts.search.value;
      arrange();
    },
    sheet: () => model.send({ kind: "workbook" }),
    scroll: () => paint(),
    keys,
  });
  el.append(parts.node);
  const rowHeight = () => Math.round((view.tall ? TALL : ROW) * stage.enlarged);
  const key = (place) => model.get("keys_shown")[view.order[place]];

  function heads() {
    const columns = model.get("columns");
    parts.heads.replaceChildren(...columns.map((column, place) => headCell(column, place)));
    parts.cols.replaceChildren(...columns.map(() => h("col")));
    fit();
  }

  /** Give columns their widths; where even the least do not fit, the table scrolls sideways instead of cutting off. */
  function fit() {
    const size = parseFloat(getComputedStyle(parts.grid).fontSize);
    if (!size || parts.scroller.clientWidth === 0) return;
    const widths = fitted(view.spans, parts.scroller.clientWidth / size);
    widths.forEach((wide, place) => (parts.cols.children[place].style.width = `${wide}em`));
    const tall = model.get("rows").length > FEW && model.get("columns").some((column, place) => LEFT.has(column.kind) && view.spans[place][1] > 1.1 * widths[place]);
    if (tall !== view.tall) Object.assign(view, { tall, first: -1 });
    parts.node.classList.toggle("ps-tall", tall);
  }

  function headCell(column, place) {
    const unit = column.unit ? h("span", { class: "ps-unit", text: column.unit }) : null;
    const button = h("button", { type: "button", class: "ps-sort", on: { click: () => sort(place) } }, h("span", { text: column.label }), unit);
    stage.label(button, stage.say("table.sort", { label: column.label }));
    const sorted = view.by === place ? (view.down ? "descending" : "ascending") : null;
    return h("th", { scope: "col", "data-side": LEFT.has(column.kind) ? "left" : "right", "aria-sort": sorted }, button);
  }

  function sort(place) {
    const text = LEFT.has(model.get("columns")[place].kind);
    if (view.by !== place) Object.assign(view, { by: place, down: !text });
    else if (view.down === !text) view.down = text;
    else view.by = null;
    heads();
    arrange();
    parts.heads.children[place].firstChild.focus();
  }

  function arrange() {
    const rows = model.get("rows");
    view.order = arranged(rows, view.written, view);
    view.first = -1;
    const few = view.order.length === rows.length;
    setText(parts.count, stage.say(few ? "table.rows" : "table.found", { n: view.order.length, all: rows.length }));
    setText(parts.empty, stage.say(rows.length ? "table.none" : "table.empty"));
    show(parts.empty, view.order.length === 0);
    paint();
  }

  function paint() {
    const high = rowHeight();
    const { scroller, body } = parts;
    const [first, last] = inSight(scroller.scrollTop, scroller.clientHeight, high, view.order.length, FEW);
    if (first === view.first && last === view.last) return;
    Object.assign(view, { first, last });
    const all = [];
    if (first > 0) all.push(spacer(first * high));
    for (let place = first; place < last; place += 1) all.push(line(place));
    if (last < view.order.length) all.push(spacer((view.order.length - last) * high));
    body.replaceChildren(...all);
  }

  function spacer(high) {
    return h("tr", { class: "ps-spacer", "aria-hidden": "true", style: { height: `${high}px` } });
  }

  function line(place) {
    const columns = model.get("columns");
    const which = view.order[place];
    const cells = columns.map((column, at) => {
      const text = view.written[which][at];
      return h("td", { "data-side": LEFT.has(column.kind) ? "left" : "right", "data-kind": column.kind, title: column.kind === "text" ? text : null }, h("span", { text }));
    });
    const chosen = model.get("selectable") && key(place) === model.get("mark") && key(place) !== "";
    return h("tr", { id: `${id}-${which}`, "data-place": place, "aria-selected": model.get("selectable") ? chosen : null }, ...cells);
  }

  function choose(place) {
    if (!model.get("selectable") || place < 0 || place >= view.order.length) return;
    mark(key(place));
    model.send({ kind: "choose", key: key(place) });
  }

  function mark(chosen) {
    if (!model.get("selectable")) return;
    for (const node of parts.body.children) {
      if (node.dataset.place) setAttr(node, "aria-selected", key(Number(node.dataset.place)) === chosen && chosen !== "");
    }
  }

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !model.get("selectable") || event.target !== parts.scroller) return;
    event.preventDefault();
    const now = parts.body.querySelector('[aria-selected="true"]');
    const next = Math.min(view.order.length - 1, Math.max(0, now ? Number(now.dataset.place) + step : 0));
    bringIntoSight(parts.scroller, next, rowHeight(), rowHeight());
    paint();
    choose(next);
  }

  function write() {
    const words = { yes: stage.say("yes"), no: stage.say("no") };
    const forms = model.get("columns").map((column) => cell(column, stage.lang, words));
    view.written = model.get("rows").map((row) => row.map((value, place) => forms[place](value)));
    const head = ruler();
    view.spans = spans(model.get("columns"), view.written, { left: LEFT, digit: head("0") * 0.95, head });
    if (view.by !== null && view.by >= forms.length) view.by = null;
  }

  function draw() {
    write();
    setText(parts.title, model.get("title"));
    setText(parts.note, model.get("note"));
    show(parts.note, model.get("note") !== "");
    const many = model.get("rows").length > SEARCHABLE;
    show(parts.search, many);
    show(parts.count, many);
    if (!many && view.word) parts.search.value = view.word = "";
    setAttr(parts.search, "placeholder", stage.say("table.search"));
    setAttr(parts.search, "aria-label", `${stage.say("table.search")} ${model.get("title")}`);
    setAttr(parts.scroller, "aria-label", model.get("title"));
    stage.label(parts.sheet, stage.say("excel"));
    parts.node.classList.toggle("ps-selectable", model.get("selectable"));
    parts.node.classList.toggle("ps-long", model.get("rows").length > FEW);
    parts.node.style.setProperty("--table-height", `${model.get("height")}px`);
    heads();
    arrange();
  }

  const id = newId("row");
  parts.body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row?.dataset.place) choose(Number(row.dataset.place));
  });
  savesFiles(model);
  model.on("change:columns change:rows change:title change:note", perTurn(draw));
  model.on("change:mark", () => mark(model.get("mark")));
  stage.onLook(draw, signal);
  const sizes = new ResizeObserver(() => {
    fit();
    paint();
  });
  sizes.observe(parts.scroller);
  signal.addEventListener("abort", () => sizes.disconnect());
  draw();
}

/** Several traits that arrive together are one drawing. */
function perTurn(act) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      act();
    });
  };
}
