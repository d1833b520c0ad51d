// The page's marks, by line, as the places they have in the text as it is now.

import type { Diagnostic } from "@codemirror/lint";
import type { ChangeDesc, Text } from "@codemirror/state";
import type { Mark } from "./wire";

export function diagnosticsOf(marks: Mark[], text: Text, since: ChangeDesc | null): Diagnostic[] {
  return marks.map(({ line, level, message }) => {
    return { ...placeOfLine(line, text, since), severity: level, message };
  });
}

// From the first sign of a line that is no space to its end.
export function placeOfLine(
  number: number, text: Text, since: ChangeDesc | null,
): { from: number; to: number } {
  const line = text.line(Math.min(Math.max(number, 1), text.lines));
  const indent = /^\s*/.exec(line.text)?.[0].length ?? 0;
  const begin = line.from + (indent < line.length ? indent : 0);
  const from = since === null ? begin : since.mapPos(begin, 1);
  const to = since === null ? line.to : since.mapPos(line.to, -1);
  return { from, to: Math.max(from, to) };
}
