// The page and its files, kept for places without a line. Built with KEPT before it: { version, shell, source, files }.
// Only these are ever kept: an answer of the register goes past this worker, and lies on the device nowhere but in the vault.

const CACHE = `nongqiao-collect-${KEPT.version}`;
const OURS = "nongqiao-collect-";
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      await cache.addAll(KEPT.files);
      const page = await fetch(KEPT.source, { cache: "no-store" });
      if (!page.ok || page.redirected) throw new Error("the page could not be fetched");
      await cache.put(KEPT.shell, page);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && url.pathname === KEPT.shell) event.respondWith(page(request));
  else if (KEPT.files.includes(url.pathname + url.search)) event.respondWith(file(request));
});

// The newest page while there is a line, the kept one otherwise. It is kept only together with the files that it names.
async function page(request) {
  const kept = await caches.match(KEPT.shell);
  try {
    return await fetch(request, { signal: kept ? AbortSignal.timeout(PATIENCE_MS) : undefined });
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}

// The browser says that there is a line again. The key to the outbox is in the page, so the page sends.
self.addEventListener("sync", (event) => {
  event.waitUntil(
    (async () => {
      for (const client of await self.clients.matchAll({ type: "window" })) client.postMessage("send");
    })(),
  );
});
