// Makes the pages quicker; every one of them works without it.
"use strict";
(() => {
  const live = document.getElementById("live");
  const say = (words) => { if (live && words) { live.textContent = ""; setTimeout(() => { live.textContent = words; }, 30); } };
  const pile = document.getElementById("pile");
  const undo = [];

  // Leave at once: three times Escape, or the button, and no way back with the back key.
  const exit = document.getElementById("exit");
  let escapes = [];
  const leave = () => { if (exit) { document.body.hidden = true; location.replace(exit.href); } };
  if (exit) {
    exit.addEventListener("click", (event) => { event.preventDefault(); leave(); });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") { escapes = []; return; }
      escapes = [...escapes, Date.now()].slice(-3);
      if (escapes.length === 3 && escapes[2] - escapes[0] < 1500) { leave(); }
    });
  }
  if (!pile) { return; }

  const cards = () => [...pile.querySelectorAll("[data-card]")];
  const open = () => cards().filter((card) => !card.classList.contains("done"));
  const current = () => document.activeElement && document.activeElement.closest("[data-card]");
  const focusOn = (card) => { if (card) { card.focus(); card.scrollIntoView({ block: "nearest" }); } };

  const step = (by) => {
    const all = cards();
    const at = all.indexOf(current());
    focusOn(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]);
  };

  const nextOpen = (from) => {
    const all = cards();
    const at = all.indexOf(from);
    return all.slice(at + 1).find((card) => !card.classList.contains("done")) || open()[0];
  };

  // Put the server's own pieces in place of the cards they stand for.
  const swap = (answer) => {
    for (const [id, html] of Object.entries(answer.cards || {})) {
      const old = document.getElementById(id);
      const made = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
      if (old && made) { old.replaceWith(document.adoptNode(made)); }
    }
    for (const place of document.querySelectorAll("[data-waiting]")) {
      if (answer.waiting) { place.textContent = answer.waiting; }
    }
    say(answer.say);
    ticked();
  };

  const ask = async (url, options) => {
    let answer;
    try {
      answer = await fetch(url, { ...options, headers: { "X-Fragment": "1" }, redirect: "error" });
    } catch { answer = null; }
    if (!answer || !answer.ok) {
      say("That did not work. Nothing was changed. Load the page again and try once more.");
      return false;
    }
    swap(await answer.json());
    return true;
  };

  const press = async (button, moveOn) => {
    const card = button.closest("[data-card]");
    const id = card && card.id;
    const target = moveOn && card ? nextOpen(card) : null;
    const body = new FormData(pile, button);
    if (button.name === "bulk") { body.set("sure", String(number(body.getAll("pick")))); }
    const done = await ask(pile.action, { method: "POST", body });
    if (!done) { return; }
    if (button.dataset.undo === undefined && id) { undo.push(id); }
    const again = target && target.isConnected ? target : document.getElementById(id);
    focusOn(target && target !== card && target.isConnected ? target : again);
  };

  pile.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.hasAttribute("formaction")) { return; }
    event.preventDefault();
    press(button, button.name === "mark");
  });

  pile.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-part]");
    if (!link) { return; }
    event.preventDefault();
    const id = link.closest("[data-card]").id;
    ask(link.dataset.part, {}).then(() => focusOn(document.getElementById(id)));
  });

  // An honest count: what the bulk buttons say is what they do, copies included.
  const number = (values) => values.reduce((sum, value) => sum + value.split(",").length, 0);
  const ticked = () => {
    const count = number([...pile.querySelectorAll("input[name=pick]:checked")].map((box) => box.value));
    for (const place of document.querySelectorAll("[data-ticked]")) {
      place.textContent = count ? `Apply to these ${count}` : "Nothing is ticked";
    }
    for (const bar of document.querySelectorAll(".bulk")) { bar.classList.toggle("some", count > 0); }
    for (const button of document.querySelectorAll("button[name=bulk]")) { button.disabled = count === 0; }
  };
  pile.addEventListener("change", ticked);
  ticked();

  if (pile.dataset.keys !== "on") { return; }
  const within = (selector) => { const card = current(); return card && card.querySelector(selector); };
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    r: () => { const link = within("a[data-part]"); if (link) { link.click(); } },
    e: () => { const link = within("a[data-evidence]"); if (link) { location.assign(link.href); } },
    x: () => { const box = within("input[name=pick]"); if (box) { box.click(); } },
    u: () => {
      const undoOf = (id) => { const card = id && document.getElementById(id); return card && card.querySelector("button[data-undo]"); };
      let button = current() && undoOf(current().id);
      while (!button && undo.length) { button = undoOf(undo.pop()); }
      if (button) { button.click(); } else { say("There is nothing to undo."); }
    },
    "/": () => document.getElementById("search").focus(),
    "?": () => { const help = document.getElementById("help"); help.open = !help.open; help.querySelector("summary").focus(); },
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.altKey || event.metaKey || event.repeat) { return; }
    const button = within(`button[data-key="${CSS.escape(event.key)}"]`);
    const act = button ? () => button.click() : keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  if (!location.hash) { const first = open()[0]; if (first && document.activeElement === document.body) { first.focus({ preventScroll: true }); } }
})();
