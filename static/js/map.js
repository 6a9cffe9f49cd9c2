// The map of professionals, in a frame of its own. Folium's script calls `portalMap`; everything that the map says, the
// list beside it says too.
(() => {
  "use strict";

  const NAMES_APART = { wide: 90, high: 22 };
  const escaped = (words) => {
    const box = document.createElement("span");
    box.textContent = words;
    return box.innerHTML;
  };
  const named = (layer, words) => layer.on("add", () => layer.getElement()?.setAttribute("aria-label", words));

  function marker([latitude, longitude, name, words]) {
    const icon = L.divIcon({ className: "pin", html: "<span></span>", iconSize: [32, 32], iconAnchor: [16, 32], popupAnchor: [0, -28] });
    const made = L.marker([latitude, longitude], { icon, title: words, riseOnHover: true });
    made.practice = name;
    return portalKeys.watch(named(made, words));
  }

  function group(cluster) {
    const count = cluster.getChildCount();
    portalKeys.watch(named(cluster, `${count} professionnels ici, agrandir`));
    return L.divIcon({ className: "pins", html: `<span>${count}</span>`, iconSize: [44, 44] });
  }

  function start(map, markers, told) {
    describe(map);
    map.fitBounds(told.bounds, { padding: [32, 32], maxZoom: told.closest, animate: false });
    L.control.zoom({ zoomInTitle: "Agrandir", zoomOutTitle: "Réduire" }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    L.circleMarker(told.centre, { radius: 8, className: "start", interactive: false }).addTo(map);
    drawOutline(map, told);
    showPopups(map, markers, told);
    offerSearch(map, told);
    portalKeys.follow(map, markers, told.centre);
    followList(markers, told);
  }

  function describe(map) {
    map.attributionControl.setPrefix("Leaflet");
    map.getContainer().setAttribute("aria-label", "Carte : les flèches la déplacent, + et − l’agrandissent et la réduisent");
    map.getContainer().setAttribute("aria-describedby", "touches");
    map.getContainer().setAttribute("role", "application");
  }

  // Without tiles, or until they arrive, the country and its towns: never a grey void.
  function drawOutline(map, told) {
    map.createPane("land").style.zIndex = 150;
    fetch(told.outline)
      .then((answer) => answer.json())
      .then((shape) => L.geoJSON(shape, { pane: "land", interactive: false, className: "land" }).addTo(map))
      .catch(() => undefined);
    if (told.towns.length) drawTowns(map, told.towns);
  }

  function drawTowns(map, towns) {
    const layer = L.layerGroup().addTo(map);
    const draw = () => {
      layer.clearLayers();
      apart(map, towns).forEach(([latitude, longitude, name]) => {
        const icon = L.divIcon({ className: "town", html: escaped(name), iconSize: null });
        L.marker([latitude, longitude], { icon, interactive: false, keyboard: false, pane: "overlayPane" }).addTo(layer);
      });
    };
    map.on("moveend", draw);
    draw();
  }

  // Larger towns come first, and keep smaller ones away from their names.
  function apart(map, towns) {
    const bounds = map.getBounds().pad(0.1);
    const kept = [];
    return towns.filter(([latitude, longitude]) => {
      if (!bounds.contains([latitude, longitude])) return false;
      const here = map.latLngToContainerPoint([latitude, longitude]);
      const isFree = kept.every((other) => Math.abs(other.x - here.x) > NAMES_APART.wide || Math.abs(other.y - here.y) > NAMES_APART.high);
      if (isFree) kept.push(here);
      return isFree;
    });
  }

  function showPopups(map, markers, told) {
    markers.on("click", ({ layer }) => open(map, layer, told));
    map.on("popupopen", ({ popup }) => {
      popup.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", "Fermer");
      parent.postMessage({ chosen: popup.practice }, location.origin);
    });
  }

  function open(map, layer, told) {
    const popup = L.popup({ minWidth: 220, maxWidth: 280, offset: [0, -24] }).setLatLng(layer.getLatLng());
    popup.practice = layer.practice;
    popup.setContent("<p role=\"status\">Un instant…</p>").openOn(map);
    popup.on("remove", () => layer.getElement()?.focus());
    fetch(told.sheet.replace(/_$/, layer.practice))
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))))
      .then((html) => fill(popup, html))
      .catch(() => popup.setContent("<p role=\"status\">Cette fiche ne s’affiche pas maintenant. La liste la montre aussi.</p>"));
  }

  function fill(popup, html) {
    popup.setContent(html);
    const link = popup.getElement()?.querySelector("a[href]");
    popup.getElement()?.querySelectorAll("a[href]").forEach((each) => { each.target = "_parent"; });
    link?.focus({ preventScroll: true });
  }

  function offerSearch(map, told) {
    const link = document.getElementById("search-here");
    map.on("moveend", () => {
      const { lat, lng } = map.getCenter().wrap();
      const away = map.distance([lat, lng], told.centre);
      const half = map.distance(map.getBounds().getSouthWest(), map.getBounds().getNorthEast()) / 4;
      link.hidden = away < half;
      link.href = `${told.search}${told.search.includes("?") ? "&" : "?"}position=${lat.toFixed(3)},${lng.toFixed(3)}`;
    });
  }

  // The list asks for one, by a message or as this page is opened; the map goes there and opens it.
  function followList(markers, told) {
    const held = new Map(markers.getLayers().map((layer) => [layer.practice, layer]));
    const show = (name) => {
      const found = held.get(name);
      if (found) markers.zoomToShowLayer(found, () => found.fire("click", { layer: found }, true));
    };
    addEventListener("message", ({ origin, data }) => origin === location.origin && show(data?.show));
    parent.postMessage({ held: [...held.keys()] }, location.origin);
    show(told.shown);
  }

  window.portalMap = { marker, group, start };
})();
