import { h, setAttr, setText } from "./dom.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };

export function tabs({ model, el }) {
  const bar = h("div", { class: "ps-tabs", role: "tablist" });
  el.append(bar);

  function choose(key) {
    mark(key);
    model.send({ kind: "choose", key });
  }

  function mark(chosen) {
    for (const button of bar.children) {
      const on = button.dataset.key === chosen;
      setAttr(button, "aria-selected", on);
      button.tabIndex = on ? 0 : -1;
    }
  }

  function walk(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...bar.children];
    const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
    next.focus();
    choose(next.dataset.key);
  }

  function draw() {
    const entries = model.get("entries");
    while (bar.children.length < entries.length) bar.append(h("button", { type: "button", class: "ps-tab", role: "tab" }));
    while (bar.children.length > entries.length) bar.lastChild.remove();
    entries.forEach(([key, label], place) => {
      bar.children[place].dataset.key = key;
      setText(bar.children[place], label);
    });
    mark(model.get("value"));
  }

  bar.addEventListener("click", (event) => event.target.dataset.key && choose(event.target.dataset.key));
  bar.addEventListener("keydown", walk);
  model.on("change:entries change:value", draw);
  draw();
}
