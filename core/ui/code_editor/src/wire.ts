// What the page sends to the editor, and what the editor sends back.

export interface Offer {
  label: string;
  detail: string;
  kind: "variable" | "filter" | "tag" | "snippet";
  insert: string;
}

// `line` counts from 1.
export interface Mark {
  line: number;
  level: "error" | "warning";
  message: string;
}

// A line to go to, counted from 1, once for each `name`.
export interface Jump {
  name: string;
  line: number;
}

// How far the page has come with what one editor delivered: its marks are about that text.
export interface Receipt {
  client: string;
  number: number;
}

export interface Shown {
  version: string;
  name: string;
  label: string;
  language: "mjml" | "line";
  height: number;
  text: string;
  revision: number;
  completions: Offer[];
  marks: Mark[];
  receipt: Receipt;
  jump: Jump | null;
}

export interface Delivery {
  client: string;
  number: number;
  revision: number;
  text: string;
}

export interface StreamlitComponent<Data> {
  data: Data;
  parentElement: HTMLElement | ShadowRoot;
  setStateValue: (name: string, value: unknown) => void;
}
