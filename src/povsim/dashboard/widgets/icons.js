// Line drawings on a grid of 20 by 20.
import { svg } from "./dom.js";

const PATHS = {
  undo: "M7 4 3 8l4 4M3.5 8H12a5 5 0 0 1 0 10H8",
  redo: "m13 4 4 4-4 4M16.5 8H8a5 5 0 0 0 0 10h4",
  reset: "M4 4v4h4M4.3 8A6.5 6.5 0 1 1 3.6 12",
  pin: "M7 3h6l-1 5 3 3H5l3-3-1-5ZM10 11v6",
  swap: "M4 7h11m-3-3 3 3-3 3M16 13H5m3-3-3 3 3 3",
  close: "M5 5l10 10M15 5 5 15",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.5 1.5M14.2 14.2l1.5 1.5M4.3 15.7l1.5-1.5M14.2 5.8l1.5-1.5",
  moon: "M16 12A6.5 6.5 0 0 1 8 4a6.5 6.5 0 1 0 8 8Z",
  screen: "M3 4h14v9H3zM10 13v3M6.5 16.5h7",
  help: "M7.5 7.5A2.5 2.5 0 1 1 10 10v2M10 14.5v.5M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15Z",
  pack: "M10 3v9m-3.5-3.5L10 12l3.5-3.5M4 14v3h12v-3",
  picture: "M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 4M13 7.5h.1",
  sheet: "M3 4h14v12H3zM3 8h14M3 12h14M8.5 4v12",
  full: "M4 8V4h4M16 8V4h-4M4 12v4h4M16 12v4h-4",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  unlock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 5.8-1",
  link: "M8.5 11.5a3 3 0 0 0 4.2 0l2.8-2.8a3 3 0 0 0-4.2-4.2L10 5.8M11.5 8.5a3 3 0 0 0-4.2 0l-2.8 2.8a3 3 0 0 0 4.2 4.2l1.3-1.3",
  search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4ZM13 13l4 4",
  down: "m5 8 5 5 5-5",
  book: "M4 4h5a2 2 0 0 1 1 1 2 2 0 0 1 1-1h5v11h-5a2 2 0 0 0-1 1 2 2 0 0 0-1-1H4zM10 5v11",
};

export function icon(name) {
  const drawing = svg("svg", { viewBox: "0 0 20 20", class: "ps-icon", "aria-hidden": "true" });
  drawing.append(svg("path", { d: PATHS[name] }));
  return drawing;
}

export function setIcon(button, name) {
  if (button.dataset.icon === name) return;
  button.dataset.icon = name;
  button.querySelector("svg")?.remove();
  button.prepend(icon(name));
}
