// Reads the code of a card by the device's camera, where the browser itself knows how to. No picture leaves the device,
// and nothing is sent: what is read fills the form. Without this file one types the number, or sends a photo.
(() => {
  "use strict";

  const WANTED = ["data_matrix", "qr_code"];
  const EVERY = 200;
  const PATIENCE = 10_000;
  const AIM = "Cadrez le code carré imprimé sur la carte.";
  const CLOSER = "Rien n’est encore lu. Rapprochez la carte, sans reflet. Vous pouvez aussi fermer et saisir le numéro.";
  const FOREIGN = "Ce code n’est pas celui d’une de nos cartes. Présentez notre carte, ou fermez et saisissez le numéro.";
  const REFUSED = "L’appareil photo n’est pas autorisé. Autorisez-le dans votre navigateur, envoyez une photo, ou saisissez le numéro.";
  const ABSENT = "L’appareil photo ne répond pas. Envoyez une photo de la carte, ou saisissez son numéro.";
  const READ = (number) => `Carte lue : n° d’adhérent ${number}. Complétez ce qui manque, puis vérifiez les droits.`;

  const button = document.querySelector("[data-portal-scan]");
  const dialog = document.getElementById("lecteur");
  const video = dialog?.querySelector("video");
  const heard = dialog?.querySelector("[role=status]");
  const said = document.getElementById("carte-lue");
  let detector, timer, patience;

  const tell = (region, words) => { if (region.textContent !== words) region.textContent = words; };

  async function ready() {
    if (!button || !("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
    const formats = (await BarcodeDetector.getSupportedFormats()).filter((each) => WANTED.includes(each));
    const devices = await navigator.mediaDevices.enumerateDevices();
    if (!formats.includes(WANTED[0]) || !devices.some(({ kind }) => kind === "videoinput")) return;
    detector = new BarcodeDetector({ formats });
    button.hidden = false;
  }

  async function open() {
    tell(said, "");
    tell(heard, AIM);
    dialog.showModal();
    const camera = { facingMode: { ideal: "environment" }, width: { ideal: 1920 } };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: camera });
      video.srcObject = stream;
      if (!dialog.open) return stop();
      await video.play();
    } catch (error) {
      if (dialog.open) tell(said, error.name === "NotAllowedError" ? REFUSED : ABSENT);
      return dialog.close();
    }
    patience = setTimeout(() => tell(heard, CLOSER), PATIENCE);
    look();
  }

  // One look after the other: a slow device never has two at once.
  async function look() {
    const codes = await detector.detect(video).catch(() => []);
    if (!dialog.open) return;
    const ours = codes.find(({ rawValue }) => rawValue.startsWith(button.dataset.portalScan));
    if (ours) return take(ours.rawValue);
    if (codes.length) tell(heard, FOREIGN);
    timer = setTimeout(look, EVERY);
  }

  function take(text) {
    dialog.close();
    const fields = document.getElementById("numero").form.elements;
    fields.numero.value = text;
    (fields.naissance.value ? fields.motif : fields.naissance).focus();
    tell(said, READ(text.split("|")[4]));
  }

  function stop() {
    clearTimeout(timer);
    clearTimeout(patience);
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }

  ready().catch(() => undefined); // without the camera, the page itself is still there
  button?.addEventListener("click", open);
  dialog?.addEventListener("close", stop);
  dialog?.querySelector("[data-portal-close]").addEventListener("click", () => dialog.close());
  document.addEventListener("visibilitychange", () => { if (document.hidden && dialog?.open) dialog.close(); });
})();
