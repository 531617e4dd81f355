// Cards that lead to the other pages; names and questions are set as text, the settings go along in the address.
function piece(tag, name, text) {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

/** The address of another page of the same folder: the home page is also what the folder itself shows. */
function address(path, page, token) {
  const last = path.slice(path.lastIndexOf("/") + 1);
  const folder = path.slice(0, path.length - last.length);
  const ending = last.endsWith(".ipynb") ? ".ipynb" : "";
  return `${folder}${page}${ending}#s=${encodeURIComponent(token)}`;
}

function card(door, opens) {
  const link = document.createElement("a");
  link.className = "ps-door";
  link.dataset.page = door.page;
  link.append(
    piece("span", "ps-door-title", door.title),
    piece("span", "ps-door-question", door.question),
    piece("span", "ps-door-note", door.note),
    piece("span", "ps-door-open", `${opens} →`),
  );
  return link;
}

function render({ model, el, signal }) {
  const served = document.body.dataset.voila !== undefined;
  const cards = document.createElement("div");
  cards.className = "ps-doors";
  el.classList.add("ps-part");
  el.append(cards);

  function lead() {
    for (const link of cards.children) {
      if (served) link.href = address(location.pathname, link.dataset.page, model.get("token"));
    }
  }

  function draw() {
    cards.replaceChildren(...model.get("doors").map((door) => card(door, model.get("opens"))));
    lead();
  }

  model.on("change:doors change:opens", draw);
  model.on("change:token", lead);
  signal?.addEventListener("abort", () => model.off("change:token", lead));
  draw();
}

export default { render };
