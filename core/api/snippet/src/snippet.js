// Measures what somebody does on a page, once they have agreed to it. See docs/guide.md.
// Nothing here may throw into the page, and nothing is stored or sent before the consent.

const BATCH = 20;
const WAIT = 1000; // ms from an event to its sending, so that others can go with it
const LONGEST_WAIT = 60000;
const MOST_KEPT = 200;
const MOST_AT_ONCE = 60000; // bytes; browsers carry no more over the end of a page
const STORED_AS = "rehearsal_id";

const script = document.currentScript;
const stub = window.rehearsal || {};

// A page may load this twice, as by its own tag and by a tag manager: only the first one measures.
if (script && !stub.isReady) start(script.dataset);

function start(settings) {
  const address = (settings.host || script.src.replace(/\/v1\/[^/]*$/, "")) + "/v1/batch";
  let anonymousId = null; // null: nobody agreed, so nobody is known
  let userId;
  let pending = [];
  let timer = 0;
  let underWay = 0;
  let failures = 0;
  let era = 0; // of one consent: what it allowed is worth nothing after its withdrawal
  let place; // of the view that is measured
  let about; // and what its events say of it
  let deepest = 0;
  let shownAt = 0; // 0: the page is not in sight
  let seconds = 0;

  const calls = {
    track: (event, properties) => add("track", { event: String(event), properties }),
    page: (name, properties) => view(name, properties),
    identify(id, traits) {
      if (id && typeof id === "object") traits = id;
      else if (id != null && id !== "") userId = String(id);
      add("identify", { traits });
    },
    consent(isGiven) {
      if (isGiven !== true) forget();
      else if (anonymousId === null && !isObjectedTo()) begin();
    },
    reset() {
      if (anonymousId === null) return;
      userId = undefined;
      anonymousId = newId();
      keep(anonymousId);
    },
  };
  const api = (window.rehearsal = stub); // whoever has the stub in hand goes on with it
  api.isReady = true;
  for (const name in calls) api[name] = safe(calls[name]);

  listen(document, "click", clicked, true);
  listen(document, "visibilitychange", () => (document.hidden ? leave() : arrive()));
  listen(window, "pagehide", leave);
  listen(window, "pageshow", (event) => event.persisted && view());
  listen(window, "scroll", scrolled, { passive: true });
  listen(window, "popstate", moved);
  listen(window, "online", retryNow);
  watchHistory();

  if (settings.consent === "given") api.consent(true);
  for (const [name, values] of stub.q || []) if (calls[name]) api[name](...values);

  function isObjectedTo() {
    const says = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
    return says && settings.signals !== "ignore";
  }

  function begin() {
    anonymousId = stored() || newId();
    keep(anonymousId);
    shownAt = seconds = 0;
    if (document.prerendering) listen(document, "prerenderingchange", () => view(), { once: true });
    else view();
  }

  function forget() {
    anonymousId = null;
    userId = undefined;
    pending = [];
    era++;
    try {
      localStorage.removeItem(STORED_AS);
    } catch {}
  }

  function stored() {
    try {
      return localStorage.getItem(STORED_AS);
    } catch {} // blocked: the id lives as long as the page
  }

  function keep(id) {
    try {
      localStorage.setItem(STORED_AS, id);
    } catch {}
  }

  function add(type, fields) {
    if (anonymousId === null) return;
    const message = {
      type,
      messageId: newId(),
      anonymousId,
      userId,
      timestamp: new Date().toISOString(),
      context: context(),
      ...fields,
    };
    // As it is now; and what cannot be written fails here, before it stands in anybody's way.
    pending.push(JSON.parse(JSON.stringify(message)));
    pending = pending.slice(-MOST_KEPT);
    if (pending.length >= BATCH) send();
    else if (!timer) timer = setTimeout(safe(send), WAIT);
  }

  function context() {
    const campaign = {};
    new URLSearchParams(location.search).forEach((value, name) => {
      if (/^utm_\w/.test(name)) campaign[name.slice(4).replace(/^campaign$/, "name")] = value;
    });
    return {
      page: {
        url: location.origin + here(),
        path: location.pathname,
        search: location.search,
        title: document.title,
        referrer: document.referrer,
      },
      campaign,
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
  }

  function view(name, properties) {
    if (anonymousId === null) return;
    count();
    place = here();
    about = context();
    deepest = 0;
    arrive();
    add("page", { name, properties });
  }

  // What follows "#" is a place on the page, unless it is written like a path.
  function here() {
    return location.pathname + location.search + (location.hash.match(/^#!?\/.*/) || "");
  }

  function moved() {
    if (here() !== place) view();
  }

  function watchHistory() {
    const real = history.pushState;
    history.pushState = function (...values) {
      const result = real.apply(this, values);
      safe(moved)();
      return result;
    };
  }

  function clicked(event) {
    const found = event.target.closest && event.target.closest("[data-track]");
    if (!found) return;
    const properties = {};
    for (const { name, value } of found.attributes) {
      if (/^data-track-./.test(name)) properties[name.slice(11).replace(/-/g, "_")] = value;
    }
    calls.track(found.dataset.track || "click", properties);
  }

  function scrolled() {
    if (anonymousId === null) return;
    const { scrollHeight } = document.documentElement;
    const reached = ((scrollY + innerHeight + 1) / scrollHeight) * 100;
    for (let percent = deepest + 25; percent <= reached && percent <= 100; percent += 25) {
      deepest = percent;
      calls.track("scroll_depth", { percent });
    }
  }

  function arrive() {
    if (!document.hidden && !shownAt) shownAt = performance.now();
  }

  // Each event says what came on top, so that their sum is the time on the page.
  function count() {
    if (shownAt) seconds += (performance.now() - shownAt) / 1000;
    shownAt = 0;
    const whole = Math.round(seconds);
    if (!whole || anonymousId === null) return;
    seconds = 0;
    add("track", { event: "time_on_page", properties: { seconds: whole }, context: about });
  }

  function leave() {
    count();
    while (pending.length) send(true);
  }

  function retryNow() {
    failures = 0;
    send();
  }

  // The same messages go again with the same ids until somebody took them: they count once.
  function send(isLeaving) {
    clearTimeout(timer);
    timer = 0;
    if (!pending.length || (underWay && !isLeaving)) return;
    const batch = portion();
    const body = JSON.stringify({ writeKey: settings.key, sentAt: new Date().toISOString(), batch });
    if (isLeaving && !("keepalive" in Request.prototype)) {
      navigator.sendBeacon(address, body);
      return;
    }
    const began = era;
    underWay++;
    const keepalive = new Blob([body]).size < MOST_AT_ONCE;
    // Text, so that no question goes ahead; and never a cookie.
    fetch(address, { method: "POST", body, keepalive, credentials: "omit" })
      .then(
        ({ status, headers }) =>
          (status === 429 || status === 408 || status >= 500) && (headers.get("Retry-After") || 0),
        () => 0,
      )
      .then(
        safe((wait) => {
          underWay--;
          if (era !== began) return;
          if (wait === false) failures = 0;
          else pending = batch.concat(pending).slice(0, MOST_KEPT);
          if (pending.length) timer = timer || setTimeout(safe(send), pause(wait));
        }),
      );
  }

  function portion() {
    let size = 0;
    let count = 0;
    while (count < pending.length && count < BATCH) {
      size += JSON.stringify(pending[count]).length;
      if (count && size > MOST_AT_ONCE) break;
      count++;
    }
    return pending.splice(0, count);
  }

  function pause(wait) {
    if (wait === false) return WAIT;
    const asked = wait * 1000 || WAIT * 2 ** failures++ * (1 + Math.random());
    return Math.min(LONGEST_WAIT, asked);
  }
}

function listen(target, name, react, options) {
  target.addEventListener(name, safe(react), options);
}

function safe(call) {
  return (...values) => {
    try {
      return call(...values);
    } catch {} // the page goes on as if nothing were here
  };
}

function newId() {
  try {
    return crypto.randomUUID();
  } catch {
    // Not on https: these ids only have to differ.
    return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
      (digit ^ ((Math.random() * 16) >> (digit / 4))).toString(16),
    );
  }
}
