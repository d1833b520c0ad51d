// Typing the closing delimiter of Jinja steps over the one that stands there already.

import type { Extension } from "@codemirror/state";
import { Prec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { FAR_BACK, isInString, openBefore } from "./jinja_place";

// Before what closes brackets of itself, which knows nothing of delimiters of two signs.
export const typingOver: Extension = Prec.highest(
  EditorView.inputHandler.of((view, from, to, text) => {
    const { main, ranges } = view.state.selection;
    if (ranges.length > 1 || from !== to || main.from !== from || text.length !== 1) return false;
    const before = view.state.sliceDoc(Math.max(0, from - FAR_BACK), from);
    const after = view.state.sliceDoc(to, Math.min(to + FAR_BACK, view.state.doc.lineAt(to).to));
    const steps = stepsOver(text, before, after);
    if (steps === 0) return false;
    view.dispatch({
      selection: { anchor: to + steps },
      scrollIntoView: true,
      userEvent: "select.type",
    });
    return true;
  }),
);

// A brace of an object within the expression is another one than the delimiter's.
function hasOpenBrace(said: string): boolean {
  const bare = said.replace(/"[^"]*"|'[^']*'/g, "");
  return bare.split("{").length > bare.split("}").length;
}

// How many signs the cursor goes on, 0 where the sign typed is to be written.
export function stepsOver(sign: string, before: string, after: string): number {
  const open = openBefore(before);
  if (open === null) return 0;
  const closing = open.sign === "{" ? "}}" : `${open.sign}}`;
  if (open.sign !== "#" && (isInString(open.said) || hasOpenBrace(open.said))) return 0;
  // The second sign, after the first was stepped over.
  if (sign === "}" && open.said.endsWith(closing[0] ?? "") && after.startsWith("}")) return 1;
  const [, space = ""] = /^([ \t]*)/.exec(after) ?? [];
  const isThere = sign === closing[0] && after.slice(space.length).startsWith(closing);
  return isThere ? space.length + 1 : 0;
}
