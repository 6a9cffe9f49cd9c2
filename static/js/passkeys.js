// Passkeys: a form that carries data-portal-passkey asks its options there, lets the browser sign, and sends the answer.
// Without this file, or in a browser without passkeys, those forms stay hidden and the page offers its other ways.
(() => {
  "use strict";

  const CANCELLED = "La clé d’accès n’a pas été utilisée. Réessayez, ou choisissez un autre moyen.";
  const KNOWN = "Cet appareil a déjà une clé pour votre compte.";
  const OFFLINE = "La connexion semble coupée. Vérifiez votre réseau, puis réessayez.";
  const BUSY = "Trop de demandes en peu de temps. Patientez une minute, puis réessayez.";
  const WAY = { create: "create", get: "get" };

  const say = (message) => document.dispatchEvent(new CustomEvent("portal:alert", { detail: message }));

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const withBytes = (credentials) => credentials?.map((each) => ({ ...each, id: bytes(each.id) }));

  function readOptions(json) {
    const options = { ...json, challenge: bytes(json.challenge) };
    if (json.user) options.user = { ...json.user, id: bytes(json.user.id) };
    if (json.excludeCredentials) options.excludeCredentials = withBytes(json.excludeCredentials);
    if (json.allowCredentials) options.allowCredentials = withBytes(json.allowCredentials);
    return options;
  }

  function writeAnswer(credential) {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = text(credential.response[part]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  }

  async function optionsFor(form) {
    const body = new URLSearchParams({ jeton: form.elements.jeton.value });
    const answer = await fetch(form.dataset.portalPasskey, { method: "POST", body });
    if (answer.status === 429) throw new Error(BUSY);
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    // Anything else is a page: the session has ended, or identity must be confirmed first. This page leads there.
    return answer.ok && isJson ? readOptions(await answer.json()) : null;
  }

  async function sign(form) {
    let options;
    try {
      options = await optionsFor(form);
    } catch (error) {
      say(error.message === BUSY ? BUSY : OFFLINE);
      return;
    }
    if (!options) {
      window.location.reload();
      return;
    }
    try {
      const way = WAY[form.dataset.portalCeremony];
      form.elements.reponse.value = writeAnswer(await navigator.credentials[way]({ publicKey: options }));
    } catch (error) {
      say(error.name === "InvalidStateError" ? KNOWN : CANCELLED);
      return;
    }
    form.submit();
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-portal-passkey]")) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    await sign(form);
    form.removeAttribute("aria-busy");
  });

  if (window.PublicKeyCredential) {
    document.querySelectorAll("[data-portal-passkey]").forEach((form) => { form.hidden = false; });
    document.querySelectorAll("[data-portal-passkey-absent]").forEach((words) => { words.hidden = true; });
  }
})();
