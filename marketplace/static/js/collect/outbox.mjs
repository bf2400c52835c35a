// Sending what waits. The same bytes under the same instance id, until the server says that it has them.

import * as vault from "./vault.mjs";
import { WAITING, refuse, settle } from "./draft.mjs";

const URLS = document.body.dataset;
const PATIENCE_MS = 90_000;
const JSON_ANSWER = { Accept: "application/json" };

export class Offline extends Error {}
export class SignedOut extends Error {}
// The server refuses and says why; trying again would change nothing.
export class Refused extends Error {}

// Ask the server for JSON.
export async function ask(url, options = {}) {
  let response;
  try {
    const headers = { ...JSON_ANSWER, ...options.headers };
    response = await fetch(url, { ...options, headers, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Offline();
  }
  if (response.status === 401) throw new SignedOut();
  let told = null;
  try { told = await response.json(); } catch { /* An answer that is no JSON comes from something between us and the server. */ }
  if (response.ok && told) return { status: response.status, told };
  // A token that has run out, a server at rest, a proxy: all of it passes.
  if (!told || response.status === 400 || response.status === 429 || response.status >= 500) throw new Offline();
  throw new Refused(told.detail, { cause: told });
}

export const work = async () => (await ask(URLS.work)).told;
export const search = async (code) => (await ask(`${URLS.households}?code=${encodeURIComponent(code)}`)).told;
export const form = async (household) => (await ask(`${URLS.form}?household=${encodeURIComponent(household)}`)).told;

// Send all that waits, one window at a time. Answers what happened: "sent", "offline", "signed-out" or "other-account".
export async function sendAll(after = () => {}) {
  return navigator.locks.request("nongqiao-collect-sending", async () => {
    const waiting = (await vault.all()).filter((record) => record.kind === "visit" && record.state === WAITING);
    if (!waiting.length) return "sent";
    waiting.sort((one, other) => one.ended_at.localeCompare(other.ended_at));
    try {
      const { account, csrf_token: token } = await work();
      // What one officer gathered is never sent in another's name.
      if (account.public_id !== vault.owner()) return "other-account";
      for (const visit of waiting) {
        await send(visit, token);
        await after();
      }
      return "sent";
    } catch (error) {
      if (error instanceof Offline) return "offline";
      if (error instanceof SignedOut) return "signed-out";
      throw error;
    }
  });
}

async function send(visit, token) {
  let answer;
  try {
    answer = await sendParts(visit, token);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return refuse(visit, { detail: error.message, fields: {} });
  }
  const { told } = answer;
  if (told.state === "done") return settle(visit, told);
  if (told.state === "failed") return refuse(visit, { code: told.fault, fields: told.fault_fields });
  // It is kept there, and is still to be taken in: the next round asks again.
  throw new Offline();
}

// Photos go one by one, so that a line that breaks costs one photo and not all of them.
async function sendParts(visit, token) {
  const headers = { "X-CSRFToken": token };
  let answer = await ask(URLS.submit, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: visit.body });
  const photos = Object.values(visit.photos);
  for (const name of answer.told.missing_files) {
    const photo = photos.find((each) => each.name === name);
    const blob = photo && (await vault.getPhoto(photo.id));
    if (!blob) throw new Refused(`missing photo ${name}`);
    const parts = new FormData();
    parts.append("submission", new Blob([visit.body], { type: "application/json" }), "submission.json");
    parts.append("photo", blob, name);
    answer = await ask(URLS.submit, { method: "POST", headers, body: parts });
  }
  return answer;
}
