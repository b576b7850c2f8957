// Keeps a page as it is on the exporter: fetches it anew and changes what differs, nothing else.
"use strict";
(() => {
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  const ours = document.querySelector("script[src]").getAttribute("src");
  const period = Number(main.dataset.refresh) * 1000;
  if (!period) return;
  let timer = 0;
  let lostSince = null;

  const say = (words) => {
    if (live.textContent !== words) live.textContent = words;
  };

  function attributes(old, fresh) {
    for (const { name } of [...old.attributes]) {
      const chosenByReader = name === "open" && old.nodeName === "DETAILS";
      if (!fresh.hasAttribute(name) && !chosenByReader) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  }

  // What has an id is found again by it, so that something new above it does not make it new as well.
  function children(old, fresh) {
    const wanted = new Set([...fresh.children].map((each) => each.id));
    const named = new Map();
    for (const each of [...old.children]) {
      if (each.id && !wanted.has(each.id)) each.remove();
      else if (each.id) named.set(each.id, each);
    }
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const mine = child.id ? named.get(child.id) : place;
      if (!mine || (mine.id && !child.id)) {
        old.insertBefore(child, place);
      } else {
        if (mine === place) place = place.nextSibling;
        else old.insertBefore(mine, place);
        become(mine, child);
      }
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  }

  // Lets `old` become `fresh`, and leaves alone what is equal: focus, scrolling and open details stay.
  function become(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
      old.replaceWith(fresh);
    } else if (old.nodeType !== Node.ELEMENT_NODE) {
      old.data = fresh.data;
    } else {
      attributes(old, fresh);
      children(old, fresh);
    }
  }

  // What had the focus may have been put elsewhere; it is found again by where it leads.
  function refocus(link) {
    if (!link || document.activeElement === link || !link.href) return;
    const again = [...main.querySelectorAll("a[href]")].find((each) => each.href === link.href);
    if (again) again.focus({ preventScroll: true });
  }

  function take(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const script = fresh.querySelector("script[src]");
    if (script && script.getAttribute("src") !== ours) location.reload(); // another exporter answers now
    const content = fresh.getElementById("main");
    if (!content) throw new Error("no content");
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    become(main, content);
    refocus(focused);
    const footer = fresh.querySelector("footer");
    if (footer) become(document.querySelector("footer"), footer);
    const changed = document.title !== fresh.title;
    document.title = fresh.title;
    say(changed ? fresh.title : lostSince ? "The exporter can be reached again." : live.textContent);
    lostSince = null;
  }

  async function refresh() {
    try {
      const answer = await fetch(location.href, {
        headers: { Accept: "text/html" },
        cache: "no-store",
        signal: AbortSignal.timeout(period),
      });
      if (!answer.ok && answer.status !== 404) throw new Error(`status ${answer.status}`);
      take(await answer.text());
      live.classList.remove("lost");
    } catch (trouble) {
      lostSince = lostSince || new Date();
      const since = lostSince.toISOString().slice(11, 19);
      live.classList.add("lost");
      say(`The exporter has not been reached since ${since} UTC; what you see is from before.`);
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(refresh, period);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
  plan();
})();
