import { h, setAttr, setText, show } from "./dom.js";

function tile() {
  const label = h("div", { class: "ps-big-label" });
  const amount = h("span");
  const unit = h("span", { class: "ps-big-unit" });
  const value = h("div", { class: "ps-big-value" }, amount, unit);
  const spread = h("div", { class: "ps-big-spread" });
  const pinned = h("div", { class: "ps-big-pinned" });
  const node = h("div", { class: "ps-big", role: "group" }, label, value, spread, pinned);
  return { node, label, amount, unit, spread, pinned };
}

function fill(parts, number) {
  setText(parts.label, number.label);
  // the unit is set smaller, so that number and unit fit one line
  const [, amount, unit] = /^([-+\u2212\d.,]*)(.*)$/s.exec(number.value);
  setText(parts.amount, amount);
  setText(parts.unit, unit);
  // a blank keeps the line, so that tiles stay level
  setText(parts.spread, number.spread || "\u00a0");
  setText(parts.pinned, number.pinned);
  show(parts.pinned, number.pinned !== "");
  setAttr(parts.node, "title", number.note || null);
  setAttr(parts.node, "data-tone", number.tone);
  setAttr(parts.node, "aria-label", [number.label, number.value, number.spread, number.pinned].filter(Boolean).join(" "));
}

export function numbers({ model, el }) {
  const tiles = [];
  const box = h("div", { class: "ps-numbers" });
  el.append(box);
  function draw() {
    const told = model.get("numbers");
    while (tiles.length > told.length) tiles.pop().node.remove();
    while (tiles.length < told.length) {
      tiles.push(tile());
      box.append(tiles.at(-1).node);
    }
    told.forEach((number, place) => fill(tiles[place], number));
    box.style.setProperty("--tiles", String(Math.max(1, told.length)));
  }
  model.on("change:numbers", draw);
  draw();
}
