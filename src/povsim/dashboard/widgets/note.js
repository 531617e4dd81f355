import { h, setText, show } from "./dom.js";

const TAGS = { heading: "h2", lead: "p", small: "p" };

export function note({ model, el }) {
  let node = null;
  let tone = null;
  function draw() {
    if (model.get("tone") !== tone) {
      tone = model.get("tone");
      const spoken = tone === "error" || tone === "warning";
      const fresh = h(TAGS[tone] ?? "div", { class: `ps-note ps-note-${tone}`, role: spoken ? "status" : null });
      if (node) node.replaceWith(fresh);
      else el.append(fresh);
      node = fresh;
    }
    setText(node, model.get("text"));
    show(el, model.get("text") !== "");
  }
  model.on("change:text change:tone", draw);
  draw();
}
