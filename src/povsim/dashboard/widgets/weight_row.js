// One row of the weight table: slider over its stability band, number, lock, and the rating that can stand for points.
import { h, newId, setAttr, setField, setText, show } from "./dom.js";
import { number, typed } from "./formats.js";
import { setIcon } from "./icons.js";

const STEP = 0.5;
const DIGITS = 2;
const WALK = { ArrowUp: STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowLeft: -STEP, PageUp: 5, PageDown: -5 };

/** Decimals of printed points: as many as they have, two at most. */
function decimals(points) {
  return [0, 1].find((digits) => Math.abs(points - Number(points.toFixed(digits))) < 1e-9) ?? DIGITS;
}

/** The rows of controls; `act` has points(value, drag), lock(on), rate(value). */
export function weightRow(stage, row, act) {
  const slider = h("input", { type: "range", class: "ps-range", min: 0, max: 100, step: 0.1 });
  const band = h("div", { class: "ps-band" });
  const tick = h("div", { class: "ps-printed-tick" });
  const field = h("input", { type: "text", inputmode: "decimal", class: "ps-input ps-points", autocomplete: "off", id: newId("points") });
  const lock = h("button", { type: "button", class: "ps-icon-button ps-lock" });
  const rates = [0, 1, 2, 3, 4, 5].map((rate) => h("button", { type: "button", class: "ps-rate", role: "radio", text: String(rate), on: { click: () => act.rate(rate) } }));
  const unit = h("span", { class: "ps-weight-unit", text: row.unit ?? "" });
  // points that nobody can earn go to the others: the row must not look as if it counted
  const absent = row.absent ? h("span", { class: "ps-weight-absent", text: stage.say("weight.absent"), title: stage.say("weight.absent.help") }) : null;
  const name = h("label", { class: "ps-weight-name", for: field.id, title: [row.name, row.unit, row.note].filter(Boolean).join("\n") }, absent, row.name, unit);
  const printed = h("span", { class: "ps-weight-printed", text: row.printed === null ? "" : number(row.printed, { digits: decimals(row.printed), lang: stage.lang }) });
  const rating = h("div", { class: "ps-rates", role: "radiogroup", "aria-label": stage.say("weight.rate", { name: row.name }) }, ...rates);
  const track = h("div", { class: "ps-track" }, h("div", { class: "ps-track-inner" }, band, tick), slider);
  const node = h("div", { class: "ps-weight-row", role: "row", "data-code": row.code, "data-absent": row.absent === true }, h("div", { class: "ps-weight-label" }, name), track, rating, field, lock, printed);
  const now = { points: 0, locked: false, rating: null, drawn: null, lo: null, hi: null, scale: 100, editing: false, dragging: false };

  function place(value) {
    return `${Math.min(100, Math.max(0, (100 * value) / now.scale))}%`;
  }

  function drawPoints() {
    now.drawn = now.points;
    if (!now.dragging) slider.value = String(now.points);
    slider.style.setProperty("--done", place(now.points));
    const text = number(now.points, { digits: DIGITS, lang: "en" }).replace(/,/g, "");
    if (!now.editing) setField(field, text);
    setAttr(slider, "aria-valuetext", text);
  }

  function drawBand() {
    const known = now.lo !== null && now.hi !== null;
    show(band, known);
    if (known) {
      band.style.left = place(now.lo);
      band.style.right = `calc(100% - ${place(now.hi)})`;
    }
    const told = known && stage.say("weight.band", { lo: number(now.lo, { digits: 1, lang: stage.lang }), hi: number(now.hi, { digits: 1, lang: stage.lang }) });
    setAttr(track, "title", known ? told : null);
    show(tick, row.printed !== null);
    tick.style.left = place(row.printed ?? 0);
  }

  function drawLock() {
    setIcon(lock, now.locked ? "lock" : "unlock");
    setAttr(lock, "aria-pressed", now.locked);
    stage.label(lock, stage.say(now.locked ? "weight.unlock" : "weight.lock", { name: row.name }));
    node.classList.toggle("ps-locked", now.locked);
    slider.disabled = now.locked;
    field.readOnly = now.locked;
  }

  function drawRating() {
    rates.forEach((button, rate) => {
      setAttr(button, "aria-checked", rate === now.rating);
      button.tabIndex = rate === (now.rating ?? 0) ? 0 : -1;
    });
  }

  function commit() {
    const value = typed(field.value);
    const bad = Number.isNaN(value) || value < 0;
    now.editing = false;
    setAttr(field, "aria-invalid", bad && field.value.trim() !== "" ? true : null);
    if (bad || Math.abs(value - Number(number(now.points, { digits: DIGITS, lang: "en" }).replace(/,/g, ""))) < 1e-9) drawPoints();
    else act.points(value, false);
  }

  function fieldKeys(event) {
    if (event.key === "Enter") {
      commit();
      field.select();
    } else if (event.key === "Escape") {
      now.editing = false;
      field.removeAttribute("aria-invalid");
      drawPoints();
      field.select();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      if (!now.locked) step(WALK[event.key]);
    }
  }

  function step(by) {
    const from = now.editing && !Number.isNaN(typed(field.value)) ? typed(field.value) : now.points;
    now.editing = false;
    // known at once, drawn when the table says so: the next key of a hand that goes on counts from here
    now.points = Math.max(0, Math.round((from + by) * 100) / 100);
    act.points(now.points, false);
  }

  function sliderKeys(event) {
    const by = WALK[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(by);
  }

  function rateKeys(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = Math.min(5, Math.max(0, (now.rating ?? 0) + by));
    rates[next].focus();
    act.rate(next);
  }

  function letGo() {
    if (!now.dragging) return;
    now.dragging = false;
    act.points(Number(slider.value), false);
  }

  slider.addEventListener("input", () => {
    now.dragging = true;
    act.points(Number(slider.value), true);
  });
  slider.addEventListener("change", letGo);
  slider.addEventListener("pointercancel", letGo);
  slider.addEventListener("keydown", sliderKeys);
  field.addEventListener("input", () => {
    now.editing = true;
    field.removeAttribute("aria-invalid");
  });
  field.addEventListener("focus", () => field.select());
  field.addEventListener("blur", () => now.editing && commit());
  field.addEventListener("keydown", fieldKeys);
  lock.addEventListener("click", () => act.lock(!now.locked));
  rating.addEventListener("keydown", rateKeys);
  setAttr(slider, "aria-label", stage.say("weight.of", { name: row.name }));
  setAttr(field, "aria-label", stage.say("weight.of", { name: row.name }));
  drawLock();
  drawRating();
  return {
    node,
    get dragging() {
      return now.dragging;
    },
    /** Whether the row is to be seen under a search word. */
    matches: (word) => !word || `${row.name} ${row.unit ?? ""} ${row.group ?? ""} ${row.code}`.toLowerCase().includes(word),
    update(fresh) {
      const rescaled = fresh.scale !== now.scale;
      if (rescaled) {
        now.scale = fresh.scale;
        slider.max = String(fresh.scale);
      }
      now.points = fresh.points;
      if (rescaled || now.points !== now.drawn) drawPoints();
      if (rescaled || fresh.lo !== now.lo || fresh.hi !== now.hi || !now.banded) {
        Object.assign(now, { lo: fresh.lo, hi: fresh.hi, banded: true });
        drawBand();
      }
      if (fresh.locked !== now.locked) {
        now.locked = fresh.locked;
        drawLock();
      }
      if (fresh.rating !== now.rating) {
        now.rating = fresh.rating;
        drawRating();
      }
    },
    /** Show the truth again after an answer that left it as it was. */
    settle() {
      if (!now.dragging) drawPoints();
    },
  };
}
