// What pages do beyond links and forms: keys. Nothing here is needed to use them.
"use strict";
(() => {
  const typing = (target) => target.closest("input, textarea, select") !== null;
  const search = document.querySelector("#search");
  const list = document.querySelector("#keys");

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
    search: () => search?.focus(),
    next: () => step(1),
    previous: () => step(-1),
    accept: () => press("accept"),
    decline: () => press("decline"),
    recycle: () => press("recycle"),
    call: () => press("call"),
    keys: () => (list.open ? list.close() : list.showModal()),
  };
  const bound = new Map();
  for (const entry of list?.querySelectorAll("[data-strokes]") ?? []) {
    const link = entry.querySelector("a");
    const does = doings[entry.dataset.does] ?? (() => link.click());
    for (const stroke of entry.dataset.strokes.split(",")) bound.set(stroke, does);
  }
  const firsts = new Set([...bound.keys()].filter((key) => key.includes(" ")).map((key) => key[0]));
  let first = "";

  document.addEventListener("keydown", (event) => {
    const commanded = event.ctrlKey || event.metaKey;
    if (event.altKey || (typing(event.target) && !commanded)) return;
    const stroke = commanded ? `Ctrl-${event.key.toLowerCase()}` : `${first}${event.key}`;
    const does = bound.get(stroke);
    if (list?.open && stroke !== "?") return;
    first = first === "" && !commanded && firsts.has(event.key) ? `${event.key} ` : "";
    if (!does) return;
    event.preventDefault();
    does();
  });

  // A slider that is moved shows what becomes of it at once: the page is asked for anew, and its
  // parts take the place of the old ones. The address is that of what is shown.
  for (const form of document.querySelectorAll("form[data-live]")) {
    let asked = 0;
    const show = async () => {
      const number = ++asked;
      const query = new URLSearchParams(new FormData(form));
      for (const [name, value] of [...query]) if (value === "" || value === "0") query.delete(name);
      const address = `${form.action}?${query}`;
      const answer = await fetch(address);
      if (!answer.ok || number !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-part]")) {
        const anew = page.querySelector(`[data-part="${part.dataset.part}"]`);
        if (anew) part.replaceChildren(...anew.childNodes);
      }
      history.replaceState(null, "", address);
    };
    let soon;
    form.addEventListener("input", (event) => {
      const told = form.querySelector(`output[for="${event.target.id}"]`);
      if (told) told.textContent = `${event.target.value}${told.dataset.unit}`;
      clearTimeout(soon);
      soon = setTimeout(show, 60);
    });
  }

  // A chosen day, period or filter is asked for at once.
  for (const form of document.querySelectorAll("form[data-at-once]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }

  // A slider over days says which day is under its handle.
  for (const slider of document.querySelectorAll("input[data-days]")) {
    const said = slider.form.querySelector("output");
    slider.addEventListener("input", () => {
      said.textContent = new Date(slider.value * 86400000).toISOString().slice(0, 10);
    });
  }
})();
