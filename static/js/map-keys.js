// The map's markers by keyboard: one stop of the Tab key, from which arrows go to the others that are seen, from the
// nearest to the farthest. A dense map has three hundred of them.
(() => {
  "use strict";

  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  const PRESSES = ["Enter", " "];
  const drawn = new Set();

  // Before it is drawn: a marker, or a group of them.
  function watch(layer) {
    layer.on("add", () => {
      drawn.add(layer);
      layer.getElement()?.setAttribute("tabindex", "-1");
    });
    layer.on("remove", () => drawn.delete(layer));
    return layer;
  }

  function follow(map, markers, centre) {
    const pane = map.getPane("markerPane");
    let stop;
    let pressed;
    let isEntering = false;
    const away = (layer) => map.distance(layer.getLatLng(), centre);
    const inOrder = (one, other) => away(one) - away(other) || L.stamp(one) - L.stamp(other);
    const seen = () => [...drawn].filter((layer) => map.getBounds().contains(layer.getLatLng())).sort(inOrder);

    function stand(layer) {
      stop?.getElement()?.setAttribute("tabindex", "-1");
      stop = layer;
      stop?.getElement()?.setAttribute("tabindex", "0");
    }

    function settle() {
      const all = seen();
      stand(all.includes(stop) ? stop : all[0]);
      if (pressed && !pane.contains(document.activeElement)) enter(all);
    }

    // A group that was pressed gives way to what it held, sometimes in several steps: the focus goes to the nearest of
    // that, rather than nowhere.
    function enter(all) {
      const held = new Set(pressed.getAllChildMarkers().map((marker) => markers.getVisibleParent(marker)));
      held.delete(pressed);
      const first = all.find((layer) => held.has(layer));
      isEntering = true;
      first?.getElement().focus();
      isEntering = false;
    }

    function go(step) {
      const all = seen();
      const to = Math.min(Math.max(all.indexOf(stop) + step, 0), all.length - 1);
      all[to]?.getElement().focus();
    }

    function press(element) {
      pressed = stop?.getAllChildMarkers && stop;
      element.click();
      // Without animations, the map has moved already.
      settle();
    }

    pane.addEventListener("focusin", ({ target }) => {
      if (!isEntering) pressed = undefined;
      stand([...drawn].find((layer) => layer.getElement() === target) ?? stop);
    });
    pane.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in STEPS || PRESSES.includes(event.key))) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key in STEPS) go(STEPS[event.key]);
      else press(event.target);
    });
    map.on("moveend", settle);
    markers.on("animationend unspiderfied", settle);
    markers.on("spiderfied", () => pressed && enter(seen()));
    settle();
  }

  window.portalKeys = { watch, follow };
})();
