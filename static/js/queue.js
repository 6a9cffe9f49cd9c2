// The desk's keys. Everything works without this file; whoever is disturbed by single keys switches them off.
(() => {
  "use strict";

  const KEPT = "portal-keys";
  const ON = "Raccourcis activés";
  const OFF = "Raccourcis désactivés";
  const list = () => document.querySelector("[data-portal-keys]");
  const links = () => [...document.querySelectorAll("[data-portal-row]")];

  // A browser that keeps nothing has the keys on, as at first.
  function isOn() {
    try { return localStorage.getItem(KEPT) !== "off"; } catch { return true; }
  }

  function show() {
    const button = document.querySelector("[data-portal-keys-switch]");
    button.setAttribute("aria-pressed", String(isOn()));
    button.textContent = isOn() ? ON : OFF;
  }

  function toggle() {
    try { localStorage.setItem(KEPT, isOn() ? "off" : "on"); } catch { return; }
    show();
  }

  function row() {
    return document.activeElement?.closest("tr:has([data-portal-row]), li:has([data-portal-row])");
  }

  function move(step) {
    const all = links();
    const at = all.indexOf(row()?.querySelector("[data-portal-row]"));
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  function tick() {
    const box = row()?.querySelector("input[type=checkbox]");
    if (box) box.checked = !box.checked;
  }

  const press = (button) => button?.click();

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    x: tick,
    m: () => press(links().length ? row()?.querySelector("[data-portal-take]") : document.querySelector("[data-portal-key=m]")),
    n: () => press(document.querySelector("[data-portal-key=n]")),
    "?": () => { if (list()) { list().open = true; list().querySelector("summary").focus(); } },
  };
  // Arrows are the page's own, save within the list.
  const ARROWS = { ArrowDown: 1, ArrowUp: -1 };

  const isTyping = (target) => Boolean(target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable], dialog"));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !isOn()) return;
    const act = event.key in ARROWS && row() ? () => move(ARROWS[event.key]) : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("click", ({ target }) => { if (target.closest?.("[data-portal-keys-switch]")) toggle(); });
  document.addEventListener("DOMContentLoaded", () => {
    if (!list()) return;
    list().hidden = false;
    show();
  });
})();
