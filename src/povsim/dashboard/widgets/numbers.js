import { h, setAttr, setText } from "./dom.js";

function tile() {
  const label = h("div", { class: "ps-big-label" });
  const value = h("div", { class: "ps-big-value" });
  const spread = h("div", { class: "ps-big-spread" });
  const node = h("div", { class: "ps-big", role: "group" }, label, value, spread);
  return { node, label, value, spread };
}

function fill(parts, number) {
  setText(parts.label, number.label);
  setText(parts.value, number.value);
  // a blank keeps the line, so that tiles stay level
  setText(parts.spread, number.spread || "\u00a0");
  setAttr(parts.node, "title", number.note || null);
  setAttr(parts.node, "data-tone", number.tone);
  setAttr(parts.node, "aria-label", [number.label, number.value, number.spread].filter(Boolean).join(" "));
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
