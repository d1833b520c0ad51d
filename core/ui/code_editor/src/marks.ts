// The page's marks, by line, as the places they have in the text as it is now.

import type { Diagnostic } from "@codemirror/lint";
import type { ChangeDesc, Text } from "@codemirror/state";
import type { Mark } from "./wire";

export function diagnosticsOf(marks: Mark[], text: Text, since: ChangeDesc | null): Diagnostic[] {
  return marks.map((mark) => {
    const line = text.line(Math.min(Math.max(mark.line, 1), text.lines));
    const indent = /^\s*/.exec(line.text)?.[0].length ?? 0;
    const begin = line.from + (indent < line.length ? indent : 0);
    const from = since === null ? begin : since.mapPos(begin, 1);
    const to = since === null ? line.to : since.mapPos(line.to, -1);
    return { from, to: Math.max(from, to), severity: mark.level, message: mark.message };
  });
}
