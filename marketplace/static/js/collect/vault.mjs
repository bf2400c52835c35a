// What is kept on the device, sealed: nothing personal is written but under a key that lives in memory alone.
//
// A passphrase makes a key by PBKDF2 (SHA-256); that key opens the vault's own, which seals every record by AES-GCM with a fresh
// nonce, bound to the officer, the store and the record's id. Neither key can be taken out of the browser once it is there.
// Wrong tries make the wait grow; nothing is ever wiped, because what has not been sent exists nowhere else.

const NAME = "nongqiao-collect";
const FORMAT = 1;
// What OWASP asks of PBKDF2-SHA-256; a fast device takes more, up to half a second's worth.
const FEWEST_ROUNDS = 600_000, MOST_ROUNDS = 4_000_000, WANTED_MS = 500;
export const SHORTEST = 8;
const FREE_TRIES = 5, FIRST_WAIT_S = 30, LONGEST_WAIT_S = 900;
const STORES = ["records", "photos"];

let database = null;
let opened = null;

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function connection() {
  if (database) return database;
  const request = indexedDB.open(NAME, FORMAT);
  request.onupgradeneeded = () => {
    const made = request.result;
    made.createObjectStore("vaults", { keyPath: "account" });
    made.createObjectStore("forms", { keyPath: "public_id" });
    made.createObjectStore("device", { keyPath: "name" });
    for (const store of STORES) made.createObjectStore(store, { keyPath: "id" }).createIndex("account", "account");
  };
  database = await answer(request);
  database.onversionchange = () => { database.close(); database = null; };
  return database;
}

// One transaction, durable: a draft that was said to be saved must outlive a dead battery.
async function inside(stores, mode, work) {
  const line = (await connection()).transaction(stores, mode, { durability: "strict" });
  const done = new Promise((resolve, reject) => {
    line.oncomplete = resolve;
    line.onabort = line.onerror = () => reject(line.error);
  });
  // A request that fails is told of where it was made; the transaction's own word of it is not a second failure.
  done.catch(() => {});
  const result = await work((name) => line.objectStore(name));
  await done;
  return result;
}

const read = (store, key) => inside([store], "readonly", (at) => answer(at(store).get(key)));
const write = (store, value) => inside([store], "readwrite", (at) => answer(at(store).put(value)));

// --- the passphrase ---------------------------------------------------------------------------------------------------------

const text = (words) => new TextEncoder().encode(words);

