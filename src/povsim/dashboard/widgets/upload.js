// A real file input, a place to drop, and a place to paste; what is too large never leaves the browser.
import { h, newId, setAttr, setText, show } from "./dom.js";

export function upload({ model, el, stage, signal }) {
  const id = newId("file");
  const input = h("input", { type: "file", id, class: "ps-file" });
  const choose = h("label", { class: "ps-button", for: id });
  const hint = h("span", { class: "ps-upload-hint" });
  const drop = h("div", { class: "ps-upload-drop" }, input, choose, hint);
  const told = h("div", { class: "ps-upload-told", role: "status" });
  const area = h("textarea", { class: "ps-input ps-paste", rows: 4, spellcheck: "false" });
  const use = h("button", { type: "button", class: "ps-button" });
  const paste = h("div", { class: "ps-upload-paste" }, area, use);
  el.append(h("div", { class: "ps-upload" }, drop, told, paste));

  const megabytes = () => Math.round(model.get("max_bytes") / 1e5) / 10;

  function tell(text, bad) {
    setText(told, text || "\u00a0");
    told.dataset.tone = bad ? "error" : "plain";
  }

  async function take(file) {
    if (!file) return;
    const kinds = model.get("kinds");
    if (file.size > model.get("max_bytes")) return tell(`${file.name}: ${stage.say("upload.too_large", { most: megabytes() })}`, true);
    if (!kinds.some((kind) => file.name.toLowerCase().endsWith(kind))) return tell(`${file.name}: ${stage.say("upload.kinds", { kinds: kinds.join(" ") })}`, true);
    tell(stage.say("upload.sending", { name: file.name }));
    const data = await file.arrayBuffer();
    const answered = (message) => {
      if (message.kind !== "ack") return;
      model.off("msg:custom", answered);
      tell(stage.say("upload.done", { name: file.name }));
    };
    model.on("msg:custom", answered);
    model.send({ kind: "file", name: file.name, ack: true, n: 1 }, undefined, [data]);
  }

  function texts() {
    const kinds = model.get("kinds");
    setText(choose, model.get("label") || stage.say("upload.choose"));
    setText(hint, stage.say("upload.drop", { kinds: kinds.join(" "), most: megabytes() }));
    setAttr(input, "accept", kinds.join(","));
    setAttr(area, "placeholder", stage.say("upload.paste"));
    setAttr(area, "aria-label", stage.say("upload.paste"));
    setText(use, stage.say("upload.use"));
    show(paste, model.get("paste"));
    if (!told.textContent) tell("");
  }

  input.addEventListener("change", async () => {
    await take(input.files[0]);
    // the same file, mended, can be chosen again
    input.value = "";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("ps-over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("ps-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("ps-over");
    take(event.dataTransfer.files[0]);
  });
  use.addEventListener("click", () => area.value.trim() && model.send({ kind: "pasted", text: area.value.slice(0, 1_000_000) }));
  model.on("change", texts);
  stage.onLook(texts, signal);
  texts();
}
