// Where in a template a place is: between which delimiters, after which words.

export type Place =
  | { kind: "outside" }
  | { kind: "silent" }
  | { kind: "filter"; word: string }
  | { kind: "tag"; word: string }
  | { kind: "name"; word: string; inTag: boolean };

// A delimiter is looked for this far back: an expression is shorter.
export const FAR_BACK = 1_000;

export function placeOf(before: string): Place {
  const open = openBefore(before);
  if (open === null) return { kind: "outside" };
  const { said } = open;
  if (open.sign === "#" || isInString(said)) return { kind: "silent" };
  const filter = /\|\s*(\w*)$/.exec(said);
  if (filter) return { kind: "filter", word: filter[1] ?? "" };
  const inTag = open.sign === "%";
  const tag = /^\s*(\w*)$/.exec(said);
  if (inTag && tag) return { kind: "tag", word: tag[1] ?? "" };
  if (/(^|[^\w.\])])\d[\w.]*$/.test(said)) return { kind: "silent" };
  const name = /[A-Za-z_][\w.]*(?:\[\d+\][\w.]*)*$/.exec(said)?.[0] ?? "";
  return { kind: "name", word: name, inTag };
}

// The delimiter that is open at the end of a text: its second sign, and what was said since.
export function openBefore(before: string): { sign: string; said: string } | null {
  const open = lastOpen(before);
  if (open === null) return null;
  return { sign: open.sign, said: before.slice(open.at + 2).replace(/^-/, "") };
}

function lastOpen(before: string): { at: number; sign: string } | null {
  const pattern = /\{\{|\{%|\{#|[}%#]\}/g;
  let open: { at: number; sign: string } | null = null;
  for (let found = pattern.exec(before); found !== null; found = pattern.exec(before)) {
    const [sign] = found;
    const begins = sign.startsWith("{") && open?.sign !== "#";
    if (begins) open = { at: found.index, sign: sign[1] ?? "" };
    else if (open !== null && sign === `${open.sign === "{" ? "}" : open.sign}}`) open = null;
  }
  return open;
}

export function isInString(said: string): boolean {
  let quote = "";
  for (let at = 0; at < said.length; at += 1) {
    const letter = said[at] ?? "";
    if (quote === "" && (letter === '"' || letter === "'")) quote = letter;
    else if (quote !== "" && letter === "\\") at += 1;
    else if (letter === quote) quote = "";
  }
  return quote !== "";
}

// Names that the template gives to parts of lists and to other values, by what they stand for:
// `{% for item in cart.products[:3] %}` makes `item` a `cart.products[]`.
export function namesGiven(text: string): Map<string, string> {
  const given = new Map<string, string>();
  const path = String.raw`([A-Za-z_][\w.]*)`;
  for (const [, name = "", list = ""] of text.matchAll(
    new RegExp(String.raw`\{%-?\s*for\s+(\w+)\s+in\s+${path}`, "g"),
  )) {
    given.set(name, `${resolved(list, given)}[]`);
  }
  for (const [, name = "", value = ""] of text.matchAll(
    new RegExp(String.raw`\{%-?\s*set\s+(\w+)\s*=\s*${path}\s*-?%\}`, "g"),
  )) {
    given.set(name, resolved(value, given));
  }
  return given;
}

function resolved(path: string, given: Map<string, string>): string {
  const [head = "", ...rest] = path.split(".");
  return [given.get(head) ?? head, ...rest].join(".");
}
