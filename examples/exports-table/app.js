/** A table of batch exports: their latest runs, a pause, a backfill of yesterday, and what the API has against it. */
const settings = new URLSearchParams(location.search);
const api = settings.get("api") ?? "http://127.0.0.1:8010";
const key = settings.get("key") ?? "phx_mock_admin";
const exportsUrl = `${api}/api/projects/1/batch_exports/`;

const MOST_TRIES = 3;
const POLL_MS = 1000;
const DAY_MS = 86_400_000;

const find = (selector) => document.querySelector(selector);
const say = (text) => (find('[role="status"]').textContent = text);
const complain = (text) => (find('[role="alert"]').textContent = text);
const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** One request; when there are too many it waits as long as it is told to, and asks again. */
async function ask(url, init = {}) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  for (let tries = 1; ; tries++) {
    const response = await fetch(url, { ...init, headers });
    if (response.ok) return response.status === 204 ? null : response.json();
    const { detail, attr } = await response.json().catch(() => ({ detail: response.statusText }));
    const seconds = Number(response.headers.get("Retry-After"));
    if (response.status !== 429 || tries === MOST_TRIES) throw new Error(attr ? `${detail} (${attr})` : detail);
    say(`Too many requests. Trying again in ${seconds} s.`);
    await wait(seconds);
  }
}

function cell(...content) {
  const made = document.createElement("td");
  made.append(...content);
  return made;
}

function button(text, label, action) {
  const made = document.createElement("button");
  made.textContent = text;
  made.setAttribute("aria-label", `${text} ${label}`);
  made.addEventListener("click", () => act(made, action));
  return made;
}

function latest({ paused, latest_runs: [run] }) {
  const status = run ? run.status : "No runs yet";
  const why = run?.latest_error ? `: ${run.latest_error}` : "";
  return `${paused ? "Paused. " : ""}${status}${why}`;
}

function row(each) {
  const { id, name, paused } = each;
  const change = paused ? "unpause" : "pause";
  const made = document.createElement("tr");
  made.append(
    cell(name),
    cell(each.destination.type),
    cell(each.interval),
    cell(latest(each)),
    cell(
      button(paused ? "Unpause" : "Pause", name, () => ask(`${exportsUrl}${id}/${change}/`, { method: "POST" })),
      button("Backfill", name, () => backfillYesterday(each)),
    ),
  );
  return made;
}

function backfillYesterday({ id, interval }) {
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  // Exports of whole days and weeks are asked for dates.
  const letters = interval === "day" || interval === "week" ? 10 : undefined;
  const [start_at, end_at] = [midnight - DAY_MS, midnight].map((at) => new Date(at).toISOString().slice(0, letters));
  return ask(`${exportsUrl}${id}/backfills/`, { method: "POST", body: JSON.stringify({ start_at, end_at }) });
}

async function act(pressed, action) {
  pressed.disabled = true;
  complain("");
  try {
    await action();
    await show();
  } catch (error) {
    complain(error.message);
  }
  pressed.disabled = false;
}

let page = `${exportsUrl}?limit=5`;
let polling;

function link(selector, url) {
  find(selector).hidden = url === null;
  find(selector).onclick = () => act(find(selector), async () => (page = url));
}

async function show() {
  clearTimeout(polling);
  const { count, results, next, previous } = await ask(page);
  find("table").hidden = results.length === 0;
  find("tbody").replaceChildren(...results.map(row));
  link("#previous", previous);
  link("#next", next);
  say(count === 0 ? "There are no exports yet." : `${count} exports`);
  const isOpen = ({ latest_runs: [run] }) => run?.status === "Starting" || run?.status === "Running";
  if (results.some(isOpen)) polling = setTimeout(() => show().catch((error) => complain(error.message)), POLL_MS);
}

say("Loading ...");
show().catch((error) => {
  say("");
  complain(error.message);
});
