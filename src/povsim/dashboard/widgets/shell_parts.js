// What the bar is made of: menu, help, banner. Each is handed what it says and does.
import { h, setAttr, setText, show } from "./dom.js";
import { icon } from "./icons.js";

/** A button with a list of actions under it. */
export function menu(stage, picture, choose) {
  const list = h("div", { class: "ps-menu-list", role: "menu", hidden: true });
  const text = h("span", { class: "ps-menu-text" });
  const button = h("button", { type: "button", class: "ps-button ps-menu-button", "aria-haspopup": "menu", "aria-expanded": "false" }, icon(picture), text, icon("down"));
  const node = h("div", { class: "ps-menu" }, button, list);

  function open(on) {
    list.hidden = !on;
    setAttr(button, "aria-expanded", on);
    if (on) list.firstChild?.focus();
  }

  function walk(event) {
    const all = [...list.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      open(false);
      button.focus();
    } else if (step) {
      event.preventDefault();
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    }
  }

  button.addEventListener("click", () => open(list.hidden));
  node.addEventListener("keydown", walk);
  node.addEventListener("focusout", (event) => !node.contains(event.relatedTarget) && open(false));
  return {
    node,
    show(label, entries) {
      setText(text, label);
      const items = entries.map(([key, name]) =>
        h("button", {
          type: "button",
          class: "ps-menu-item",
          role: "menuitem",
          tabindex: -1,
          text: name,
          on: {
            click: () => {
              open(false);
              choose(key);
            },
          },
        }),
      );
      list.replaceChildren(...items);
    },
  };
}

const KEYS = [
  [["Ctrl+Z", "Ctrl+Shift+Z"], "undo"],
  [["P"], "presenter"],
  [["T"], "theme"],
  [["L"], "language"],
  [["↑", "↓"], "step"],
  [["Enter"], "enter"],
  [["?"], "help"],
];

/** The help panel: what the page does, and the keys. */
export function helpPanel(stage) {
  const body = h("div", { class: "ps-help-body" });
  const node = h("dialog", { class: "ps-help" }, body);
  node.addEventListener("click", (event) => event.target === node && node.close());

  function keys() {
    const rows = KEYS.map(([names, what]) => h("tr", {}, h("td", {}, ...names.map((name) => h("kbd", { text: name }))), h("td", { text: stage.say(`key.${what}`) })));
    return h("table", { class: "ps-keys" }, h("tbody", {}, ...rows));
  }

  function write(title, paragraphs) {
    const leave = stage.iconButton("close", stage.say("close"), () => node.close());
    const about = paragraphs.length ? [h("h3", { text: stage.say("help.page") }), ...paragraphs.map((text) => h("p", { text }))] : [];
    const parts = [h("h3", { text: stage.say("help.keys") }), keys(), h("p", { class: "ps-soft", text: stage.say("link.note") })];
    body.replaceChildren(h("div", { class: "ps-help-head" }, h("h2", { text: title }), leave), ...about, ...parts);
    setAttr(node, "aria-label", stage.say("help"));
  }

  return {
    node,
    toggle(title, paragraphs) {
      if (node.open) return node.close();
      write(title, paragraphs);
      node.showModal();
    },
  };
}

/** One message across the page; that the kernel is gone goes before all others. */
export function banner(stage) {
  const text = h("div", { class: "ps-banner-text" });
  const reload = h("button", { type: "button", class: "ps-button ps-primary", on: { click: () => location.reload() } });
  const leave = stage.iconButton("close", "", () => {
    said = null;
    draw();
  });
  const node = h("div", { class: "ps-banner", role: "alert", hidden: true }, text, reload, leave);
  let gone = null;
  let said = null;

  function draw() {
    const what = gone ? { text: stage.say(`beat.${gone}`), tone: "error" } : said;
    show(node, Boolean(what));
    if (!what) return;
    setText(text, what.text);
    setText(reload, stage.say("beat.reload"));
    stage.label(leave, stage.say("close"));
    node.dataset.tone = what.tone;
    show(reload, Boolean(gone));
    show(leave, !gone);
  }

  return {
    node,
    draw,
    tell(message) {
      said = message.text ? message : null;
      draw();
    },
    beat(how) {
      gone = how === "stopped" || how === "lost" ? how : null;
      draw();
    },
  };
}
