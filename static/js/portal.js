// What the pages gain from JavaScript besides htmx. Everything works without this file.
(() => {
  "use strict";

  const CONSEQUENCES = {
    401: "Votre session a pris fin\u00a0: rien n’est envoyé. Copiez ce que vous avez écrit, puis reconnectez-vous.",
    403: "Cette action ne vous est pas permise. Rechargez la page, puis réessayez.",
    404: "Cet élément n’existe plus. Rechargez la page pour voir la liste à jour.",
    409: "Cet élément a changé entre-temps. Rechargez la page, puis réessayez.",
    413: "Le fichier envoyé est trop lourd. Choisissez un fichier plus petit.",
    429: "Trop de demandes en peu de temps. Patientez une minute, puis réessayez.",
    503: "Le service est interrompu un court moment. Réessayez dans quelques minutes.",
  };
  const BROKEN = "Un incident est survenu de notre côté. Rechargez la page pour voir si votre demande est prise en compte, puis réessayez.";
  const OFFLINE = "La connexion semble coupée. Vérifiez votre réseau, puis réessayez.";
  const SLOW = "La réponse tarde trop. Vérifiez votre réseau, puis réessayez.";

  const MINUTE_S = 60;

  // A refusal that lasts says when it ends.
  function consequence(xhr) {
    const seconds = Number(xhr.getResponseHeader("Retry-After"));
    if (xhr.status !== 429 || seconds <= MINUTE_S) return CONSEQUENCES[xhr.status] ?? BROKEN;
    const end = new Date(Date.now() + (seconds + MINUTE_S) * 1000);
    const day = end.toLocaleDateString("fr-FR", { weekday: "long", day: "numeric", month: "long" });
    return `Trop de demandes. Vous pourrez reprendre le ${day} à ${end.getHours()} h ${String(end.getMinutes()).padStart(2, "0")}.`;
  }

  const alertRegion = () => document.getElementById("portal-alert");

  function say(message) {
    const region = alertRegion();
    if (!region) return;
    const box = document.createElement("p");
    box.className = "notice bad";
    box.textContent = message;
    region.replaceChildren(box);
    region.scrollIntoView({ block: "nearest" });
  }

  function focusIn(root) {
    if (!root || !root.querySelector) return;
    const mark = "[data-portal-focus]";
    const found = root.matches(mark) ? root : root.querySelector(mark);
    if (!found) return;
    if (found.tabIndex < 0 && !found.hasAttribute("tabindex")) found.setAttribute("tabindex", "-1");
    found.focus();
  }

  // What was asked for took its own form away: the focus goes back to what had opened it.
  function giveBack(asker) {
    const opener = document.getElementById(asker?.dataset?.portalBack || "");
    if (opener && document.activeElement === document.body) opener.focus();
  }

  // A live region is heard when its words change, not when it arrives: one that stays repeats what a swap brought.
  function announceFrom(root) {
    const said = root?.querySelector?.("[data-portal-said]");
    const region = document.getElementById("portal-status");
    if (said && region) region.textContent = said.textContent;
  }

  function reveal(button) {
    const input = document.getElementById(button.dataset.portalReveal);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  }

  const showRevealButtons = (root) =>
    root.querySelectorAll("[data-portal-reveal][hidden], [data-portal-all][hidden]").forEach((button) => { button.hidden = false; });

  const on = (name, react) => document.addEventListener(name, react);

  // What a page asks again and again by itself is nobody's act: it hides no message, and keeps no session open.
  const isByItself = (target) => Boolean(target?.matches?.("[data-portal-polled]"));

  on("htmx:beforeRequest", ({ detail }) => {
    if (isByItself(detail.target)) return;
    alertRegion()?.replaceChildren();
    detail.target?.setAttribute("aria-busy", "true");
  });
  on("htmx:afterRequest", ({ detail }) => detail.target?.removeAttribute("aria-busy"));
  on("htmx:responseError", ({ detail }) => say(consequence(detail.xhr)));
  on("htmx:sendError", () => say(OFFLINE));
  on("htmx:timeout", () => say(SLOW));
  on("htmx:afterSettle", ({ target, detail }) => {
    announceFrom(target);
    // Rows that follow come after the group that was asked for them.
    focusIn(target.matches?.("tbody") ? target.nextElementSibling : target);
    giveBack(detail.requestConfig?.elt);
    showRevealButtons(document);
  });
  on("htmx:xhr:progress", ({ target, detail }) => {
    const bar = target.closest?.("[data-portal-upload]")?.querySelector("progress");
    if (!bar || !detail.lengthComputable || detail.total < 1) return;
    bar.hidden = false;
    bar.value = Math.round((detail.loaded / detail.total) * 100);
  });
  // The card that this device keeps goes with the session: on leaving, and where somebody is about to sign in.
  function forgetCard() {
    window.caches?.delete("portal-card").catch(() => undefined);
    navigator.serviceWorker?.getRegistrations().then((all) => all.forEach((each) => each.unregister())).catch(() => undefined);
  }
  on("submit", ({ target }) => { if (target.matches("form[data-portal-forget]")) forgetCard(); });
  if (document.querySelector("[data-portal-forget]:not(form)")) forgetCard();

  // A list's choice: all of what is shown, or nothing once all is chosen.
  function chooseAll(form) {
    const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
    const isOn = boxes.some((box) => !box.checked);
    boxes.forEach((box) => { box.checked = isOn; });
  }

  on("click", ({ target }) => {
    const all = target.closest?.("[data-portal-all]");
    if (all) chooseAll(all.form);
    const button = target.closest?.("[data-portal-reveal]");
    if (button) reveal(button);
    if (target.closest?.("[data-portal-print]")) window.print();
  });
  on("portal:alert", ({ detail }) => say(detail));

  const WARNING_MS = 120_000;
  let idleTimer;

  function watchIdleTime() {
    const notice = document.getElementById("session");
    clearTimeout(idleTimer);
    if (!notice) return;
    notice.hidden = true;
    idleTimer = setTimeout(() => { notice.hidden = false; }, notice.dataset.portalIdle * 1000 - WARNING_MS);
  }

  on("htmx:afterSettle", ({ target }) => { if (!isByItself(target)) watchIdleTime(); });

  // A page restored from the back/forward cache may show what a signed-out person must not see.
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

  showRevealButtons(document);
  document.querySelectorAll("[data-portal-print]").forEach((button) => { button.hidden = false; });
  watchIdleTime();
})();
