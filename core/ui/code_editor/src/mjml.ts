// The tags of MJML as completion wants them; mjml.json says the same as the linter knows.

import schema from "./mjml.json";

const SIDES = ["left", "center", "right"];
const HTML = ["a", "b", "br", "em", "h1", "h2", "h3", "i", "img", "li", "ol", "p", "s", "small"];
const MORE_HTML = ["span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"];
const TEXT_HTML = [...HTML, ...MORE_HTML, "div", "u"];

const VALUES: Record<string, string[]> = {
  align: SIDES,
  "text-align": [...SIDES, "justify"],
  "vertical-align": ["top", "middle", "bottom"],
  direction: ["ltr", "rtl"],
  "full-width": ["full-width"],
  "font-style": ["normal", "italic"],
  "font-weight": ["400", "500", "600", "700", "bold"],
  "text-transform": ["none", "uppercase", "lowercase", "capitalize"],
  "text-decoration": ["none", "underline", "line-through"],
  "background-repeat": ["no-repeat", "repeat"],
  "fluid-on-mobile": ["true"],
  inline: ["inline"],
  target: ["_blank"],
};

interface Tag {
  attributes: string[];
  children: string[] | null;
  holds_text: boolean;
}

const TAGS: Record<string, Tag> = schema;

export const elements = [
  ...Object.entries(TAGS).map(([name, tag]) => ({
    name,
    attributes: tag.attributes,
    children: tag.holds_text ? TEXT_HTML : (tag.children ?? []),
  })),
  ...TEXT_HTML.map((name) => ({ name, attributes: ["style", "href", "class"], children: TEXT_HTML })),
];

const names = new Set(Object.values(TAGS).flatMap((tag) => tag.attributes));

export const attributes = [...names].map((name) => ({ name, values: VALUES[name] ?? [] }));
