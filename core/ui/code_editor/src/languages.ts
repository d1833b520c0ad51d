// MJML, or a line of plain text, with Jinja in between.

import { closePercentBrace, jinja } from "@codemirror/lang-jinja";
import { xml } from "@codemirror/lang-xml";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { typingOver } from "./typing_over";

const plain = StreamLanguage.define({
  name: "plain",
  token(stream) {
    stream.skipToEnd();
    return null;
  },
});

const bracesClose = { closeBrackets: { brackets: ["{", "(", "[", '"'], before: ")]}:;<\"'" } };

function withJinja(base: LanguageSupport): Extension {
  const { language } = jinja({ base });
  const closing = [base.language.data.of(bracesClose), language.data.of(bracesClose)];
  return [language, base.support, ...closing, typingOver, closePercentBrace];
}

export const mjmlLanguage = withJinja(xml());
export const lineLanguage = withJinja(new LanguageSupport(plain));
