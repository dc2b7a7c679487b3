// What the panel does better with a script; everything works without it.
"use strict";

const page = document.body.dataset.page;

// ---- keys: j and k move, Enter opens, r replies, n notes, q is the queue, / finds, ... ----

const rows = () => [...document.querySelectorAll("tr[data-row]")];
const QUEUES = {};
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

function canned() {
  open("reply");
  const fold = document.querySelector('[data-fold="canned"]');
  if (!fold) return;
  fold.open = true;
  fold.querySelector("button")?.focus();
}

// The tickets of the queue that was looked at last, to go from one to the next.
function remember() {
  const numbers = rows().map((row) => row.dataset.row);
  if (page === "queue" && numbers.length) sessionStorage.setItem("queue", JSON.stringify(numbers));
}

function beside(step) {
  const numbers = JSON.parse(sessionStorage.getItem("queue") || "[]");
  const now = numbers.indexOf(document.body.dataset.here?.split("/").pop());
  const next = numbers[now + step];
  if (now >= 0 && next) location.href = `/tickets/${next}`;
}

function queue(number) {
  document.querySelectorAll("#queues li:not(.apart) a")[number - 1]?.click();
}

for (let number = 1; number <= 9; number += 1) QUEUES[number] = () => queue(number);

const KEYS = {
  ...QUEUES,
  j: () => choose(1),
  k: () => choose(-1),
  r: () => open("reply"),
  n: () => open("note"),
  m: () => open("macro"),
  p: () => open("progress"),
  s: () => open("resolve"),
  c: canned,
  t: () => document.querySelector('[data-key="t"]')?.focus(),
  f: () => document.querySelector('[data-form="follow"] button, [data-form="unfollow"] button')?.click(),
  "]": () => beside(1),
  "[": () => beside(-1),
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

// ---- a canned response goes where the cursor was ----

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  const field = document.querySelector('[data-form="reply"] textarea');
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  button.closest("details").open = false;
  field.focus();
});

// ---- what is typed is kept on the server, a moment later ----

const waiting = new Map();

function keep(form, last) {
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
  const url = form.action.replace("/do/", "/draft/");
  fetch(url, { method: "POST", body: fields, keepalive: last }).then((answer) => kept(answer.ok), () => kept(false));
}

function kept(is) {
  document.querySelector(".kept")?.remove();
  const sign = document.createElement("p");
  sign.className = "kept";
  sign.textContent = is ? "Draft kept" : "The draft could not be kept";
  document.body.append(sign);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("#compose form");
  if (!form || event.target.type === "file") return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => keep(form, false), 1000));
});

addEventListener("pagehide", () => {
  for (const form of [...waiting.keys()]) if (!form.dataset.sent) keep(form, true);
});

// ---- one click is one form ----

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  clearTimeout(waiting.get(form));
  waiting.delete(form);
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
  remember();
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
remember();
if (page === "ticket") document.getElementById("trouble")?.scrollIntoView({ block: "center" });
const seconds = Number(document.body.dataset.refresh);
if (seconds) setInterval(refresh, seconds * 1000);
