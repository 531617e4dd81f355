// Unpacks the code that all parts share, links its modules, and tells the parts that wait for it.
const pages = (globalThis.povsimPages ??= new Map());
const libraries = (globalThis.povsimLibraries ??= new Map());

function page(id) {
  if (!pages.has(id)) {
    let arrived;
    pages.set(id, { there: new Promise((done) => (arrived = done)), arrived });
  }
  return pages.get(id);
}

async function unpack(view) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

async function link(pieces) {
  const urls = {};
  for (const [name, text] of pieces) {
    const linked = text.replace(/from "\.\/(\w+)\.js"/g, (_, other) => `from "${urls[other]}"`);
    urls[name] = URL.createObjectURL(new Blob([linked], { type: "text/javascript" }));
  }
  return import(urls.main);
}

async function load(model) {
  const told = await unpack(model.get("pack"));
  const style = document.createElement("style");
  style.id = "povsim-style";
  style.textContent = told.style;
  document.getElementById(style.id)?.remove();
  document.head.append(style);
  return { main: await link(told.pieces), texts: told.texts };
}

async function start(model, id) {
  const version = model.get("version");
  if (!libraries.has(version)) libraries.set(version, load(model));
  const { main, texts } = await libraries.get(version);
  page(id).arrived(main.openStage(model, texts));
}

/** Hand on what parts were told in one message, each as if it had come alone.
 *
 * No part waits for another: one that is closed before its code has come never answers, and would hold back the page.
 */
function handOn(manager, told, buffers) {
  let from = 0;
  for (const [id, data, count] of told) {
    const own = buffers.slice(from, (from += count));
    manager
      .get_model(id)
      .then((part) => part._handle_comm_msg({ content: { data }, buffers: own }))
      .catch((error) => console.error(error));
  }
}

export default {
  initialize({ model }) {
    model.on("msg:custom", (message, buffers) => {
      if (message.kind === "many") handOn(model.widget_manager, message.of, buffers);
    });
    start(model, model.get("stage_id")).catch((error) => console.error(error));
  },
};
