// Labelled controls of one look: list, segments, ticks, slider with number, switch, button.
import { combobox } from "./combobox.js";
import { h, newId, setAttr, setField, setText, show } from "./dom.js";
import { number, typed } from "./formats.js";
import { sender } from "./sending.js";

const LONG = 25;

function labelled(parts, id) {
  const label = h("label", { class: "ps-label", for: id });
  const node = h("div", { class: "ps-control" }, label, ...parts);
  return { node, label };
}

function fillSelect(select, labels, value) {
  const same = select.options.length === labels.length && labels.every((label, place) => select.options[place].textContent === label);
  if (!same) select.replaceChildren(...labels.map((label, place) => h("option", { value: place, text: label })));
  select.value = value === null ? "" : String(value);
}

export function select(pick) {
  const node = h("select", { class: "ps-input ps-select", on: { change: () => pick(Number(node.value)) } });
  return { node, field: node, show: (labels, value) => fillSelect(node, labels, value) };
}

/** A list to pick from: a menu, or one that is searched where it is long. */
export function listFor(stage, count, pick) {
  return count > LONG ? combobox(stage, pick) : select(pick);
}

function picker({ model, stage, input }) {
  const id = newId("pick");
  const place = h("div", { class: "ps-pick-place" });
  const { node, label } = labelled([place], id);
  let list = null;
  let long = null;
  function draw() {
    const labels = model.get("choices");
    if (long !== labels.length > LONG) {
      long = labels.length > LONG;
      list = listFor(stage, labels.length, input);
      list.field.id = id;
      place.replaceChildren(list.node);
    }
    setText(label, model.get("label"));
    list.show(labels, model.get("shown"));
    list.field.disabled = model.get("disabled");
  }
  return { node, draw };
}

function segments({ model, input }) {
  const bar = h("div", { class: "ps-segments", role: "radiogroup" });
  const { node, label } = labelled([bar], null);
  function walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...bar.children];
    const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
    next.focus();
    next.click();
  }
  bar.addEventListener("keydown", walk);
  bar.addEventListener("click", (event) => {
    const place = event.target.dataset.place;
    if (place === undefined) return;
    mark(Number(place));
    input(Number(place));
  });
  function mark(value) {
    [...bar.children].forEach((button, place) => {
      setAttr(button, "aria-checked", place === value);
      button.tabIndex = place === (value ?? 0) ? 0 : -1;
    });
  }
  function draw() {
    const labels = model.get("choices");
    while (bar.children.length > labels.length) bar.lastChild.remove();
    while (bar.children.length < labels.length) bar.append(h("button", { type: "button", class: "ps-segment", role: "radio", "data-place": bar.children.length }));
    labels.forEach((text, place) => {
      setText(bar.children[place], text);
      bar.children[place].disabled = model.get("disabled");
    });
    setText(label, model.get("label"));
    setAttr(bar, "aria-label", model.get("label"));
    mark(model.get("shown"));
  }
  return { node, draw };
}

function checks({ model, input }) {
  const list = h("div", { class: "ps-checks", role: "group" });
  const { node, label } = labelled([list], null);
  const boxes = () => [...list.querySelectorAll("input")];
  const ticked = () => boxes().flatMap((box, place) => (box.checked ? [place] : []));
  function limit() {
    const most = model.get("settings").most ?? Infinity;
    const full = ticked().length >= most;
    for (const box of boxes()) box.disabled = model.get("disabled") || (full && !box.checked);
  }
  list.addEventListener("change", () => {
    limit();
    input(ticked());
  });
  function draw() {
    const labels = model.get("choices");
    const shown = model.get("shown") ?? [];
    const same = list.children.length === labels.length && labels.every((text, place) => list.children[place].title === text);
    // made anew they would lose the focus of who walks along them by keys
    if (!same) list.replaceChildren(...labels.map((text) => h("label", { class: "ps-check", title: text }, h("input", { type: "checkbox" }), h("span", { text }))));
    boxes().forEach((box, place) => (box.checked = shown.includes(place)));
    setText(label, model.get("label"));
    setAttr(list, "aria-label", model.get("label"));
    limit();
  }
  return { node, draw };
}

