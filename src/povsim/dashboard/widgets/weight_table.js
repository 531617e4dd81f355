// The weight table: what is dragged or typed shows at once, the others as foretold, until the kernel answers.
import { afterFrame, h, setAttr, setText, show } from "./dom.js";
import { number } from "./formats.js";
import { sender } from "./sending.js";
import { foretold, groupsOf, outdated, scaleFor, sumOf } from "./weight_model.js";
import { weightRow } from "./weight_row.js";

const MODES = ["points", "ratings"];
/** Milliseconds in which an answer comes that is not held up: the row that moved and the ranking are drawn first. */
const REST = 40;

function frame(stage, act) {
  const title = h("h3", { class: "ps-table-title" });
  const search = h("input", { type: "search", class: "ps-input ps-search", autocomplete: "off", on: { input: act.search } });
  const modes = MODES.map((mode) => h("button", { type: "button", class: "ps-segment", role: "radio", "data-mode": mode, on: { click: () => act.mode(mode) } }));
  const mode = h("div", { class: "ps-segments", role: "radiogroup" }, ...modes);
  const head = h("div", { class: "ps-table-head" }, title, h("div", { class: "ps-tools" }, mode, search));
  const labels = ["indicator", "points", "printed"].map((name) => h("span", { class: `ps-weight-head-${name}`, "data-text": name }));
  const heads = h("div", { class: "ps-weight-heads", "aria-hidden": "true" }, labels[0], h("span", { class: "ps-weight-head-band" }), labels[1], labels[2]);
  const list = h("div", { class: "ps-weight-list", role: "table" });
  const total = h("span", { class: "ps-weight-total-value", "aria-live": "polite" });
  const totalName = h("span");
  const foot = h("div", { class: "ps-weight-foot" }, totalName, total);
  const node = h("section", { class: "ps-weights" }, head, heads, list, foot);
  return { node, title, search, mode, modes, heads, labels, list, foot, total, totalName };
}

