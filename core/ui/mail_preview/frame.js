// Shows an e-mail as it will look, in a frame out of which nothing gets: the sandbox runs no
// script, opens no window and sends no form, and the policy lets nothing be fetched.

const PICTURES = { true: "img-src data:", false: "img-src 'none'" };
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'";

// Mail programs leave these out as well. Templates hold back what the parser of the frame would
// show; animations could lead a link elsewhere later on.
const LEFT_OUT =
  "script, link, base, iframe, frame, frameset, object, embed, applet, portal, template, video, " +
  "audio, source, track, meta[http-equiv], meta[name='color-scheme' i], set, animate, " +
  "animateMotion, animateTransform";
const DROPPED = /^(on.*|action|formaction|ping|srcset|autofocus|srcdoc|manifest|poster|http-equiv)$/i;

const SCHEME = /\(\s*prefers-color-scheme\s*(?::\s*(dark|light)\s*)?\)/gi;
const TURNED = "invert(1) hue-rotate(180deg)";
const PHONE_WIDTH = 480;

const NO_DARK =
  "This e-mail has no design of its own for the dark. Some mail programs darken it by themselves, " +
  "each in its own way; here its colours are turned round, and pictures keep theirs, though duller.";

const stages = new WeakMap();

export default function draw(component) {
  const { data, parentElement } = component;
  const stage = stages.get(parentElement) ?? new Stage(parentElement);
  stages.set(parentElement, stage);
  stage.show(data);
  return () => {
    stage.close();
    stages.delete(parentElement);
  };
}

class Stage {
  constructor(parent) {
    this.room = parent.querySelector(".room");
    this.device = parent.querySelector(".device");
    this.note = parent.querySelector(".note");
    this.shown = "";
    this.size = { width: 0, height: 0 };
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(this.room);
  }

  show(data) {
    const mail = safeMail(data);
    this.note.textContent = mail.notes.join(" ");
    this.note.hidden = mail.notes.length === 0;
    this.device.classList.toggle("phone", data.width <= PHONE_WIDTH);
    this.size = { width: data.width, height: data.height };
    this.device.style.setProperty("--width", `${data.width}px`);
    this.device.style.setProperty("--height", `${data.height}px`);
    const title = `Preview of the e-mail, ${data.width} pixels wide${data.dark ? ", in the dark" : ""}`;
    const shown = JSON.stringify([mail.source, mail.isTurned, title]);
    if (shown !== this.shown) this.load(mail, title);
    this.shown = shown;
    this.fit();
  }

  // The new mail takes the place of the old one when it is drawn, so that nothing flickers.
  load(mail, title) {
    this.device.querySelectorAll("iframe.coming").forEach((frame) => frame.remove());
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "");
    frame.referrerPolicy = "no-referrer";
    frame.title = title;
    frame.className = "coming";
    frame.style.colorScheme = mail.scheme;
    frame.style.background = mail.scheme === "dark" ? "#121212" : "#fff";
    frame.style.filter = mail.isTurned ? TURNED : "";
    frame.addEventListener("load", () => this.takePlace(frame), { once: true });
    frame.srcdoc = mail.source;
    this.device.append(frame);
  }

  takePlace(frame) {
    if (!frame.isConnected) return;
    frame.classList.remove("coming");
    this.device.querySelectorAll("iframe").forEach((other) => other !== frame && other.remove());
  }

  // A mail that is wider than the room for it is drawn smaller, not narrower.
  fit() {
    const scale = Math.min(1, this.room.clientWidth / this.device.offsetWidth || 1);
    this.device.style.transform = `scale(${scale})`;
    this.room.style.height = `${Math.ceil(this.device.offsetHeight * scale)}px`;
  }

  close() {
    this.watch.disconnect();
    this.device.replaceChildren();
  }
}

