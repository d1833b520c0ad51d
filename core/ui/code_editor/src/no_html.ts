// Takes the place of @codemirror/lang-html in the bundle: lang-jinja wants it only where no other
// base is given, and it would bring the grammars of HTML, CSS and JavaScript along (140 KB).

export { xml as html } from "@codemirror/lang-xml";
