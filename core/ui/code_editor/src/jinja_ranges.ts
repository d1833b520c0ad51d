// Jinja stands out from the markup around it.

import { RangeSetBuilder } from "@codemirror/state";
import { Decoration, ViewPlugin } from "@codemirror/view";
import type { DecorationSet, EditorView, ViewUpdate } from "@codemirror/view";
import { FAR_BACK } from "./jinja_place";

// By its delimiters and not by the grammar, which gives up on what is half written.
const JINJA = /\{\{[^]*?\}\}|\{%[^]*?%\}|\{#[^]*?#\}/g;
const CODE = Decoration.mark({ class: "jinja" });
const COMMENT = Decoration.mark({ class: "jinja-comment" });

export const jinjaRanges = ViewPlugin.fromClass(
  class {
    marks: DecorationSet;
    constructor(view: EditorView) {
      this.marks = marksOf(view);
    }
    update(update: ViewUpdate) {
      if (update.docChanged || update.viewportChanged) this.marks = marksOf(update.view);
    }
  },
  { decorations: (plugin) => plugin.marks },
);

function marksOf(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const begin = Math.max(0, view.viewport.from - FAR_BACK);
  const text = view.state.sliceDoc(begin, view.viewport.to + FAR_BACK);
  for (const found of text.matchAll(JINJA)) {
    const from = begin + found.index;
    builder.add(from, from + found[0].length, found[0].startsWith("{#") ? COMMENT : CODE);
  }
  return builder.finish();
}
