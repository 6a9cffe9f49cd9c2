// What the list of professionals gains from JavaScript: the position of the device, and the map that follows the list.
(() => {
  "use strict";

  const REFUSED = "Votre appareil n’a pas donné votre position. Tapez votre commune ou votre code postal.";
  const WAIT = 10000;
  const BESIDE = matchMedia("(width >= 75rem)");
  const rows = () => [...document.querySelectorAll("[data-portal-place]")];

  function ready() {
    document.querySelectorAll("[data-portal-position][hidden]").forEach((button) => { button.hidden = !navigator.geolocation; });
    document.querySelectorAll("[data-portal-with-position]").forEach((words) => { words.hidden = !navigator.geolocation; });
    const hasMap = document.getElementById("carte") !== null;
    document.querySelectorAll("[data-portal-show][hidden]").forEach((link) => { link.hidden = !hasMap; });
  }

  function locate(button) {
    const form = button.form;
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.removeAttribute("aria-busy");
        form.elements.position.value = `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`;
        form.elements.lieu.value = "";
        form.elements["chez-moi"]?.remove();
        form.requestSubmit();
      },
      () => {
        button.removeAttribute("aria-busy");
        document.getElementById("portal-position").textContent = REFUSED;
        form.elements.lieu.focus();
      },
      { maximumAge: 60000, timeout: WAIT },
    );
  }

  // The field and its list are a combobox once the list can come: WAI-ARIA's, whose focus stays in the field.
  const field = () => document.querySelector("[data-portal-combobox]");
  const list = () => document.getElementById("lieux");
  const options = () => [...(list()?.hidden ? [] : list()?.querySelectorAll("[role=option]") ?? [])];

  let isTyping = false;

  // What was proposed may come after the search began: it is then too late.
  function opened() {
    if (!isTyping && list()) list().hidden = true;
    const count = options().length;
    field().setAttribute("aria-expanded", String(count > 0));
    field().removeAttribute("aria-activedescendant");
    document.getElementById("communes-dites").textContent = count ? `${count} ${count > 1 ? "communes proposées" : "commune proposée"}` : "";
  }

  function close() {
    isTyping = false;
    opened();
  }

  function point(step) {
    const all = options();
    const now = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const next = all[(now + step + all.length + (now < 0 && step < 0 ? 1 : 0)) % all.length];
    all.forEach((option) => option.setAttribute("aria-selected", String(option === next)));
    field().setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  }

  function take(option) {
    field().value = option.textContent.trim();
    close();
    field().form.requestSubmit();
  }

  function combine(input) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", "lieux");
    input.setAttribute("aria-expanded", "false");
    input.addEventListener("input", () => { isTyping = true; });
    input.addEventListener("keydown", (event) => {
      const chosen = options().find((option) => option.getAttribute("aria-selected") === "true");
      if (event.key === "Escape" && options().length) { event.preventDefault(); close(); }
      if (["ArrowDown", "ArrowUp"].includes(event.key) && options().length) { event.preventDefault(); point(event.key === "ArrowDown" ? 1 : -1); }
      if (event.key === "Enter" && chosen) { event.preventDefault(); take(chosen); }
    });
    input.addEventListener("blur", () => setTimeout(close, 200));  // after the touch of an option
    input.form.addEventListener("submit", close);
  }

  // What the map holds, as it says itself; of anything else, the link opens the map anew, around that place.
  let held = { frame: null, names: [] };

  function show(event, link) {
    const frame = document.getElementById("carte");
    frame.scrollIntoView({ block: "nearest" });
    if (held.frame !== frame.contentWindow || !held.names.includes(link.dataset.portalShow)) return;
    event.preventDefault();
    held.frame.postMessage({ show: link.dataset.portalShow }, location.origin);
  }

  function choose(name) {
    rows().forEach((row) => row.removeAttribute("aria-current"));
    const row = rows().find((each) => each.dataset.portalPlace === name);
    row?.setAttribute("aria-current", "true");
    // Where the map is above the list, following it would hide the map that was just touched.
    if (BESIDE.matches) row?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    const position = target.closest?.("[data-portal-position]");
    const asked = target.closest?.("[data-portal-show]");
    const option = target.closest?.("#lieux [role=option]");
    if (option) take(option);
    if (position) locate(position);
    if (asked) show(event, asked);
  });
  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== location.origin) return;
    if (data?.held) held = { frame: source, names: data.held };
    if (data?.chosen) choose(data.chosen);
  });
  document.addEventListener("htmx:afterSettle", ({ target }) => (target.id === "lieux" ? opened() : ready()));
  document.addEventListener("DOMContentLoaded", () => {
    ready();
    if (field()) combine(field());
  });
})();
