// The live ranking: rows are kept by unit and moved; only what differs is written, and only rows in sight exist.
import { h, newId, setAttr, setText, show } from "./dom.js";
import { number } from "./formats.js";
import { bringIntoSight, inSight } from "./grid_rows.js";
import { ranksOf, sumsOf, totalsUnder } from "./weight_model.js";

const FEW = 200;
const ROW = 34;
const SEARCHABLE = 20;
/** Milliseconds between changes below which rows jump to their places: one that glides would still be on its way. */
const QUICK = 400;

function line() {
  const make = (name) => h("span", { class: `ps-rank-${name}` });
  const cells = { rank: make("place"), move: make("move"), name: make("name"), total: make("total"), reach: make("reach") };
  const bar = h("span", { class: "ps-rank-fill" });
  const band = h("span", { class: "ps-rank-band" });
  const veto = h("span", { class: "ps-rank-veto" });
  const label = h("span", { class: "ps-rank-label" }, cells.name, veto);
  const node = h("div", { class: "ps-rank-row", role: "option" }, cells.rank, cells.move, label, h("span", { class: "ps-rank-bar" }, bar, band), cells.total, cells.reach);
  return { node, cells, bar, band, veto, seen: {} };
}

const FIELDS = ["rank", "move", "total", "low", "high", "best", "worst"];

/** Columns out of the bytes that the kernel sends; what is missing is null. */
export function columnsOf(view, count) {
  const flat = new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const columns = {};
  FIELDS.forEach((field, place) => {
    columns[field] = Array.from(flat.subarray(place * count, (place + 1) * count), (one) => (Number.isNaN(one) ? null : one));
  });
  return columns;
}

