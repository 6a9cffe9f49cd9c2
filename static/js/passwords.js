// How long a new password is so far, in words under its field. It never blocks anything: the server judges.
(() => {
  "use strict";

  const PAUSE_MS = 600;

  function words(missing) {
    if (missing > 1) return `Encore ${missing} caractères.`;
    if (missing === 1) return "Encore un caractère.";
    return "La longueur suffit. Plus long, c’est encore mieux.";
  }

  function follow(field) {
    const fewest = Number(field.dataset.portalFewest);
    const said = document.createElement("p");
    let pause;
    said.className = "hint after";
    said.setAttribute("role", "status");
    field.closest(".field").append(said);
    field.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => {
        const length = [...field.value.normalize("NFC")].length;
        said.textContent = length ? words(fewest - length) : "";
      }, PAUSE_MS);
    });
  }

  document.querySelectorAll("[data-portal-fewest]").forEach(follow);
})();