function slider({ model, stage, input }) {
  const id = newId("number");
  const range = h("input", { type: "range", class: "ps-range" });
  const field = h("input", { type: "text", inputmode: "decimal", class: "ps-input ps-number", id, autocomplete: "off" });
  const unit = h("span", { class: "ps-number-unit" });
  const { node, label } = labelled([h("div", { class: "ps-slider" }, range, field, unit)], id);
  const now = { value: null, dragging: false, editing: false };

  function paint() {
    const { low, high, digits } = model.get("settings");
    if (!now.dragging) range.value = String(now.value);
    range.style.setProperty("--done", `${(100 * (now.value - low)) / (high - low || 1)}%`);
    if (!now.editing) setField(field, number(now.value, { digits, lang: stage.lang }));
  }

  function set(value, told = true) {
    const { low, high } = model.get("settings");
    now.value = Math.min(high, Math.max(low, value));
    paint();
    if (told) input(now.value);
  }

  function commit() {
    const value = typed(field.value);
    now.editing = false;
    if (Number.isNaN(value)) paint();
    else set(value);
  }

  range.addEventListener("input", () => {
    now.dragging = true;
    set(Number(range.value));
  });
  range.addEventListener("change", () => {
    now.dragging = false;
    paint();
  });
  field.addEventListener("input", () => (now.editing = true));
  field.addEventListener("focus", () => field.select());
  field.addEventListener("blur", () => now.editing && commit());
  field.addEventListener("keydown", (event) => {
    const { step } = model.get("settings");
    if (event.key === "Enter") commit();
    if (event.key === "Escape") {
      now.editing = false;
      paint();
    }
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      now.editing = false;
      set(Math.round((now.value + (event.key === "ArrowUp" ? step : -step)) * 1e9) / 1e9);
    }
  });

  function draw(quiet) {
    const { low, high, step, unit: name } = model.get("settings");
    Object.assign(range, { min: low, max: high, step });
    setText(label, model.get("label"));
    setText(unit, name ?? "");
    show(unit, Boolean(name));
    setAttr(range, "aria-label", model.get("label"));
    for (const one of [range, field]) one.disabled = model.get("disabled");
    // what is dragged or typed is ahead of what the kernel last said
    if (!now.dragging && !now.editing && quiet) set(model.get("shown") ?? low, false);
  }
  return { node, draw };
}

function toggle({ model, input }) {
  const box = h("input", { type: "checkbox", role: "switch", class: "ps-switch", on: { change: () => input(box.checked) } });
  const text = h("span", { class: "ps-switch-text" });
  const node = h("label", { class: "ps-control ps-toggle" }, box, h("span", { class: "ps-switch-track", "aria-hidden": "true" }), text);
  function draw() {
    box.checked = model.get("shown") === true;
    box.disabled = model.get("disabled");
    setText(text, model.get("label"));
  }
  return { node, draw };
}

function press({ model }) {
  const node = h("button", { type: "button", class: "ps-button", on: { click: () => model.send({ kind: "press" }) } });
  function draw() {
    setText(node, model.get("label"));
    node.className = `ps-button ps-${model.get("settings").tone ?? "plain"}`;
    node.disabled = model.get("disabled");
  }
  return { node, draw };
}

function text({ model, input }) {
  const id = newId("text");
  const field = h("input", { type: "text", class: "ps-input ps-text", id, autocomplete: "off", spellcheck: "false", maxlength: 2000 });
  const { node, label } = labelled([field], id);
  let told = null;
  function tell() {
    if (field.value === told) return;
    told = field.value;
    input(told);
  }
  field.addEventListener("input", () => model.get("settings").typing && tell());
  field.addEventListener("change", tell);
  field.addEventListener("keydown", (event) => event.key === "Enter" && tell());
  function draw(quiet) {
    setText(label, model.get("label"));
    setAttr(field, "placeholder", model.get("settings").hint || null);
    field.disabled = model.get("disabled");
    if (quiet && document.activeElement !== field) field.value = told = model.get("shown") ?? "";
  }
  return { node, draw };
}

const FORMS = { picker, text, segments, checks, slider, toggle, button: press };

export function control({ model, el, stage, signal }) {
  const out = sender(model);
  const input = (value) => {
    // a step back is a change only to a model that knows where the hand has been
    model.set("shown", value);
    out.send("value", { kind: "input", value });
  };
  const { node, draw } = FORMS[model.get("form")]({ model, stage, input });
  el.classList.add(`ps-form-${model.get("form")}`);
  el.append(node);
  const redraw = () => {
    draw(out.quiet);
    setAttr(node, "title", model.get("help") || null);
  };
  model.on("msg:custom", (message) => {
    if (message.kind !== "ack" || message.n !== out.last || !out.quiet) return;
    // what came while the hand was ahead was not drawn, or was older than it
    model.set("shown", message.shown);
    redraw();
  });
  model.on("change:label change:help change:disabled change:shown change:choices change:settings", redraw);
  stage.onLook(redraw, signal);
  redraw();
}