// The mail's own words and looks, without anything that acts.
function safeMail({ html, dark, images }) {
  const mail = new DOMParser().parseFromString(html, "text/html");
  mail.querySelectorAll(LEFT_OUT).forEach((element) => element.remove());
  if (mail.body === null) mail.documentElement.append(mail.createElement("body"));
  mail.querySelectorAll("*").forEach(tame);
  const kept = [...mail.querySelectorAll("img, input, image")].filter((one) => hide(one, images));
  const hasDark = chooseScheme(mail, dark);
  const scheme = dark && hasDark ? "dark" : "light";
  const isTurned = dark && !hasDark;
  dress(mail, { scheme, isTurned, images });
  const notes = [isTurned && NO_DARK, images && noteOn(kept.length)].filter(Boolean);
  const source = `<!doctype html>${mail.documentElement.outerHTML}`;
  return { source, notes, scheme, isTurned };
}

function tame(element) {
  const isLink = /^(a|area)$/i.test(element.localName);
  for (const { name, value } of [...element.attributes]) {
    if (DROPPED.test(name)) element.removeAttribute(name);
    else if (/^(xlink:)?href$/i.test(name) && isLink) lead(element, name, value);
    else if (/href$/i.test(name) && !/^(#|data:image\/)/i.test(value)) element.removeAttribute(name);
  }
}

// A link looks like one and says where it leads, and leads nowhere: not even a link that is
// followed by hand should confirm or unsubscribe anybody from a preview.
function lead(element, name, value) {
  element.setAttribute(name, `about:blank#${value}`);
  element.setAttribute("target", "_blank");
  if (!element.hasAttribute("title")) element.setAttribute("title", value);
}

// Returns whether a picture of another host was left out.
function hide(element, images) {
  const name = element.localName === "image" ? "href" : "src";
  const value = (element.getAttribute(name) ?? "").trim();
  const isInline = /^data:image\//i.test(value);
  if (images && isInline) return false;
  element.removeAttribute(name);
  element.removeAttribute("xlink:href");
  if (images && element.localName === "img") element.setAttribute("src", tileFor(element));
  return value !== "" && !isInline;
}

// As large as the picture, so that everything stands where it will.
function tileFor(element) {
  const size = (name) => Number.parseInt(element.getAttribute(name) ?? "", 10);
  const width = size("width") || size("height") || 300;
  const height = size("height") || Math.round((width * 2) / 3);
  const side = Math.round(Math.min(width, height, 120) / 3);
  const place = `x="${(width - side) / 2}" y="${(height - side) / 2}" width="${side}" height="${side}"`;
  const sign =
    '<path d="M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 6" fill="none" stroke="#8a8f98" stroke-width="1.6"/>' +
    '<circle cx="15.5" cy="9" r="1.5" fill="#8a8f98"/>';
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="100%" height="100%" fill="#e3e5e9"/>` +
    `<svg ${place} viewBox="0 0 24 24">${sign}</svg></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

// A frame cannot be told that it is dark: the questions for it are answered in the mail's style.
function chooseScheme(mail, dark) {
  let hasDark = false;
  const answer = (text) => {
    hasDark ||= /light-dark\(/i.test(text);
    return text.replace(SCHEME, (_, asked) => {
      hasDark ||= /dark/i.test(asked ?? "");
      const isSo = asked === undefined || (asked.toLowerCase() === "dark") === dark;
      return isSo ? "(min-width: 0px)" : "(max-width: 0px)";
    });
  };
  mail.querySelectorAll("style").forEach((style) => {
    style.textContent = answer(style.textContent);
    if (style.media) style.media = answer(style.media);
  });
  return hasDark;
}

function dress(mail, { scheme, isTurned, images }) {
  const policy = mail.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = `${POLICY}; ${PICTURES[images]}`;
  const lookups = mail.createElement("meta");
  lookups.httpEquiv = "x-dns-prefetch-control";
  lookups.content = "off";
  // Before the mail's own style, which goes first: a picture that is off keeps its size.
  const before = mail.createElement("style");
  if (!images) before.textContent = "img { display: inline-block; outline: 1px solid #9aa0a8; }";
  const after = mail.createElement("style");
  after.textContent = `:root { color-scheme: ${scheme} !important; }`;
  if (isTurned) after.textContent += ` img, svg { filter: ${TURNED}; }`;
  mail.head.prepend(policy, lookups, before);
  mail.head.append(after);
}

function noteOn(count) {
  if (count === 0) return "";
  const what = count === 1 ? "One picture is" : `${count} pictures are`;
  return `${what} not fetched for the preview; a grey tile of the same size stands there.`;
}
