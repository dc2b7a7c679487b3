// What the panel does better with a script; everything works without it.
"use strict";

const page = document.body.dataset.page;

// ---- keys: j and k move, Enter opens, r replies, n notes, q is the queue, / finds ----

const rows = () => [...document.querySelectorAll("tr[data-row]")];
let chosen = null;

function choose(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.dataset.row === chosen);
  const next = now < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + step, 0), all.length - 1);
  chosen = all[next].dataset.row;
  mark();
  all[next].scrollIntoView({ block: "nearest" });
}

function mark() {
  for (const row of rows()) row.classList.toggle("chosen", row.dataset.row === chosen);
}

function open(tab) {
  const radio = document.querySelector(`[data-tab="${tab}"]`);
  if (!radio) return;
  radio.checked = true;
  const field = document.querySelector(`[data-pane="${tab}"] textarea, [data-pane="${tab}"] input[type=text]`);
  document.getElementById("compose").scrollIntoView({ block: "nearest" });
  field?.focus();
}

const KEYS = {
  j: () => choose(1),
  k: () => choose(-1),
  r: () => open("reply"),
  n: () => open("note"),
  q: () => document.querySelector('[data-key="q"]')?.click(),
  "/": () => document.querySelector('[data-key="/"]')?.focus(),
  Enter: () => {
    const row = rows().find((each) => each.dataset.row === chosen);
    row?.querySelector("td.what a").click();
  },
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    typing.form?.requestSubmit();
    return;
  }
  if (typing && event.key === "Escape") typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && event.target !== document.body) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// ---- one click is one form ----

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
});

// ---- what is new appears by itself; what is being typed is left alone ----

function typing() {
  return [...document.querySelectorAll("#compose textarea, #compose input[type=text]")].some((field) => field.value.trim());
}

function gone(is) {
  document.querySelector(".gone")?.remove();
  if (!is) return;
  const sign = document.createElement("p");
  sign.className = "gone";
  sign.textContent = "Not connected: what you see may be old.";
  document.body.append(sign);
}

// A refused form leaves its own address behind, under which nothing can be read.
function here() {
  const own = document.body.dataset.here;
  return own && location.pathname !== own ? own : location.href;
}

async function refresh() {
  if (document.hidden || document.activeElement?.closest("[data-live]:not(#compose) form, details[open]")) return;
  try {
    if (document.body.dataset.pulse && !(await moved())) return gone(false);
    const answer = await fetch(here(), { headers: { "X-Refresh": "1" } });
    if (!answer.ok || answer.redirected) return gone(!answer.ok);
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    gone(false);
  } catch {
    gone(true);
  }
}

async function moved() {
  const answer = await fetch(document.body.dataset.pulse);
  if (!answer.ok) throw new Error("no pulse");
  const due = document.querySelector("#head .due, #clocks .due");
  return due !== null || (await answer.text()) !== document.body.dataset.vector;
}

// Each page has new keys and names in its hidden fields: they alone are no news.
function shape(element) {
  return element.innerHTML.replace(/<input type="hidden"[^>]*>/g, "");
}

// What can be done now; unless something is being typed, and with the same tab in front.
function offer(old, now) {
  if (typing() || old.contains(document.activeElement)) return;
  const tab = old.querySelector(".tab:checked")?.id;
  old.innerHTML = now.innerHTML;
  const same = tab && document.getElementById(tab);
  if (same) same.checked = true;
}

function take(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(old.id);
    if (!now || shape(now) === shape(old) || old.querySelector("details[open], #trouble")) continue;
    if (old.id === "compose") offer(old, now);
    else old.innerHTML = now.innerHTML;
  }
  const vector = fresh.body.dataset.vector;
  if (vector && !typing()) {
    // Nothing typed yet: what is written from now on is written in sight of what is new.
    document.body.dataset.vector = vector;
    for (const seen of document.querySelectorAll("[data-seen]")) seen.value = vector;
  }
  mark();
  localTimes();
}

// ---- times in the reader's own zone ----

function localTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.title = at.toLocaleString();
    if (/^\d\d:\d\d:\d\d$/.test(time.textContent)) {
      const recent = Date.now() - at < 86400000;
      time.textContent = recent ? at.toLocaleTimeString() : at.toLocaleString();
    }
  }
}

localTimes();
if (page === "ticket") document.getElementById("trouble")?.scrollIntoView({ block: "center" });
const seconds = Number(document.body.dataset.refresh);
if (seconds) setInterval(refresh, seconds * 1000);
