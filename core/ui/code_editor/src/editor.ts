// One editor on a page: its place, its text, its marks.

import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, Text } from "@codemirror/state";
import type { ChangeDesc } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { Courier } from "./courier";
import { extensionsOf } from "./extensions";
import { jump } from "./jumping";
import { diagnosticsOf, placeOfLine } from "./marks";
import type { Delivery, Offer, Receipt, Shown } from "./wire";

// The name of the last jump by the name of the editor.
const jumpsDone = new Map<string, string>();

export class SourceEditor {
  private readonly host = document.createElement("div");
  private readonly caption = document.createElement("div");
  private readonly view: EditorView;
  private readonly courier: Courier;
  private readonly theme = new Compartment();
  private readonly language: Shown["language"];
  private offers: Offer[] = [];
  private revision: number;
  private marked = "";
  private dark = false;
  private parent: HTMLElement | ShadowRoot | null = null;

  constructor(shown: Shown, css: string) {
    this.language = shown.language;
    this.revision = shown.revision;
    const state = this.stateOf(shown, 0);
    this.view = new EditorView({ state });
    this.courier = new Courier(state.doc, shown.revision, () => this.view.state.doc);
    this.furnish(css, shown);
  }

  get isStanding(): boolean {
    return this.parent !== null;
  }

  // Whether the page goes on with the very text that this editor, out of sight until now, holds.
  continues(shown: Shown): boolean {
    if (shown.revision !== this.revision || shown.language !== this.language) return false;
    return this.textOf(shown).eq(this.courier.delivered);
  }

  sendWith(send: (delivery: Delivery) => void): void {
    this.courier.send = send;
  }

  standIn(parent: HTMLElement | ShadowRoot): void {
    if (this.parent === parent) return;
    if (this.parent === null) document.addEventListener("pointerdown", this.pressed, true);
    this.parent = parent;
    parent.append(this.host);
    this.view.setRoot(parent.getRootNode() as Document | ShadowRoot);
    this.view.requestMeasure();
  }

  leave(parent: HTMLElement | ShadowRoot): void {
    if (this.parent !== parent) return;
    this.courier.deliver();
    document.removeEventListener("pointerdown", this.pressed, true);
    this.host.remove();
    this.parent = null;
  }

  close(): void {
    this.courier.stop();
    this.view.destroy();
  }

  // Within a revision the editor's own text is the newest there is: the page's is left aside.
  show(shown: Shown): void {
    this.offers = shown.completions;
    this.caption.textContent = shown.label;
    this.caption.hidden = shown.label === "";
    this.host.style.setProperty("--height", `${shown.height}px`);
    if (shown.revision !== this.revision) this.replace(shown);
    this.colour();
    this.mark(shown);
    this.go(shown);
  }

  // An editor drawn anew is told of the last jump again.
  private go({ name, jump: asked, receipt }: Shown): void {
    if (asked === null || jumpsDone.get(name) === asked.name) return;
    jumpsDone.set(name, asked.name);
    const { text, since } = this.snapshot(receipt);
    const { from } = placeOfLine(asked.line, text, since);
    requestAnimationFrame(() => jump(this.view, Math.min(from, this.view.state.doc.length)));
  }

  private replace(shown: Shown): void {
    const scroll = this.view.scrollDOM.scrollTop;
    this.revision = shown.revision;
    this.view.setState(this.stateOf(shown, this.view.state.selection.main.head));
    this.courier.begin(this.view.state.doc, shown.revision);
    this.marked = "";
    requestAnimationFrame(() => (this.view.scrollDOM.scrollTop = scroll));
  }

  private stateOf(shown: Shown, cursor: number): EditorState {
    const doc = this.textOf(shown);
    return EditorState.create({
      doc,
      selection: { anchor: Math.min(cursor, doc.length) },
      extensions: [
        this.theme.of(EditorView.darkTheme.of(this.dark)),
        extensionsOf(shown, { offers: () => this.offers, deliver: () => this.courier.deliver() }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.courier.changed(update.changes.desc);
        }),
      ],
    });
  }

  private textOf(shown: Shown): Text {
    const lines = shown.text.split(/\r\n?|\n/);
    return Text.of(shown.language === "line" ? [lines.join(" ")] : lines);
  }

  // Marks are set when they are new; the letters typed meanwhile move them along.
  private mark(shown: Shown): void {
    const marked = JSON.stringify([shown.marks, shown.receipt]);
    if (marked === this.marked) return;
    this.marked = marked;
    const { state } = this.view;
    const { text, since } = this.snapshot(shown.receipt);
    const found = diagnosticsOf(shown.marks, text, since);
    this.view.dispatch(setDiagnostics(state, found));
  }

  private snapshot(receipt: Receipt): { text: Text; since: ChangeDesc | null } {
    return this.courier.snapshot(receipt) ?? { text: this.view.state.doc, since: null };
  }

  private furnish(css: string, shown: Shown): void {
    const style = document.createElement("style");
    style.textContent = css;
    this.host.className = `editor ${shown.language}`;
    this.caption.className = "caption";
    this.host.append(style, this.caption, this.view.dom);
    this.caption.addEventListener("click", () => this.view.focus());
  }

  // Not every browser takes the focus away from the editor when a button is pressed.
  private readonly pressed = (event: Event): void => {
    if (!event.composedPath().includes(this.host)) this.courier.deliver();
  };

  private colour(): void {
    const dark = this.isDark();
    if (dark === this.dark) return;
    this.dark = dark;
    this.view.dispatch({ effects: this.theme.reconfigure(EditorView.darkTheme.of(dark)) });
  }

  // Streamlit tells colours, not whether they are dark: the background's brightness does.
  private isDark(): boolean {
    const probe = document.createElement("span");
    probe.style.color = "var(--st-background-color, #fff)";
    this.host.append(probe);
    const [red = 255, green = 255, blue = 255] =
      getComputedStyle(probe).color.match(/\d+(\.\d+)?/g)?.map(Number) ?? [];
    probe.remove();
    return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
  }
}