export function weightTable({ model, el, stage, signal }) {
  const parts = frame(stage, {
    search: () => filter(),
    mode: (mode) => {
      setMode(mode);
      model.send({ kind: "mode", mode });
    },
  });
  const out = sender(model, { start: model.get("values").n ?? 0 });
  const now = { rows: [], groups: [], points: [], locked: [], rating: [], lo: [], hi: [], scale: 100, base: null, edited: null };
  const answered = afterFrame(() => paint());
  stage.weights.busy = () => !out.quiet;
  let resting = 0;
  el.append(parts.node);

  function change(place, told, drag = false) {
    const code = model.get("rows")[place].code;
    out.send(`${code} ${Object.keys(told)[0]}`, { kind: "edit", code, ...told, drag });
  }

  function actions(place) {
    return {
      points(value, drag) {
        // from where the drag began: dragged to the end and back, the others come back as they were
        now.base = now.base ?? now.points;
        const printed = model.get("rows").map((row) => row.printed);
        now.points = foretold(now.base, now.locked, place, value, model.get("total"), printed);
        if (!drag) now.base = null;
        change(place, { points: value }, drag);
        follow(place);
      },
      lock(on) {
        now.locked[place] = on;
        change(place, { locked: on });
        paint();
      },
      rate(value) {
        now.rating[place] = value;
        change(place, { rating: value });
        paint();
      },
    };
  }

  function build() {
    const rows = model.get("rows");
    now.rows = rows.map((row, place) => weightRow(stage, row, actions(place)));
    now.groups = groupsOf(rows).map((group) => {
      const sum = h("span", { class: "ps-weight-sum" });
      const head = h("div", { class: "ps-weight-group", role: "row" }, h("span", { class: "ps-weight-group-name", text: group.name, title: group.name }), sum);
      return { ...group, head, sum };
    });
    const nodes = now.groups.flatMap((group) => [...(group.name ? [group.head] : []), ...group.places.map((place) => now.rows[place].node)]);
    parts.list.replaceChildren(...nodes);
    Object.assign(now, { scale: 0, edited: null });
    filter();
  }

  function rescale() {
    const printed = model.get("rows").map((row) => row.printed);
    const wanted = scaleFor(now.points, printed, model.get("total"));
    const most = Math.max(...now.points, 0);
    // sliders that stretched while one is moved would run away under the hand
    if (now.scale === 0 || most > now.scale) now.scale = wanted;
  }

  function paintRow(at) {
    now.rows[at].update({ points: now.points[at] ?? 0, locked: now.locked[at] ?? false, rating: now.rating[at] ?? null, lo: now.lo[at] ?? null, hi: now.hi[at] ?? null, scale: now.scale });
  }

  /** Draw after an edit: its row and the ranking at once, the other rows with the answer, or soon if that does not come. */
  function follow(place) {
    now.edited = place;
    paintRow(place);
    stage.weights.moved(now.points);
    resting ||= setTimeout(paint, REST);
  }

  function paint() {
    rest();
    if (!now.rows.some((row) => row.dragging)) rescale();
    now.rows.forEach((_, at) => paintRow(at));
    for (const group of now.groups) setText(group.sum, number(sumOf(now.points, group.places), { digits: 1, lang: stage.lang }));
    setText(parts.total, number(sumOf(now.points, now.points.map((_, at) => at)), { digits: 1, lang: stage.lang }));
  }

  function rest() {
    clearTimeout(resting);
    resting = 0;
  }

  function hear() {
    rest();
    take();
    if (now.edited !== null) paintRow(now.edited);
    answered();
  }

  function take() {
    const told = model.get("values");
    if (!told.points || told.points.length !== now.rows.length) return;
    if (outdated(told.n, out.last) && !out.quiet) {
      // points on the page are ahead of this answer; what they mean for the bands is not known better
      Object.assign(now, { lo: told.lo, hi: told.hi });
    } else {
      for (const field of ["points", "locked", "rating", "lo", "hi"]) now[field] = [...told[field]];
    }
  }

  function setMode(mode) {
    parts.node.dataset.mode = mode;
    for (const button of parts.modes) {
      setAttr(button, "aria-checked", button.dataset.mode === mode);
      setText(button, stage.say(`weight.mode.${button.dataset.mode}`));
    }
    setText(parts.labels[1], stage.say("weight.points"));
  }

  function filter() {
    const word = parts.search.value.trim().toLowerCase();
    const seen = now.rows.map((row) => row.matches(word));
    now.rows.forEach((row, at) => show(row.node, seen[at]));
    for (const group of now.groups) show(group.head, group.places.some((place) => seen[place]));
  }

  function texts() {
    setText(parts.title, model.get("title"));
    show(parts.title, model.get("title") !== "");
    parts.node.classList.toggle("ps-fill", model.get("height") === 0);
    parts.node.style.setProperty("--list-height", model.get("height") ? `${model.get("height")}px` : "");
    for (const label of parts.labels) setText(label, stage.say(`weight.${label.dataset.text}`));
    setText(parts.heads.children[1], stage.say("weight.band.legend"));
    setText(parts.totalName, stage.say("weight.total"));
    setAttr(parts.search, "placeholder", stage.say("weight.search"));
    setAttr(parts.search, "aria-label", stage.say("weight.search"));
    setAttr(parts.mode, "aria-label", stage.say("weight.mode"));
    setAttr(parts.list, "aria-label", model.get("title") || stage.say("weight.points"));
    setMode(model.get("mode"));
  }

  function whole() {
    texts();
    build();
    take();
    paint();
  }

  model.on("msg:custom", (message) => {
    if (message.kind !== "ack" || message.n !== out.last || !out.quiet) return;
    // the kernel may have refused: what it last said is true
    take();
    paint();
    for (const row of now.rows) row.settle();
    stage.weights.rested();
  });
  model.on("change:rows", whole);
  model.on("change:values change:total", hear);
  model.on("change:mode", () => setMode(model.get("mode")));
  model.on("change:title", texts);
  stage.onLook(whole, signal);
  whole();
}
