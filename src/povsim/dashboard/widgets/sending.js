// One message on its way at a time: while the kernel answers, newer ones wait, and of one control only the newest.
const held = new Set();

/** Send all that waits on the page at once, but for one sender: what is told next, a step back for one, comes after it. */
export function sendAll(but = null) {
  for (const hurry of [...held]) if (hurry !== but) hurry();
}

export function sender(model, { start = 0, patience = 1500 } = {}) {
  const waiting = new Map();
  let n = start;
  let flying = null;
  let timer = 0;

  function go(content) {
    flying = content.n;
    clearTimeout(timer);
    // an answer that never comes must not hold back what is typed next
    timer = setTimeout(() => landed(content.n), patience);
    model.send({ ...content, ack: true });
  }

  function landed(which) {
    if (which !== flying) return;
    flying = null;
    clearTimeout(timer);
    const next = waiting.entries().next();
    if (next.done) return;
    waiting.delete(next.value[0]);
    if (waiting.size === 0) held.delete(hurry);
    go(next.value[1]);
  }

  function hurry() {
    held.delete(hurry);
    const rest = [...waiting.values()];
    waiting.clear();
    rest.forEach(go);
  }

  model.on("msg:custom", (message) => message.kind === "ack" && landed(message.n));
  return {
    /** Send content; of what waits under the same key only the last is kept, and the last is always sent. */
    send(key, content) {
      // a button is not to overtake the edit before it
      sendAll(hurry);
      n += 1;
      const told = { ...content, n };
      if (flying === null) return go(told), n;
      waiting.delete(key);
      waiting.set(key, told);
      held.add(hurry);
      return n;
    },
    get last() {
      return n;
    },
    get quiet() {
      return flying === null && waiting.size === 0;
    },
  };
}
