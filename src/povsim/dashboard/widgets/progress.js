import { h, setAttr, setText } from "./dom.js";

export function progress({ model, el, stage, signal }) {
  const fill = h("div", { class: "ps-progress-fill" });
  const bar = h("div", { class: "ps-progress-bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  const text = h("div", { class: "ps-progress-text", "aria-live": "polite" });
  const cancel = h("button", { type: "button", class: "ps-button ps-quiet", on: { click: () => model.send({ kind: "cancel" }) } });
  el.append(h("div", { class: "ps-progress" }, text, bar, cancel));
  function draw() {
    const running = model.get("running");
    const done = Math.round(model.get("value") * 100);
    setText(text, model.get("text"));
    setText(cancel, stage.say("progress.cancel"));
    fill.style.width = `${done}%`;
    setAttr(bar, "aria-valuenow", done);
    setAttr(bar, "aria-label", model.get("text"));
    // its place is kept, so that nothing below moves when it comes and goes
    for (const node of [bar, cancel]) node.style.visibility = running ? "" : "hidden";
  }
  model.on("change", draw);
  stage.onLook(draw, signal);
  draw();
}
