// What the list of professionals gains from JavaScript: the position of the device, and the map that follows the list.
(() => {
  "use strict";

  const REFUSED = "Votre appareil n’a pas donné votre position. Tapez votre commune ou votre code postal.";
  const WAIT = 10000;
  const BESIDE = matchMedia("(width >= 75rem)");
  const rows = () => [...document.querySelectorAll("[data-portal-place]")];

  function ready() {
    document.querySelectorAll("[data-portal-position][hidden]").forEach((button) => { button.hidden = !navigator.geolocation; });
    const hasMap = document.getElementById("carte") !== null;
    document.querySelectorAll("[data-portal-show][hidden]").forEach((button) => { button.hidden = !hasMap; });
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

  function show(button) {
    const frame = document.getElementById("carte");
    frame?.contentWindow.postMessage({ show: button.dataset.portalShow }, location.origin);
    frame?.scrollIntoView({ block: "nearest" });
  }

  function choose(name) {
    rows().forEach((row) => row.removeAttribute("aria-current"));
    const row = rows().find((each) => each.dataset.portalPlace === name);
    row?.setAttribute("aria-current", "true");
    // Where the map is above the list, following it would hide the map that was just touched.
    if (BESIDE.matches) row?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", ({ target }) => {
    const position = target.closest?.("[data-portal-position]");
    const asked = target.closest?.("[data-portal-show]");
    if (position) locate(position);
    if (asked) show(asked);
  });
  addEventListener("message", ({ origin, data }) => {
    if (origin === location.origin && data?.chosen) choose(data.chosen);
  });
  document.addEventListener("htmx:afterSettle", ready);
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", ready) : ready();
})();
