// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The button for colours, the menu of a small window, the list of headings, and the search.
"use strict";

const root = document.documentElement;
const top_bar = document.querySelector("header.top");

// --- Colours

{
  const button = top_bar.querySelector(".theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Without storage the choice holds for this page.
    }
    show();
  });
  dark.addEventListener("change", show);
  show();
}

// --- The tree of pages, which a small window shows on demand

{
  const button = top_bar.querySelector(".menu");
  const tree = document.getElementById("tree");
  const current = tree.querySelector("[aria-current]");
  const showCurrent = () => {
    if (!current) return;
    const place = current.getBoundingClientRect().top - tree.getBoundingClientRect().top;
    if (place < 0 || place > tree.clientHeight - 80) tree.scrollTop += place - tree.clientHeight / 2;
  };
  const open = (isOpen) => {
    root.classList.toggle("menu-open", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) showCurrent();
  };
  button.addEventListener("click", () => open(!root.classList.contains("menu-open")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.classList.contains("menu-open")) {
      open(false);
      button.focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!tree.contains(event.target) && !button.contains(event.target)) open(false);
  });
  // The tree covers what has the focus next.
  document.addEventListener("focusin", (event) => {
    if (!tree.contains(event.target) && !top_bar.contains(event.target)) open(false);
  });
  showCurrent();
}

// --- The heading that is on the screen

{
  const links = new Map();
  for (const link of document.querySelectorAll("aside.contents a"))
    links.set(decodeURIComponent(link.hash.slice(1)), link);
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const mark = () => {
    let last = null;
    for (const heading of headings) {
      if (heading.getBoundingClientRect().top > 120) break;
      last = heading;
    }
    for (const [id, link] of links) link.classList.toggle("here", last !== null && id === last.id);
  };
  if (headings.length) {
    let waits = false;
    addEventListener("scroll", () => {
      if (waits) return;
      waits = true;
      requestAnimationFrame(() => {
        waits = false;
        mark();
      });
    }, { passive: true });
    mark();
  }
}

// --- The search

