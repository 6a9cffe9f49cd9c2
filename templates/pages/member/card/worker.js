// Shows the kept card when the network or the portal does not answer. It keeps nothing itself (js/card.js does), and answers for the
// card's own address and for the files that draw it, nothing else.
"use strict";

const KEPT = "portal-card";
const PAGE = {{ url("member.card") | tojson }};
const FILES = [{% for plain in files %}{{ asset(plain) | tojson }}{{ ", " if not loop.last }}{% endfor %}];

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const kept = async (address) => (await caches.open(KEPT)).match(address);

async function card(request) {
  try {
    const answer = await fetch(request);
    return answer.status >= 500 ? ((await kept(PAGE)) ?? answer) : answer;
  } catch (failure) {
    const copy = await kept(PAGE);
    if (copy) return copy;
    throw failure;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && address.pathname === PAGE) event.respondWith(card(request));
  else if (FILES.includes(address.pathname)) event.respondWith(kept(address.pathname).then((copy) => copy ?? fetch(request)));
});
