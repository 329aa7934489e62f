// What pages do beyond links and forms: keys, words beside sliders, figures to explore. Nothing
// here is needed to use them. Parts of a page may be replaced at any time, so nothing is held on to.
"use strict";
(() => {
  const typing = (target) => target.closest("input, textarea, select") !== null;
  const list = () => document.querySelector("#keys");

  // From row to row of the first table whose rows lead somewhere.
  const step = (by) => {
    const links = [...document.querySelectorAll("main tbody a, [data-lead] h2 a")];
    if (links.length === 0) return;
    const here = links.indexOf(document.activeElement);
    const next = Math.min(Math.max(here + by, 0), links.length - 1);
    links[next].focus();
  };

  // Does something with the lead that has the focus, or with the first one of the queue.
  const press = (deed) => {
    const lead = document.activeElement?.closest("[data-lead]");
    const line = lead ?? document.querySelector("[data-lead]");
    line?.querySelector(`button[value="${deed}"]`)?.click();
  };

  // What keys do, by the names that the page's list of keys uses; the list says which keys.
  const doings = {
    search: () => document.querySelector("#search")?.focus(),
    next: () => step(1),
    previous: () => step(-1),
    accept: () => press("accept"),
    decline: () => press("decline"),
    recycle: () => press("recycle"),
    call: () => press("call"),
    keys: () => (list().open ? list().close() : list().showModal()),
  };
  const bound = new Map();
  for (const entry of list()?.querySelectorAll("[data-strokes]") ?? []) {
    const link = entry.querySelector("a");
    const does = doings[entry.dataset.does] ?? (() => location.assign(link.href));
    for (const stroke of entry.dataset.strokes.split(",")) bound.set(stroke, does);
  }
  const firsts = new Set([...bound.keys()].filter((key) => key.includes(" ")).map((key) => key[0]));
  let first = "";

  document.addEventListener("keydown", (event) => {
    const commanded = event.ctrlKey || event.metaKey;
    if (event.altKey || (typing(event.target) && !commanded)) return;
    const stroke = commanded ? `Ctrl-${event.key.toLowerCase()}` : `${first}${event.key}`;
    const does = bound.get(stroke);
    if (list()?.open && stroke !== "?") return;
    first = first === "" && !commanded && firsts.has(event.key) ? `${event.key} ` : "";
    if (!does) return;
    event.preventDefault();
    does();
  });

  // A chosen day, period or filter is asked for at once, by htmx where the build had it.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[hx-get]");
    if (form?.matches("[data-at-once]") && !window.htmx) form.requestSubmit();
  });

  // A slider says where its handle stands: how many per cent, or which day.
  document.addEventListener("input", ({ target }) => {
    const told = target.form?.querySelector(`output[for="${target.id}"]`);
    if (!told) return;
    const isDay = target.matches("[data-days]");
    const day = () => new Date(target.value * 86400000).toISOString().slice(0, 10);
    told.textContent = isDay ? day() : `${target.value}${told.dataset.unit ?? ""}`;
  });

  // A figure that has its values with it can be explored, and put back.
  const explored = new WeakMap();
  const explore = async (figure, button) => {
    const putBack = explored.get(figure);
    if (putBack) return putBack();
    const { explore } = await import(figure.dataset.charts);
    const place = document.createElement("div");
    place.className = "plot";
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", figure.querySelector("figcaption strong").textContent);
    figure.classList.add("explored");
    figure.append(place);
    const dispose = explore(place, JSON.parse(figure.dataset.plot));
    button.textContent = "Put back";
    explored.set(figure, () => {
      dispose();
      place.remove();
      explored.delete(figure);
      figure.classList.remove("explored");
      button.textContent = "Explore";
    });
  };
  const adorn = () => {
    for (const figure of document.querySelectorAll("figure[data-plot]")) {
      if (figure.querySelector(".explore")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "explore quiet";
      button.textContent = "Explore";
      figure.querySelector("figcaption").append(button);
    }
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".explore");
    if (button) explore(button.closest("figure"), button);
  });
  document.addEventListener("htmx:before:swap", () => {
    for (const figure of document.querySelectorAll("figure.explored")) explored.get(figure)?.();
  });
  document.addEventListener("htmx:after:swap", adorn);
  adorn();
})();