async function keyFrom(passphrase, salt, iterations) {
  const material = await crypto.subtle.importKey("raw", text(passphrase.normalize("NFKC")), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
}

async function roundsHere() {
  const began = performance.now();
  await keyFrom("a measure", new Uint8Array(16), 100_000);
  const each = Math.max(performance.now() - began, 1) / 100_000;
  return Math.round(Math.min(Math.max(WANTED_MS / each, FEWEST_ROUNDS), MOST_ROUNDS));
}

// Why a passphrase will not do: "short" or "plain"; null for one that will.
export function weakness(passphrase) {
  const letters = [...passphrase.normalize("NFKC")];
  if (letters.length < SHORTEST) return "short";
  const steps = new Set(letters.slice(1).map((letter, at) => letter.codePointAt(0) - letters[at].codePointAt(0)));
  return steps.size === 1 || new Set(letters).size < 4 ? "plain" : null;
}

const sealing = (account) => ({ name: "AES-GCM", additionalData: text(`${NAME}:${FORMAT}:${account}:key`) });

// Make an officer's vault on this device and leave it open.
export async function make(account, label, passphrase) {
  const salt = crypto.getRandomValues(new Uint8Array(16)), iv = crypto.getRandomValues(new Uint8Array(12));
  const iterations = await roundsHere();
  const outer = await keyFrom(passphrase, salt, iterations);
  const inner = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
  const wrapped = await crypto.subtle.wrapKey("raw", inner, outer, { ...sealing(account), iv });
  const vault = { account, label, salt, iv, iterations, wrapped, tries: 0, wait_until: 0 };
  // Somebody else's window may have made it in the meantime: an existing vault is never written over.
  await inside(["vaults"], "readwrite", (at) => answer(at("vaults").add(vault)));
  await navigator.storage?.persist?.();
  opened = { account, key: await unwrap(vault, outer) };
}

const unwrap = (vault, outer) => {
  const how = { ...sealing(vault.account), iv: vault.iv };
  return crypto.subtle.unwrapKey("raw", vault.wrapped, outer, how, { name: "AES-GCM" }, false, ["encrypt", "decrypt"]);
};

// How many records lie in a vault, open or not.
export const count = (account) => inside(["records"], "readonly", (at) => answer(at("records").index("account").count(account)));

// Give up a vault that can no longer be opened, with all that is in it.
export async function abandon(account) {
  await inside(["vaults", ...STORES], "readwrite", async (at) => {
    for (const store of STORES) {
      for (const key of await answer(at(store).index("account").getAllKeys(account))) await answer(at(store).delete(key));
    }
    await answer(at("vaults").delete(account));
  });
}

export const vaults = async () => inside(["vaults"], "readonly", (at) => answer(at("vaults").getAll()));

// Open a vault: { open: true }, or { wait_s } after how long the next try counts. A try is counted before it is made.
export async function open(account, passphrase) {
  const now = Date.now();
  const vault = await inside(["vaults"], "readwrite", async (at) => {
    const kept = await answer(at("vaults").get(account));
    if (kept.wait_until > now) return { ...kept, early: true };
    kept.tries += 1;
    if (kept.tries >= FREE_TRIES) {
      kept.wait_until = now + 1000 * Math.min(FIRST_WAIT_S * 2 ** (kept.tries - FREE_TRIES), LONGEST_WAIT_S);
    }
    await answer(at("vaults").put(kept));
    return kept;
  });
  const wait_s = Math.max(0, Math.ceil((vault.wait_until - now) / 1000));
  if (vault.early) return { open: false, wait_s };
  const outer = await keyFrom(passphrase, vault.salt, vault.iterations);
  let key;
  try {
    key = await unwrap(vault, outer);
  } catch {
    return { open: false, wait_s };
  }
  await write("vaults", { ...vault, tries: 0, wait_until: 0 });
  opened = { account, key };
  return { open: true, wait_s: 0 };
}

export function lock() {
  opened = null;
}

export const isOpen = () => opened !== null;
export const owner = () => opened?.account ?? null;

// --- sealed records ---------------------------------------------------------------------------------------------------------

const place = (account, store, id) => text(`${NAME}:${FORMAT}:${account}:${store}:${id}`);

async function seal(store, id, bytes) {
  const { account, key } = opened;
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: place(account, store, id) }, key, bytes);
  return { id, account, iv, sealed };
}

async function unseal(store, { id, account, iv, sealed }) {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: place(account, store, id) }, opened.key, sealed);
}

export async function put(record) {
  await write("records", await seal("records", record.id, text(JSON.stringify(record))));
}

export async function get(id) {
  const kept = await read("records", id);
  return kept && kept.account === opened.account ? JSON.parse(new TextDecoder().decode(await unseal("records", kept))) : null;
}

export async function all() {
  const mine = await inside(["records"], "readonly", (at) => answer(at("records").index("account").getAll(opened.account)));
  const opening = mine.map(async (kept) => JSON.parse(new TextDecoder().decode(await unseal("records", kept))));
  return Promise.all(opening);
}

export async function putPhoto(id, blob) {
  await write("photos", await seal("photos", id, await blob.arrayBuffer()));
}

export async function getPhoto(id) {
  const kept = await read("photos", id);
  return kept ? new Blob([await unseal("photos", kept)], { type: "image/jpeg" }) : null;
}

// Forget a record and its photos, together.
export async function remove(id, photos = []) {
  await inside(STORES, "readwrite", async (at) => {
    await answer(at("records").delete(id));
    for (const photo of photos) await answer(at("photos").delete(photo));
  });
}

// Put a new record in place of an old one, and forget photos that nothing names any more: all of it, or nothing.
export async function replace(record, forgottenId = null, photos = []) {
  const row = await seal("records", record.id, text(JSON.stringify(record)));
  await inside(STORES, "readwrite", async (at) => {
    await answer(at("records").put(row));
    if (forgottenId) await answer(at("records").delete(forgottenId));
    for (const photo of photos) await answer(at("photos").delete(photo));
  });
}

// --- what is nobody's -------------------------------------------------------------------------------------------------------

export const keepForm = (form, model) => write("forms", { public_id: form.public_id, form, model });
export const keptForm = (publicId) => read("forms", publicId);

// A name of this installation, drawn once; it says nothing of the phone.
export async function device() {
  return inside(["device"], "readwrite", async (at) => {
    const kept = await answer(at("device").get("id"));
    if (kept) return kept.value;
    const value = `web:${crypto.randomUUID()}`;
    await answer(at("device").put({ name: "id", value }));
    return value;
  });
}
