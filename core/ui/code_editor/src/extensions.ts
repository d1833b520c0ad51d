// What an editor of each language can do.

import { autocompletion, acceptCompletion, closeBrackets } from "@codemirror/autocomplete";
import type { CompletionSource } from "@codemirror/autocomplete";
import { closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightActiveLineGutter } from "@codemirror/view";
import { keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { completeBlocks, completeMarkup, completeTemplate } from "./completing";
import { jinjaRanges } from "./jinja_ranges";
import { jumping } from "./jumping";
import { lineLanguage, mjmlLanguage } from "./languages";
import type { Offer, Shown } from "./wire";

export interface Deeds {
  offers: () => Offer[];
  deliver: () => void;
}

export function extensionsOf(shown: Shown, deeds: Deeds): Extension {
  return [
    history(),
    closeBrackets(),
    bracketMatching(),
    syntaxHighlighting(classHighlighter),
    jinjaRanges,
    jumping,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of(namesOf(shown)),
    EditorView.domEventHandlers({ blur: () => deeds.deliver() }),
    autocompletion({
      override: sourcesOf(shown, deeds.offers),
      icons: false,
      maxRenderedOptions: 60,
    }),
    shown.language === "mjml" ? manyLines() : oneLine(deeds.deliver),
    keymap.of([
      { key: "Mod-s", run: () => (deeds.deliver(), true), preventDefault: true },
      { key: "Tab", run: acceptCompletion },
      ...completionKeymap,
      ...closeBracketsKeymap,
      ...historyKeymap,
      ...lintKeymap,
    ]),
  ];
}

function sourcesOf(shown: Shown, offers: Deeds["offers"]): CompletionSource[] {
  const always = [completeTemplate(offers), completeBlocks(offers)];
  return shown.language === "mjml" ? [...always, completeMarkup] : always;
}

function manyLines(): Extension {
  return [
    mjmlLanguage,
    lineNumbers(),
    lintGutter(),
    indentOnInput(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    search({ top: true }),
    Prec.low(keymap.of([indentWithTab, ...searchKeymap, ...defaultKeymap])),
  ];
}

// What is pasted with line breaks becomes one line; Enter is done with it.
function oneLine(deliver: () => void): Extension {
  return [
    lineLanguage,
    EditorState.transactionFilter.of((transaction) => {
      if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction;
      const breaks: { from: number; to: number; insert: string }[] = [];
      for (let line = 1; line < transaction.newDoc.lines; line += 1) {
        const at = transaction.newDoc.line(line).to;
        breaks.push({ from: at, to: at + 1, insert: " " });
      }
      return [transaction, { changes: breaks, sequential: true }];
    }),
    Prec.low(keymap.of([{ key: "Enter", run: () => (deliver(), true) }, ...defaultKeymap])),
  ];
}

function namesOf({ label, language }: Shown): Record<string, string> {
  if (language === "line") {
    return { "aria-label": label || "One line of text", "aria-multiline": "false" };
  }
  const way = "Tab indents; press Escape and then Tab to leave. F8 goes to the next problem.";
  return { "aria-label": label || "Source of the e-mail", "aria-description": way };
}
