// The application: which screen, when to lock, when to send.

import * as draft from "./draft.mjs";
import * as outbox from "./outbox.mjs";
import * as vault from "./vault.mjs";
import { button, clear, el, say, show, tell } from "./dom.mjs";
import { Filling } from "./form.mjs";
import { showHome } from "./home.mjs";
import { showNothing, showSetUp, showUnlock } from "./lock.mjs";

const URLS = document.body.dataset;
const IDLE_MS = 10 * 60_000, LOOK_MS = 15_000, RETRY_MS = 60_000;

let visits = [], due = [], found = null, outcome = null, sending = false, filling = null, online = navigator.onLine, touched = Date.now();

// --- screens ----------------------------------------------------------------------------------------------------------------

const path = () => location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);

async function route() {
  if (!vault.isOpen()) return gate();
  const [kind, id, ...parts] = path();
  if (kind === "visit" && (await openVisit(id))) return filling.show(parts);
  filling = null;
  return home();
}

async function openVisit(id) {
  if (filling?.visit.id === id) return true;
  const visit = await vault.get(id);
  const kept = visit && (await vault.keptForm(visit.form.public_id));
  if (!kept || ![draft.TAKEN, draft.DRAFT].includes(visit.state)) return false;
  filling = new Filling(visit, kept.model, () => finish(visit, kept.model));
  return true;
}

async function home() {
  const records = await vault.all();
  visits = await draft.forgetOld(records.filter((record) => record.kind === "visit"));
  due = records.find((record) => record.kind === "work")?.due ?? [];
  if (path()[0] === "visit") return;
  showHome({ visits, due, online, sending, outcome, found }, acts);
}

async function gate() {
  const kept = await vault.vaults();
  const offer = kept.length ? showUnlock(kept, { opened, setUp: (account) => showSetUp(account, opened) }) : null;
  let who = null;
  try { who = (await outbox.work()).account; } catch { /* Without a line, or signed out, only what is here can be opened. */ }
  if (vault.isOpen()) return;
  if (offer) { if (who) offer(who); }
  else if (who) showSetUp(who, opened);
  else showNothing(online);
}

async function opened() {
  touched = Date.now();
  document.getElementById("lock").hidden = false;
  await route();
  await refresh();
  await send();
}

function lock() {
  vault.lock();
  visits = []; due = []; found = null; filling = null;
  // What stood on the screen goes at once, whatever the next screen still has to wait for.
  clear();
  document.getElementById("lock").hidden = true;
  route();
}

// --- what one can do --------------------------------------------------------------------------------------------------------

// Fetch the visits due and keep them, sealed, for places without a line.
async function refresh() {
  if (!vault.isOpen() || !online) return;
  try {
    const told = await outbox.work();
    outcome = told.account.public_id === vault.owner() ? null : "other-account";
    if (!outcome) await vault.put({ id: `work:${vault.owner()}`, kind: "work", due: told.due });
  } catch (error) {
    note(error);
  }
  if (vault.isOpen() && !filling) await home();
}

function note(error) {
  if (error instanceof outbox.SignedOut) outcome = "signed-out";
  else if (error instanceof outbox.Offline) outcome = "offline";
  else if (!(error instanceof outbox.Refused)) throw error;
}

async function send() {
  if (sending || !vault.isOpen() || !online) return;
  if (!(await vault.all()).some((record) => record.state === draft.WAITING)) return;
  sending = true;
  const look = async () => { if (vault.isOpen() && !filling) await home(); };
  await look();
  try {
    outcome = await outbox.sendAll(look);
    if (outcome === "sent") { outcome = null; tell(say("all_sent")); }
  } catch (error) {
    // Locked while it was sending: what is with the server by now is known there again next time.
    if (vault.isOpen()) throw error;
  } finally {
    sending = false;
    await look();
  }
  if (outcome === "offline") setTimeout(send, RETRY_MS);
}

async function finish(visit, model) {
  // What was wrong is named in words later, when the form may no longer be here.
  visit.labels = labelsOf(model);
  await filling.saving;
  filling.leave("");
  await draft.finish(visit, model);
  filling = null;
  location.hash = "#/";
  askForSync();
  await send();
}

function labelsOf(model) {
  const chinese = document.documentElement.lang.startsWith("zh");
  const pairs = model.sections.flatMap((section) => section.questions.filter((each) => each.label).map((each) => [each.name, chinese ? each.label.zh : each.label.en]));
  return Object.fromEntries(pairs);
}

async function askForSync() {
  const ready = await navigator.serviceWorker.ready;
  try { await ready.sync?.register("send"); } catch { /* A browser without it, or that refuses: the page sends by itself. */ }
}

const acts = {
  send,
  async take(household) {
    try {
      const told = await outbox.form(household.public_id);
      await vault.keepForm(told.form, told.model);
      const visit = draft.take(told, household);
      await vault.put(visit);
      outcome = null;
      tell(say("taken"));
    } catch (error) {
      note(error);
      if (error instanceof outbox.Refused) found = { ...found, problem: error.message };
    }
    await home();
  },
  async search(code) {
    found = { code };
    try { Object.assign(found, await outbox.search(code)); } catch (error) {
      note(error);
      if (error instanceof outbox.Refused) found.problem = error.message;
    }
    await home();
  },
  async correct(visit) {
    const again = await draft.correct(visit);
    location.hash = `#/visit/${again.id}/review`;
  },
  async forget(visit) {
    await draft.forget(visit);
    await home();
  },
};

// --- what happens by itself -------------------------------------------------------------------------------------------------

function listen() {
  window.addEventListener("hashchange", route);
  for (const kind of ["pointerdown", "keydown", "input"]) window.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  const look = () => { if (vault.isOpen() && Date.now() - touched >= IDLE_MS) lock(); };
  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", async () => { online = true; await refresh(); await send(); });
  window.addEventListener("offline", () => { online = false; if (vault.isOpen() && !filling) home(); });
  window.addEventListener("pagehide", () => vault.lock());
  window.addEventListener("pageshow", (event) => { if (event.persisted) route(); });
  document.getElementById("lock").addEventListener("click", lock);
  // Signing out, in whichever window, locks.
  new BroadcastChannel("nongqiao-collect").addEventListener("message", (event) => { if (event.data === "lock") lock(); });
  navigator.serviceWorker.addEventListener("message", (event) => { if (event.data === "send") send(); });
}

// Two windows that write the same drafts would take each other's answers back, so only one is at work.
function alone(begin) {
  const here = (lock) => (lock ? new Promise(() => { begin(); }) : Promise.resolve(elsewhere()));
  const elsewhere = () => show("elsewhere", el("h1", {}, say("elsewhere_title")), el("p", {}, say("elsewhere")), button(say("try_again"), () => location.reload()));
  navigator.locks.request("nongqiao-collect", { signal: AbortSignal.timeout(5000) }, here).catch(elsewhere);
}

async function start() {
  const able = window.isSecureContext && crypto.subtle && navigator.serviceWorker && navigator.locks && window.indexedDB;
  if (!able) return show("unable", el("h1", {}, say("collection")), el("p", {}, say("unable")), el("a", { class: "button", href: URLS.files }, say("files")));
  navigator.serviceWorker.register(URLS.worker, { scope: URLS.scope, updateViaCache: "none" });
  alone(() => { listen(); route(); });
}

start();
