// The bundle comes with an element without looks; the elements that show an editor hold only data
// and ask for this module by its version.

import { SourceEditor } from "./editor";
import type { Shown, StreamlitComponent } from "./wire";

type Draw = (component: StreamlitComponent<Shown>) => () => void;

interface Shelf {
  promise: Promise<Draw>;
  put: (draw: Draw) => void;
}

declare global {
  var rehearsalCodeEditor: Map<string, Shelf> | undefined;
}

export default function publish(component: StreamlitComponent<{ version: string; css: string }>) {
  const { version, css } = component.data;
  shelfFor(version).put((editor) => draw(editor, css));
}

function shelfFor(version: string): Shelf {
  const shelves = (globalThis.rehearsalCodeEditor ??= new Map<string, Shelf>());
  const known = shelves.get(version);
  if (known !== undefined) return known;
  let put: (draw: Draw) => void = () => undefined;
  const promise = new Promise<Draw>((resolve) => (put = resolve));
  const shelf = { promise, put };
  shelves.set(version, shelf);
  return shelf;
}

// Editors that went out of sight are kept for a while, with what is undone and where the cursor
// stands: Streamlit draws an element anew when the page around it changes.
const KEPT_EDITORS = 8;
const editors = new Map<string, SourceEditor>();

function draw(component: StreamlitComponent<Shown>, css: string): () => void {
  const { data, parentElement } = component;
  const editor = editorFor(data, css);
  editor.sendWith((delivery) => component.setStateValue("text", delivery));
  editor.standIn(parentElement);
  editor.show(data);
  return () => editor.leave(parentElement);
}

function editorFor(shown: Shown, css: string): SourceEditor {
  const known = editors.get(shown.name);
  if (known !== undefined && (known.isStanding || known.continues(shown))) return known;
  known?.close();
  editors.delete(shown.name);
  const editor = new SourceEditor(shown, css);
  editors.set(shown.name, editor);
  const resting = [...editors].filter(([, one]) => !one.isStanding && one !== editor);
  for (const [name, one] of resting.slice(0, -KEPT_EDITORS)) {
    one.close();
    editors.delete(name);
  }
  return editor;
}
