// What is offered while typing: merge tags and filters inside Jinja, tags of MJML outside.

import { insertCompletionText, pickedCompletion, snippet } from "@codemirror/autocomplete";
import type { Completion, CompletionContext } from "@codemirror/autocomplete";
import type { CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { completeFromSchema } from "@codemirror/lang-xml";
import type { EditorView } from "@codemirror/view";
import { FAR_BACK, namesGiven, placeOf } from "./jinja_place";
import type { Place } from "./jinja_place";
import { attributes, elements } from "./mjml";
import type { Offer } from "./wire";

const STATEMENTS = ["if", "elif", "else", "endif", "for", "endfor", "set", "include", "macro"];
const WORDS = ["and", "or", "not", "in", "is defined", "if", "else", "loop.index", "loop.last"];
const WORD = /^[\w.[\]]*$/;

const placeAt = (context: CompletionContext): Place =>
  placeOf(context.state.sliceDoc(Math.max(0, context.pos - FAR_BACK), context.pos));

export function completeTemplate(offers: () => Offer[]): CompletionSource {
  return (context) => {
    const place = placeAt(context);
    if (place.kind === "outside" || place.kind === "silent") return null;
    const options = optionsIn(place, offers(), context);
    if (options.length === 0) return null;
    return { from: context.pos - place.word.length, options, validFor: WORD };
  };
}

function optionsIn(
  place: Exclude<Place, { kind: "outside" | "silent" }>,
  offers: Offer[],
  context: CompletionContext,
): Completion[] {
  if (place.kind === "filter") return ofKind(offers, "filter").map(inside);
  if (place.kind === "tag") {
    const given = ofKind(offers, "tag").filter((offer) => !isMarkup(offer));
    const known = new Set(given.map((offer) => offer.label));
    const rest = STATEMENTS.filter((word) => !known.has(word));
    return [...given.map(inside), ...rest.map(word)];
  }
  const names = variables(offers, context.state.sliceDoc(0, context.pos)).map(inside);
  return place.inTag ? [...names, ...WORDS.map(word)] : names;
}

// A field of a list's parts is offered for the first part, and for the names given to the parts.
function variables(offers: Offer[], before: string): Offer[] {
  const given = namesGiven(before);
  return ofKind(offers, "variable").flatMap((offer) => {
    const named = [...given].flatMap(([name, path]) => renamed(offer, path, name));
    if (!offer.label.includes("[]")) return [...named, offer];
    return [...named, ...renamed(offer, "", "", (text) => text.replaceAll("[]", "[0]"))];
  });
}

function renamed(
  offer: Offer,
  path: string,
  name: string,
  change = (text: string) => text.replace(path, name),
): Offer[] {
  if (path !== "" && !new RegExp(`^${escaped(path)}(\\.|$)`).test(offer.label)) return [];
  const label = change(offer.label);
  return label.includes("[]") ? [] : [{ ...offer, label, insert: change(offer.insert) }];
}

const escaped = (text: string): string => text.replace(/[.[\]]/g, "\\$&");
// In the page's order, where the letters typed make no difference.
const boostOf = (place: number): number => 20 - place / 100;
const word = (label: string): Completion => ({ label, type: "keyword" });
const isMarkup = (offer: Offer): boolean => offer.insert.trimStart().startsWith("<");
const ofKind = (offers: Offer[], kind: Offer["kind"]): Offer[] =>
  offers.filter((offer) => offer.kind === kind);

// Between delimiters: without those that the offer brings along, with a space towards them.
function inside({ label, detail, kind, insert }: Offer, place: number): Completion {
  const bare = insert.replace(/^\s*\{\{-?\s*|\s*-?\}\}\s*$/g, "");
  return { label, detail, type: kind, boost: boostOf(place), apply: (view, option, from, to) => {
    const spaceBefore = /[{%]$/.test(view.state.sliceDoc(Math.max(0, from - 1), from)) ? " " : "";
    const after = view.state.sliceDoc(to, to + 1);
    const spaceAfter = after === "}" || after === "%" ? " " : "";
    put(view, option, `${spaceBefore}${bare}${spaceAfter}`, from, to, spaceAfter.length);
  } };
}

function put(
  view: EditorView, option: Completion, text: string, from: number, to: number, back: number,
): void {
  const change = insertCompletionText(view.state, text, from, to);
  const selection = { anchor: from + text.length - back };
  view.dispatch({ ...change, selection, annotations: pickedCompletion.of(option) });
}

const schema = completeFromSchema(elements, attributes);

// Tags of MJML, their attributes and values.
export function completeMarkup(context: CompletionContext): CompletionResult | null {
  if (placeAt(context).kind !== "outside") return null;
  const found = schema(context) as CompletionResult | null;
  return found?.options[0]?.label.startsWith('"') ? valuesIn(context, found) : found;
}

// Values are completed between their quotes: matched with both, they are not found.
function valuesIn(context: CompletionContext, found: CompletionResult): CompletionResult | null {
  if (!/["']/.test(context.state.sliceDoc(found.from, found.from + 1))) return null;
  const options = found.options.map(({ label }) => ({ label: label.slice(1, -1), type: "constant" }));
  return { from: found.from + 1, options, validFor: /^[\w-]*$/ };
}

// Whole blocks after a `<`; blocks and merge tags wherever they are asked for.
export function completeBlocks(offers: () => Offer[]): CompletionSource {
  return (context) => {
    if (placeAt(context).kind !== "outside") return null;
    const blocks = offers().filter((offer) => offer.kind === "snippet" || isTagOfMarkup(offer));
    const begun = context.matchBefore(/<[\w-]*$/);
    if (begun !== null) {
      const options = blocks.filter(isMarkup).map((offer) => block(offer, "<"));
      return options.length === 0 ? null : { from: begun.from, options, validFor: /^<[\w-]*$/ };
    }
    if (!context.explicit) return null;
    return asked(context, blocks, offers());
  };
}

function asked(context: CompletionContext, blocks: Offer[], offers: Offer[]) {
  const before = context.state.sliceDoc(Math.max(0, context.pos - FAR_BACK), context.pos);
  const tag = /<[^<>]*$/.exec(before)?.[0];
  const isInValue = tag !== undefined && tag.split('"').length % 2 === 0;
  if (tag !== undefined && !isInValue) return null;
  const from = context.matchBefore(/[\w.]+$/)?.from ?? context.pos;
  const tags = variables(offers, context.state.sliceDoc(0, context.pos)).map(wrapped);
  const options = isInValue ? tags : [...tags, ...blocks.map((offer) => block(offer, ""))];
  return options.length === 0 ? null : { from, options, validFor: /^[\w.]*$/ };
}

const isTagOfMarkup = (offer: Offer): boolean => offer.kind === "tag" && isMarkup(offer);

function wrapped({ label, detail, insert }: Offer, place: number): Completion {
  const apply = /\{[{%]/.test(insert) ? insert : `{{ ${insert} }}`;
  return { label, detail, type: "variable", boost: boostOf(place), apply };
}

function block({ label, detail, insert }: Offer, sign: string): Completion {
  const apply = snippet(insert);
  return { label: sign + label, displayLabel: label, detail, type: "snippet", apply };
}
