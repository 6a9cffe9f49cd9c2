// Keeps today's card on this device, for a counter without network: one document and the files that draw it.
(() => {
  "use strict";

  const KEPT = "portal-card";
  const here = document.querySelector("[data-portal-card]");
  if (!here || !("serviceWorker" in navigator) || !("caches" in window)) return;
  const { portalCard, portalKept, portalWorker } = here.dataset;

  // What the document needs in order to be drawn: its own style sheet, font and mark, under their present names.
  function filesOf(text) {
    const document_ = new DOMParser().parseFromString(text, "text/html");
    const links = document_.querySelectorAll("link[rel=preload], link[rel=stylesheet], link[rel=icon]");
    return Array.from(links, (link) => link.getAttribute("href"));
  }

  async function keep() {
    const answer = await fetch(portalKept, { cache: "no-store", redirect: "error" });
    await caches.delete(KEPT);
    if (!answer.ok) return;
    const cache = await caches.open(KEPT);
    await cache.addAll(filesOf(await answer.clone().text()));
    await cache.put(portalCard, answer);
    document.getElementById("gardee").hidden = false;
  }

  navigator.serviceWorker
    .register(portalWorker, { scope: portalCard })
    .then(() => navigator.serviceWorker.ready)
    .then(keep)
    .catch(() => undefined); // without a copy, the page itself is still there
})();