{
  const box = top_bar.querySelector(".search");
  const input = box.querySelector("input");
  const panel = box.querySelector(".results");
  const list = box.querySelector("#found");
  const status = box.querySelector("p");
  const base = document.body.dataset.root;
  const most = 30;
  let selected = -1;
  let loading = null;
  box.hidden = false;

  // The index is a script, because a page that is opened from a disk may not fetch a file.
  const load = () =>
    (loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${base}search-index.js`;
      script.onload = () =>
        resolve(
          window.searchIndex.map(([page, heading, address, text, kind]) => ({
            page,
            heading,
            address,
            text,
            kind,
            lower: { page: page.toLowerCase(), heading: heading.toLowerCase(), text: text.toLowerCase() },
          })),
        );
      script.onerror = () => {
        loading = null;
        reject(new Error("The search index cannot be read."));
      };
      document.head.append(script);
    }));

  const isWordStart = (text, at) => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]);

  // Says how well a section fits a word: 0 if it does not have the word.
  const fit = (entry, word) => {
    let best = 0;
    const { heading, page, text } = entry.lower;
    if (heading === word || heading === `${word}s` || heading === `${word}es`) best = 100;
    else if (heading.endsWith(`::${word}`)) best = 70;
    else {
      const at = heading.indexOf(word);
      if (at >= 0) best = isWordStart(heading, at) ? 50 : 25;
    }
    const inPage = page.indexOf(word);
    if (inPage >= 0) best = Math.max(best, page === word ? 40 : isWordStart(page, inPage) ? 20 : 8);
    if (best < 10) {
      const at = text.indexOf(word);
      if (at >= 0) best = Math.max(best, isWordStart(text, at) ? 10 : 3);
    }
    return best;
  };

  const find = (index, words) => {
    const found = [];
    for (const entry of index) {
      let sum = 0;
      for (const word of words) {
        const points = fit(entry, word);
        if (points <= 0) {
          sum = 0;
          break;
        }
        sum += points;
      }
      if (sum === 0) continue;
      // A page as a whole before its sections, and what explains before what lists.
      if (!entry.address.includes("#")) sum += 5;
      if (entry.kind === "guide") sum += 6;
      if (entry.kind === "example") sum -= 6;
      if (entry.kind === "project") sum -= 40;
      found.push({ entry, sum });
    }
    return found.sort((a, b) => b.sum - a.sum);
  };

  const addMarked = (parent, text, words) => {
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pieces = text.split(new RegExp(`(${escaped.join("|")})`, "iu"));
    pieces.forEach((piece, number) => {
      if (number % 2) {
        const mark = document.createElement("mark");
        mark.textContent = piece;
        parent.append(mark);
      } else if (piece) parent.append(piece);
    });
  };

  const excerpt = (entry, words) => {
    const places = words.map((word) => entry.lower.text.indexOf(word)).filter((at) => at >= 0);
    const from = Math.max(0, (places.length ? Math.min(...places) : 0) - 40);
    const start = from === 0 ? 0 : entry.text.indexOf(" ", from) + 1;
    const rest = entry.text.slice(start);
    const text = rest.length > 150 ? `${rest.slice(0, rest.lastIndexOf(" ", 150))} …` : rest;
    return (start > 0 ? "… " : "") + text;
  };

  const select = (number) => {
    const items = list.children;
    if (selected >= 0) items[selected]?.setAttribute("aria-selected", "false");
    selected = items.length ? (number + items.length) % items.length : -1;
    if (selected >= 0) {
      items[selected].setAttribute("aria-selected", "true");
      items[selected].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", items[selected].id);
    } else input.removeAttribute("aria-activedescendant");
  };

  const close = () => {
    panel.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    selected = -1;
  };

  const show = async () => {
    const asked = input.value;
    const words = asked.toLowerCase().split(/[\s()]+/).filter(Boolean);
    if (!words.length) return close();
    let index;
    try {
      index = await load();
    } catch (error) {
      list.replaceChildren();
      panel.hidden = false;
      status.textContent = error.message;
      return;
    }
    if (asked !== input.value) return;  // a later letter has its own answer
    const found = find(index, words);
    panel.hidden = false;  // first, because a change in what is hidden is not read out
    list.replaceChildren();
    selected = -1;
    input.removeAttribute("aria-activedescendant");
    for (const { entry } of found.slice(0, most)) {
      const link = document.createElement("a");
      link.id = `found-${list.children.length}`;
      link.href = base + entry.address;
      link.tabIndex = -1;
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", "false");
      const title = document.createElement("strong");
      addMarked(title, entry.heading, words);
      const where = document.createElement("small");
      const kind = { reference: "Reference", example: "Example" }[entry.kind];
      where.textContent = kind ?? (entry.heading === entry.page ? "" : entry.page);
      const text = document.createElement("span");
      addMarked(text, excerpt(entry, words), words);
      link.append(title, where, text);
      list.append(link);
    }
    status.textContent = !found.length ? `Nothing has “${asked.trim()}”.`
      : found.length > most ? `The best ${most} of ${found.length}` : `${found.length} found`;
    input.setAttribute("aria-expanded", "true");
    panel.scrollTop = 0;
  };

  input.addEventListener("focus", () => load().catch(() => {}));
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (panel.hidden) show();
      else select(event.key === "ArrowDown" ? selected + 1 : Math.max(selected, 0) - 1);
    } else if (event.key === "Enter") {
      const open = () => list.children[Math.max(selected, 0)]?.click();
      if (panel.hidden) show().then(open);  // the index may not be there yet
      else open();
    } else if (event.key === "Tab") {
      close();  // what scrolls can have the focus in Chromium
    } else if (event.key === "Escape") {
      event.preventDefault();  // Chromium would empty the box the first time
      event.stopPropagation();
      if (panel.hidden) input.value = "";
      close();
    }
  });
  list.addEventListener("click", close);
  document.addEventListener("click", (event) => {
    if (!box.contains(event.target)) close();
  });
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget)) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName)) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