export function ranking({ model, el, stage, signal }) {
  const live = new Map();
  const pool = [];
  const view = { order: [], data: {}, high: ROW, word: "", top: 0, room: 600, changed: -Infinity };
  const title = h("h3", { class: "ps-table-title" });
  const search = h("input", { type: "search", class: "ps-input ps-search", autocomplete: "off" });
  const heads = ["rank", "move", "unit", "total", "reach"].map((name) => h("span", { class: `ps-rank-head-${name}`, "data-text": name }));
  const layer = h("div", { class: "ps-rank-layer" });
  const edge = h("div", { class: "ps-rank-edge", "aria-hidden": "true" });
  const id = newId("rank");
  const scroller = h("div", { class: "ps-rank-scroller", role: "listbox", tabindex: 0 }, layer);
  const node = h("section", { class: "ps-ranking" }, h("div", { class: "ps-table-head" }, title, h("div", { class: "ps-tools" }, search)), h("div", { class: "ps-rank-heads", "aria-hidden": "true" }, ...heads), scroller);
  layer.append(edge);
  el.append(node);

  const pct = (value) => {
    const [low, high] = [model.get("lowest"), model.get("highest")];
    return Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
  };

  function moveText(move) {
    if (!move) return stage.say("rank.same");
    return stage.say(move > 0 ? "rank.up" : "rank.down", { n: Math.abs(move) });
  }

  /** Write a unit's row; every field is compared first, since most do not change. */
  function fill(row, unit, place) {
    const { seen, cells } = row;
    const { rank, move, total, low, high, names, lang } = view.data;
    const veto = view.data.vetoes[unit];
    const reach = view.data.reach[unit];
    if (seen.place !== place || seen.high !== view.high) shift(row, place);
    if (seen.rank !== rank[unit]) setText(cells.rank, rank[unit] === null ? "–" : String(rank[unit]));
    if (seen.name !== names[unit]) {
      setText(cells.name, names[unit]);
      cells.name.title = names[unit];
    }
    if (seen.move !== move[unit] || seen.lang !== lang) {
      setText(cells.move, move[unit] ? `${move[unit] > 0 ? "▲" : "▼"} ${Math.abs(move[unit])}` : "");
      cells.move.dataset.way = Math.sign(move[unit] ?? 0);
    }
    if (seen.total !== total[unit]) {
      setText(cells.total, number(total[unit], { digits: 1, lang }));
      row.bar.style.transform = `scaleX(${pct(total[unit] ?? 0)})`;
    }
    if (seen.low !== low[unit] || seen.high_ !== high[unit]) drawBand(row, low[unit], high[unit]);
    if (seen.veto !== veto) drawVeto(row, veto);
    if (seen.reach !== reach) setText(cells.reach, reach);
    const spoken = `${rank[unit]} ${names[unit]} ${total[unit]} ${move[unit]} ${lang}`;
    if (seen.spoken !== spoken) setAttr(row.node, "aria-label", stage.say("rank.row", { rank: rank[unit], name: names[unit], total: number(total[unit], { digits: 1, lang }), move: moveText(move[unit]) }));
    row.seen = { place, high: view.high, rank: rank[unit], name: names[unit], move: move[unit], total: total[unit], low: low[unit], high_: high[unit], veto, reach, lang, spoken };
  }

  function shift(row, place) {
    row.node.style.transform = `translateY(${place * view.high}px)`;
    row.node.dataset.place = place;
  }

  function drawBand(row, low, high) {
    const known = low !== null && high !== null && low !== undefined;
    row.band.hidden = !known;
    if (!known) return;
    row.band.style.left = `${100 * pct(low)}%`;
    row.band.style.width = `${Math.max(0.4, 100 * (pct(high) - pct(low)))}%`;
  }

  function drawVeto(row, veto) {
    const text = veto === true ? stage.say("rank.veto") : veto ? String(veto) : "";
    setText(row.veto, text);
    row.veto.title = text;
    row.veto.hidden = text === "";
    row.node.classList.toggle("ps-vetoed", text !== "");
  }

  function paint() {
    const units = model.get("units");
    const [first, last] = inSight(view.top, view.room, view.high, view.order.length, FEW);
    const wanted = new Set();
    for (let place = first; place < last; place += 1) wanted.add(units[view.order[place]]);
    for (const [key, row] of live) {
      if (wanted.has(key)) continue;
      row.node.style.display = "none";
      live.delete(key);
      pool.push(row);
    }
    for (let place = first; place < last; place += 1) draw(units, place);
  }

  function draw(units, place) {
    const unit = view.order[place];
    const key = units[unit];
    let row = live.get(key);
    const fresh = !row;
    if (fresh) {
      row = pool.pop() ?? line();
      live.set(key, row);
    }
    fill(row, unit, place);
    if (!fresh) return;
    row.node.id = `${id}-${unit}`;
    setAttr(row.node, "aria-selected", key === model.get("mark"));
    row.node.style.display = "";
    if (!row.node.parentNode) layer.append(row.node);
  }

  function arrange() {
    const { rank, names } = view.data;
    const word = view.word;
    const order = names.map((_, unit) => unit).filter((unit) => !word || names[unit].toLowerCase().includes(word));
    view.order = order.sort((a, b) => (rank[a] ?? 1e9) - (rank[b] ?? 1e9) || a - b);
    layer.style.height = `${view.order.length * view.high}px`;
    const top = model.get("top");
    show(edge, top > 0 && top < names.length && !word);
    edge.style.transform = `translateY(${top * view.high}px)`;
    paint();
  }

  function take() {
    const names = model.get("names");
    const columns = columnsOf(model.get("numbers"), names.length);
    const texts = model.get("reaches");
    const reach = names.map((_, unit) => texts[unit] || (columns.best[unit] === null ? "" : `${columns.best[unit]}–${columns.worst[unit]}`));
    view.data = view.truth = { ...columns, reach, vetoes: model.get("vetoes"), names, lang: stage.lang };
    node.classList.toggle("ps-no-reach", !reach.some(Boolean));
    if (!view.foretold) glide();
    hold(false);
    arrange();
  }

  /** Let rows glide to their places, unless changes follow each other too fast for that. */
  function glide() {
    const changed = performance.now();
    node.classList.toggle("ps-quick", changed - view.changed < QUICK);
    view.changed = changed;
  }

  /** Show where points that were just set lead, before the kernel says so; bands move along with their totals till then. */
  function foretell(points) {
    const { sums, truth } = view;
    if (!sums || sums.items !== points.length || sums.fixed.length !== truth.names.length) return;
    const total = totalsUnder(sums, points);
    const rank = ranksOf(total, truth.rank.map((one) => one !== null));
    const along = (ends) => ends.map((end, unit) => (end === null ? null : end + total[unit] - truth.total[unit]));
    const move = rank.map((one, unit) => (one === null ? truth.move[unit] : truth.rank[unit] + truth.move[unit] - one));
    view.data = { ...truth, total, rank, move, low: along(truth.low), high: along(truth.high) };
    glide();
    hold(true);
    arrange();
  }

  function hold(foretold) {
    view.foretold = foretold;
    setAttr(scroller, "aria-busy", foretold);
  }

  function learn() {
    view.sums = sumsOf(model.get("sums_told"), model.get("sums"));
  }

  function texts() {
    view.high = Math.round(ROW * stage.enlarged);
    node.style.setProperty("--rank-row", `${view.high}px`);
    node.classList.toggle("ps-fill", model.get("height") === 0);
    node.style.setProperty("--list-height", model.get("height") ? `${model.get("height")}px` : "");
    setText(title, model.get("title"));
    show(title, model.get("title") !== "");
    for (const head of heads) setText(head, stage.say(`rank.${head.dataset.text}`));
    setAttr(search, "placeholder", stage.say("rank.find"));
    setAttr(search, "aria-label", stage.say("rank.find"));
    setAttr(scroller, "aria-label", model.get("title") || stage.say("rank.rank"));
    show(search, model.get("units").length > SEARCHABLE);
  }

  function mark() {
    const chosen = model.get("mark");
    for (const [key, row] of live) {
      setAttr(row.node, "aria-selected", key === chosen);
      if (key === chosen) setAttr(scroller, "aria-activedescendant", row.node.id);
    }
  }

  function choose(place) {
    const key = model.get("units")[view.order[place]];
    if (key === undefined) return;
    for (const [other, row] of live) setAttr(row.node, "aria-selected", other === key);
    model.send({ kind: "choose", key });
  }

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (!step) return;
    event.preventDefault();
    const units = model.get("units");
    const now = view.order.findIndex((unit) => units[unit] === (view.cursor ?? model.get("mark")));
    const next = Math.min(view.order.length - 1, Math.max(0, now < 0 ? 0 : now + step));
    view.cursor = units[view.order[next]];
    bringIntoSight(scroller, next, view.high);
    measure();
    choose(next);
  }

  layer.addEventListener("click", (event) => {
    const row = event.target.closest(".ps-rank-row");
    if (!row) return;
    view.cursor = undefined;
    choose(Number(row.dataset.place));
  });
  search.addEventListener("input", () => {
    view.word = search.value.trim().toLowerCase();
    scroller.scrollTop = view.top = 0;
    arrange();
  });
  // asked of the page in the middle of an update, they would make it lay everything out at once
  const measure = () => {
    Object.assign(view, { top: scroller.scrollTop, room: scroller.clientHeight });
    paint();
  };
  scroller.addEventListener("scroll", measure, { passive: true });
  scroller.addEventListener("keydown", keys);
  const whole = () => {
    texts();
    take();
  };
  let due = false;
  model.on("change:numbers change:names change:units change:top change:highest change:lowest change:vetoes change:reaches", () => {
    // what arrives in one message is drawn once
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      // an answer to points that have moved on since would throw the list back
      if (!(view.foretold && stage.weights.busy())) whole();
    });
  });
  model.on("change:sums change:sums_told", learn);
  stage.weights.moved = foretell;
  // an answer that changes nothing here, a refusal for one, sends no numbers: what was foretold goes all the same
  stage.weights.rested = () => view.foretold && whole();
  model.on("change:title change:height", texts);
  model.on("change:mark", mark);
  stage.onLook(() => {
    if (!view.foretold) return whole();
    texts();
    view.data.lang = stage.lang;
    arrange();
  }, signal);
  const sizes = new ResizeObserver(measure);
  sizes.observe(scroller);
  signal.addEventListener("abort", () => sizes.disconnect());
  learn();
  whole();
}
