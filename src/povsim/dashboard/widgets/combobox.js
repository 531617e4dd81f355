// A list to pick from that is searched by typing, for more entries than a menu can show.
import { h, newId, setAttr } from "./dom.js";

const MOST = 200;

export function combobox(stage, pick) {
  const id = newId("list");
  const field = h("input", { type: "text", class: "ps-input ps-combo-field", role: "combobox", autocomplete: "off", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list" });
  const list = h("div", { class: "ps-combo-list", role: "listbox", id, hidden: true });
  const node = h("div", { class: "ps-combo" }, field, list);
  const now = { labels: [], value: null, at: 0, found: [] };

  function open(word) {
    const sought = word.trim().toLowerCase();
    now.found = now.labels.map((_, place) => place).filter((place) => now.labels[place].toLowerCase().includes(sought)).slice(0, MOST);
    const options = now.found.map((place) => {
      const chosen = place === now.value;
      return h("div", { class: "ps-combo-option", role: "option", id: `${id}-${place}`, "data-place": place, "aria-selected": chosen, title: now.labels[place], text: now.labels[place] });
    });
    list.replaceChildren(...(options.length ? options : [h("div", { class: "ps-combo-none", text: stage.say("pick.none") })]));
    list.hidden = false;
    setAttr(field, "aria-expanded", true);
    point(Math.max(0, sought ? 0 : now.found.indexOf(now.value)));
  }

  function point(at) {
    now.at = Math.min(now.found.length - 1, Math.max(0, at));
    [...list.children].forEach((option, place) => option.classList.toggle("ps-at", place === now.at));
    const option = list.children[now.at];
    setAttr(field, "aria-activedescendant", option?.id || null);
    option?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    setAttr(field, "aria-expanded", false);
    field.removeAttribute("aria-activedescendant");
    field.value = now.labels[now.value] ?? "";
  }

  function take(place) {
    const changed = place !== now.value;
    now.value = place;
    close();
    if (changed) pick(place);
  }

  function keys(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open("");
      else point(now.at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && !list.hidden && now.found.length) take(now.found[now.at]);
    else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    }
  }

  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => list.hidden && open(""));
  field.addEventListener("input", () => open(field.value));
  field.addEventListener("keydown", keys);
  field.addEventListener("blur", close);
  list.addEventListener("pointerdown", (event) => {
    // the field keeps the focus, or its blur would close the list before the click
    event.preventDefault();
    const place = event.target.dataset.place;
    if (place !== undefined) take(Number(place));
  });
  return {
    node,
    field,
    show(labels, value) {
      Object.assign(now, { labels, value });
      if (list.hidden) field.value = labels[value] ?? "";
      setAttr(field, "title", labels[value] ?? null);
      setAttr(field, "placeholder", stage.say("pick.search"));
    },
  };
}
