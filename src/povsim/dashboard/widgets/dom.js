// Elements without markup: whatever a name holds, it is set as text.
const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attrs = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) give(node, name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function give(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
  else if (name === "text") node.textContent = value;
  else if (name === "style") Object.assign(node.style, value);
  else if (value === true) node.setAttribute(name, "");
  else node.setAttribute(name, String(value));
}

export function svg(tag, attrs = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Set a text only where it differs: writing the same text again costs a layout. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttr(node, name, value) {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/** Write a number that moved into a field; one selected to be typed over stays so, or the next digit would be added to it. */
export function setField(field, text) {
  if (field.value === text) return;
  const over = document.activeElement === field && field.selectionStart === 0 && field.selectionEnd === field.value.length;
  field.value = text;
  if (over) field.select();
}

export function show(node, visible) {
  if (node.hidden === Boolean(visible)) node.hidden = !visible;
}

/** Act once for all calls of a frame, and after its picture is out: what is read first is not held up by it. */
export function afterFrame(act) {
  let waiting = false;
  const run = () => {
    waiting = false;
    act();
  };
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => setTimeout(run));
  };
}

/** Whether keys are for what has the focus and not for the page. */
export function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

let counter = 0;

export function newId(stem) {
  counter += 1;
  return `povsim-${stem}-${counter}`;
}
