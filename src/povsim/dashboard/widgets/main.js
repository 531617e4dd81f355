// The stage of a page: finds the function that draws a part, and holds what all parts look up.
import { chart } from "./chart.js";
import { control } from "./controls.js";
import { h, setAttr } from "./dom.js";
import { icon } from "./icons.js";
import { note } from "./note.js";
import { numbers } from "./numbers.js";
import { progress } from "./progress.js";
import { ranking } from "./ranking.js";
import { shell } from "./shell.js";
import { table } from "./table.js";
import { tabs } from "./tabs.js";
import { upload } from "./upload.js";
import { weightTable } from "./weight_table.js";

const KINDS = { chart, control, note, numbers, progress, ranking, shell, table, tabs, upload, weight_table: weightTable };

const LARGER = 1.35;

export function openStage(model, texts) {
  const stage = {
    model,
    get lang() {
      return model.get("lang");
    },
    get dark() {
      return model.get("theme") === "dark";
    },
    get presenter() {
      return model.get("presenter");
    },
    /** How many times larger than normal letters are. */
    get enlarged() {
      return stage.presenter ? LARGER : 1;
    },
    say(key, values = {}) {
      const text = texts[stage.lang][`ui.${key}`] ?? key;
      return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
    },
    /** Call back when language, theme or presenter mode changes, as long as the view stands. */
    onLook(act, signal) {
      const events = "change:lang change:theme change:presenter";
      model.on(events, act);
      signal.addEventListener("abort", () => model.off(events, act));
    },
    iconButton(name, label, act, extra = {}) {
      const button = h("button", { type: "button", class: "ps-icon-button", on: { click: act }, ...extra }, icon(name));
      stage.label(button, label);
      return button;
    },
    label(node, text) {
      setAttr(node, "aria-label", text);
      setAttr(node, "title", text);
    },
    // what the weight table and the ranking tell each other: points that moved, and whether answers are still to come
    weights: { moved: () => {}, rested: () => {}, busy: () => false },
    draw({ model: part, el, signal }) {
      el.classList.add("ps-part", `ps-part-${part.get("kind").replace("_", "-")}`);
      followClasses(part, el);
      return KINDS[part.get("kind")]({ model: part, el, stage, signal });
    },
  };
  model.on("change:theme change:presenter change:lang", () => look(stage));
  look(stage);
  return stage;
}

/** Keep the classes that the kernel gives a part: those given later reach boxes by themselves, but no part. */
function followClasses(part, el) {
  let had = part.get("_dom_classes") ?? [];
  part.on("change:_dom_classes", () => {
    const now = part.get("_dom_classes") ?? [];
    el.classList.remove(...had.filter((one) => !now.includes(one)));
    el.classList.add(...now);
    had = now;
  });
}

/** Give the whole page its look: its root, and what lies behind it. */
function look(stage) {
  for (const root of [document.documentElement, ...document.querySelectorAll(".povsim")]) {
    root.classList.toggle("povsim-dark", stage.dark);
    root.classList.toggle("povsim-presenter", stage.presenter);
  }
  document.documentElement.classList.add("povsim-site");
  document.body.classList.toggle("povsim-page-dark", stage.dark);
  // the next page waits in this language and on this background
  keep("povsim.lang", stage.lang);
  keep("povsim.theme", stage.dark ? "dark" : "light");
  if (!document.body.dataset.jpThemeLight || document.body.dataset.voila) document.documentElement.lang = stage.lang === "zh" ? "zh-CN" : "en";
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing works as well
  }
}
