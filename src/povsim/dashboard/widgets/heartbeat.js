// Whether the kernel is still there. A dead one leaves a page that looks healthy and no longer answers.
export const PING_MS = 1000;
export const LATE_MS = 1200;
export const SURE_MS = 350;
export const IDLE_MS = 5 * 60 * 1000;
export const REST_MS = 10_000;
const TICK_MS = 200;

/** What an answer of the site about the kernel means while the kernel itself is silent. */
export function verdict(answer) {
  if (answer === null) return "lost";
  if (answer.status === 404) return "stopped";
  if (answer.status >= 500 || answer.status === 0) return "lost";
  if (answer.state === "busy") return "computing";
  return answer.state === "idle" ? "silent" : "stopped";
}

/** What is due at a moment: nothing, a ping, or a look at the site. */
export function due(beat, now) {
  if (beat.hidden) return "nothing";
  if (now - beat.touched > IDLE_MS) return now - beat.looked > REST_MS ? "look" : "nothing";
  if (beat.asked !== null) return now - beat.asked > LATE_MS && now - beat.looked > (beat.gone ? REST_MS : PING_MS) ? "look" : "nothing";
  return now - beat.pinged >= PING_MS ? "ping" : "nothing";
}

export async function askSite() {
  const config = siteConfig();
  // JupyterLab shows the state of its kernel itself
  if (!config.kernelId) return { status: 200, state: "busy" };
  const stop = AbortSignal.timeout(1000);
  try {
    const reply = await fetch(`${config.baseUrl}api/kernels/${config.kernelId}`, { cache: "no-store", signal: stop });
    const told = reply.ok ? await reply.json() : {};
    return { status: reply.status, state: told.execution_state ?? "" };
  } catch {
    return null;
  }
}

export function siteConfig() {
  const node = document.getElementById("jupyter-config-data");
  try {
    return node ? JSON.parse(node.textContent) : {};
  } catch {
    return {};
  }
}

/** Beat until the signal ends it; `tell` is given "well", "computing", "stopped" or "lost". */
export function heartbeat({ ping, tell, signal, ask = askSite, clock = () => performance.now() }) {
  const beat = { hidden: document.hidden, touched: clock(), asked: null, pinged: clock(), looked: 0, n: 0, gone: false };

  async function look() {
    beat.looked = clock();
    const quiet = beat.asked;
    let found = verdict(await ask());
    if (found === "silent" && quiet !== null) {
      // it may have become idle this moment, with our ping next in its queue
      await new Promise((done) => setTimeout(done, SURE_MS));
      found = "stopped";
    }
    beat.gone = found === "stopped";
    if (quiet === null) tell(found === "silent" || found === "computing" ? "well" : found);
    else if (beat.asked === quiet) tell(found);
  }

  function tick() {
    const what = due(beat, clock());
    if (what === "look") look();
    if (what !== "ping") return;
    beat.n += 1;
    beat.asked = beat.pinged = clock();
    ping(beat.n);
  }

  function touch() {
    const now = clock();
    // after a rest the kernel has a fresh chance to answer before it is given up
    if (now - beat.touched > IDLE_MS) Object.assign(beat, { asked: null, pinged: now - PING_MS });
    beat.touched = now;
  }

  function seen() {
    beat.hidden = document.hidden;
    Object.assign(beat, { asked: null, pinged: clock() - PING_MS, touched: clock() });
  }

  const timer = setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", seen, { signal });
  for (const event of ["pointerdown", "keydown", "wheel"]) document.addEventListener(event, touch, { signal, passive: true });
  signal.addEventListener("abort", () => clearInterval(timer));
  return {
    pong(n) {
      if (n !== beat.n) return;
      Object.assign(beat, { asked: null, gone: false });
      tell("well");
    },
  };
}
