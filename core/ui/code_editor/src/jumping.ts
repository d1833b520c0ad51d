// Going to a line that the page names: the cursor stands there, and the line stands out a while.

import { StateEffect, StateField } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { Decoration, EditorView } from "@codemirror/view";
import type { DecorationSet } from "@codemirror/view";

const LINE = Decoration.line({ class: "cm-jumped" });
const goTo = StateEffect.define<number>();

// Until something is typed, or the cursor goes to another line.
const jumped = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(goTo)) continue;
      const line = transaction.state.doc.lineAt(effect.value);
      return Decoration.set(LINE.range(line.from));
    }
    const { newSelection, newDoc } = transaction;
    const line = newDoc.lineAt(newSelection.main.head).from;
    const isLeft = transaction.selection !== undefined && lines.iter().from !== line;
    return transaction.docChanged || isLeft ? Decoration.none : lines;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export const jumping: Extension = jumped;

export function jump(view: EditorView, place: number): void {
  view.dom.scrollIntoView({ block: "nearest" });
  view.dispatch({
    selection: { anchor: place },
    effects: [goTo.of(place), EditorView.scrollIntoView(place, { y: "center" })],
  });
  view.focus();
}
