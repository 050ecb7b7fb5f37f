// Runs in an isolated world of the page: it sees the same document, but the page's own scripts cannot reach or fool it.
// It never changes the document's tree. Called as (command, argument); answers with plain values.
(command, argument) => {
  "use strict";
  const SKIPPED = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "TEXTAREA", "SELECT"]);
  const UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff";
  const INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff";
  const WORD = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}${INVISIBLE}])+`, "gu");
  const HIDDEN_IN_WORD = new RegExp(`[${INVISIBLE}]`, "g");
  const POST = /(^|[\s_-])(post|comment|review|message|tweet|status|entry|reply|h-entry|article|card)([\s_-]|$|\d)/i;
  const MARK = "goodname-match";
  const LIMITS = { words: 300000, text: 2000000, images: 20, postHeight: 3000, margin: 8 };

  const plain = (word) => word.normalize("NFKC").replace(HIDDEN_IN_WORD, "").toLowerCase();
  const root = () => document.scrollingElement || document.documentElement;

  const size = () => {
    const body = document.body;
    return {
      width: Math.max(root().scrollWidth, document.documentElement.clientWidth),
      height: Math.max(root().scrollHeight, document.documentElement.scrollHeight, body ? body.scrollHeight : 0),
      viewport: innerHeight,
    };
  };

  // Text nodes in reading order, open shadow trees included.
  function* textNodes(top) {
    const walker = document.createTreeWalker(top, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
      SKIPPED.has(node.nodeName) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) yield node;
      else if (node.shadowRoot) yield* textNodes(node.shadowRoot);
    }
  }

  const tokens = (top) => {
    const found = [], seen = new WeakMap();
    for (const node of textNodes(top)) {
      const holder = node.parentElement || (node.getRootNode() && node.getRootNode().host);
      if (!holder) continue;
      if (!seen.has(holder)) seen.set(holder, !holder.checkVisibility || holder.checkVisibility());
      if (!seen.get(holder)) continue;
      for (const match of node.data.matchAll(WORD)) {
        found.push({ node, start: match.index, end: match.index + match[0].length, word: plain(match[0]) });
        if (found.length >= LIMITS.words) return found;
      }
    }
    return found;
  };

  const counted = (list) => list.reduce((map, word) => map.set(word, (map.get(word) || 0) + 1), new Map());

  // The stretch that holds most of the quote's words; null when fewer than seven in ten stand together.
  const bestStretch = (quote, all) => {
    const wanted = (quote.match(WORD) || []).map(plain).slice(0, 400);
    if (!wanted.length) return null;
    const width = wanted.length + (wanted.length > 3 ? Math.max(4, wanted.length >> 2) : 0);
    const missing = counted(wanted), known = new Set(wanted);
    let overlap = 0, best = { overlap: 0, start: 0 };
    for (let i = 0; i < all.length; i++) {
      const left = missing.get(all[i].word) || 0;
      if (left > 0) overlap++;
      missing.set(all[i].word, left - 1);
      if (i >= width) {
        const gone = all[i - width].word, back = missing.get(gone) + 1;
        missing.set(gone, back);
        if (back > 0) overlap--;
      }
      if (overlap > best.overlap) best = { overlap, start: Math.max(0, i - width + 1), end: i };
    }
    if (best.overlap < Math.max(1, Math.ceil(wanted.length * 0.7))) return null;
    while (best.start < best.end && !known.has(all[best.start].word)) best.start++;
    return { ...best, known };
  };

  const rangesOf = (stretch, all) => {
    const ranges = [];
    let first = -1;
    for (let i = stretch.start; i <= stretch.end + 1; i++) {
      const isWanted = i <= stretch.end && stretch.known.has(all[i].word);
      if (isWanted && first < 0) first = i;
      if (!isWanted && first >= 0) {
        const range = new Range();
        range.setStart(all[first].node, all[first].start);
        range.setEnd(all[i - 1].node, all[i - 1].end);
        ranges.push(range);
        first = -1;
      }
    }
    return ranges;
  };

  const isPost = (element) =>
    ["ARTICLE", "LI", "BLOCKQUOTE", "TR", "DD"].includes(element.tagName) ||
    ["article", "listitem", "comment"].includes(element.getAttribute("role")) ||
    POST.test(`${element.className && element.className.baseVal === undefined ? element.className : ""} ${element.id}`);

  // The nearest thing around an element that looks like one post, or else the largest block of modest height.
  const postAround = (element) => {
    let block = element;
    for (let at = element; at && at !== document.body && at !== document.documentElement; at = up(at)) {
      const height = at.getBoundingClientRect().height;
      if (height > LIMITS.postHeight) break;
      if (isPost(at) && height > 0) return at;
      if (height <= innerHeight / 2) block = at;
    }
    return block;
  };
  const up = (element) => element.parentElement || (element.getRootNode() && element.getRootNode().host) || null;

  const select = (selector) => {
    try {
      return selector ? document.querySelector(selector) : null;
    } catch {
      return null;
    }
  };

  const fragment = () => {
    let name = location.hash.slice(1);
    if (!name) return null;
    try { name = decodeURIComponent(name); } catch { /* as it stands */ }
    return document.getElementById(name) || document.getElementsByName(name)[0] || null;
  };

  const stretchesIn = (top, quotes) => {
    const all = top ? tokens(top) : [];
    return quotes.map((quote) => bestStretch(quote, all)).filter(Boolean).map((stretch) => rangesOf(stretch, all));
  };

  const place = ({ quotes, anchor }) => {
    const anchored = select(anchor), named = fragment();
    const tries = [
      ["anchor", anchored && (anchored.getClientRects().length ? anchored : up(anchored))],
      ["fragment", named && postAround(named)],
    ];
    for (const [how, element] of tries) {
      if (!element) continue;
      const found = stretchesIn(element, quotes);
      if (found.length || how === "anchor") return { how, element, ranges: found.flat() };
    }
    const found = stretchesIn(document.body, quotes);
    if (found.length) {
      const common = found[0][0].commonAncestorContainer;
      const near = common.nodeType === Node.ELEMENT_NODE ? common : up(common);
      const shared = found[0].reduce((top, range) => {
        while (top && !top.contains(range.commonAncestorContainer) && up(top)) top = up(top);
        return top;
      }, near);
      return { how: "words", element: postAround(shared || near), ranges: found.flat() };
    }
    return tries[1][1] ? { how: "fragment", element: tries[1][1], ranges: [] } : null;
  };

  const mark = (ranges) => {
    if (!ranges.length || typeof Highlight !== "function") return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`::highlight(${MARK}) { background-color: #ffe066; color: #000; }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    CSS.highlights.set(MARK, new Highlight(...ranges));
  };

  const unmark = () => {
    delete globalThis.goodnameFound;
    if (CSS.highlights) CSS.highlights.delete(MARK);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter(
      (sheet) => ![...sheet.cssRules].some((rule) => rule.cssText.includes(`::highlight(${MARK})`)));
    return true;
  };

  const boxOf = (found) => {
    const box = found.element.getBoundingClientRect(), whole = size();
    const x = Math.max(0, Math.floor(box.left + scrollX - LIMITS.margin));
    const y = Math.max(0, Math.floor(box.top + scrollY - LIMITS.margin));
    return {
      x, y, how: found.how, marked: found.ranges.length,
      width: Math.min(whole.width - x, Math.ceil(box.width + 2 * LIMITS.margin)),
      height: Math.min(whole.height - y, Math.ceil(box.height + 2 * LIMITS.margin)),
      images: [...found.element.querySelectorAll("img")].filter((image) => image.naturalWidth >= 48 && image.naturalHeight >= 48)
        .map((image) => image.currentSrc || image.src).filter((src) => /^https?:/.test(src)).slice(0, LIMITS.images),
    };
  };

  const locate = (wish) => {
    const found = document.body && place(wish);
    if (!found) return null;
    mark(found.ranges);
    const target = found.ranges.length ? found.ranges[0].startContainer.parentElement || found.element : found.element;
    (target.getBoundingClientRect().height ? target : found.element).scrollIntoView({ block: "center", behavior: "instant" });
    globalThis.goodnameFound = found; // seen by this world alone; asked for again once the page has settled
    return true;
  };
  const box = () => (globalThis.goodnameFound ? boxOf(globalThis.goodnameFound) : null);

  const shadowText = (top) => {
    let text = "";
    for (const element of top.querySelectorAll("*")) {
      if (!element.shadowRoot) continue;
      for (const child of element.shadowRoot.children) text += `\n${child.innerText || ""}`;
      text += shadowText(element.shadowRoot);
    }
    return text;
  };

  const text = () => (document.body ? `${document.body.innerText}${shadowText(document)}` : "").slice(0, LIMITS.text);

  const FILM_SIGNS = 'meta[property^="og:video"], iframe[src*="/embed/"], iframe[src*="player."]';

  const signs = () => ({
    title: document.title.slice(0, 1000),
    asksPassword: [...document.querySelectorAll("input[type=password]")].some((field) => field.getClientRects().length > 0),
    hasFilm: document.querySelector("video") !== null,
    mayHaveFilm: document.querySelector(FILM_SIGNS) !== null,
  });

  const loading = () =>
    [...document.images].filter((image) => !image.complete && image.getClientRects().length).length +
    (document.fonts && document.fonts.status === "loading" ? 1 : 0);

  const commands = {
    ping: () => 1, size, text, signs, locate, box, unmark, loading,
    scroll: (y) => { scrollTo({ top: y, behavior: "instant" }); return size(); },
  };
  return commands[command](argument);
}
