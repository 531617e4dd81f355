const pages = (globalThis.povsimPages ??= new Map());

function page(id) {
  if (!pages.has(id)) {
    let arrived;
    pages.set(id, { there: new Promise((done) => (arrived = done)), arrived });
  }
  return pages.get(id);
}

export default {
  async render({ model, el, signal }) {
    const stage = await page(model.get("stage_id")).there;
    return stage.draw({ model, el, signal });
  },
};
