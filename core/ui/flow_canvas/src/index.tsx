// The bundle is sent to the browser once, by an element without looks; the elements that draw a
// canvas hold only data and ask for this module by its version.

import { createRoot } from "react-dom/client";
import type { Root } from "react-dom/client";
import { Canvas } from "./Canvas";
import { Outbox } from "./outbox";
import type { Drawn, StreamlitComponent } from "./wire";

type Draw = (component: StreamlitComponent<Drawn>) => () => void;

interface Shelf {
  promise: Promise<Draw>;
  put: (draw: Draw) => void;
}

declare global {
  var rehearsalFlowCanvas: Map<string, Shelf> | undefined;
}

export default function publish(component: StreamlitComponent<{ version: string; css: string }>) {
  const { version, css } = component.data;
  shelfFor(version).put((canvas) => draw(canvas, css));
}

function shelfFor(version: string): Shelf {
  const shelves = (globalThis.rehearsalFlowCanvas ??= new Map<string, Shelf>());
  const known = shelves.get(version);
  if (known !== undefined) return known;
  let put: (draw: Draw) => void = () => undefined;
  const promise = new Promise<Draw>((resolve) => (put = resolve));
  const shelf = { promise, put };
  shelves.set(version, shelf);
  return shelf;
}

interface Mounted {
  root: Root;
  outbox: Outbox;
  host: HTMLElement;
}

const mounted = new WeakMap<HTMLElement | ShadowRoot, Mounted>();

function draw(component: StreamlitComponent<Drawn>, css: string): () => void {
  const { data, parentElement, setTriggerValue } = component;
  const canvas = mounted.get(parentElement) ?? mount(parentElement, css);
  canvas.outbox.sendWith((value) => setTriggerValue("action", value));
  canvas.outbox.accept(data.receipt);
  const dark = isDark(canvas.host);
  canvas.root.render(<Canvas drawn={data} outbox={canvas.outbox} dark={dark} />);
  return () => {
    canvas.outbox.close();
    canvas.root.unmount();
    canvas.host.remove();
    mounted.delete(parentElement);
  };
}

function mount(parent: HTMLElement | ShadowRoot, css: string): Mounted {
  const host = document.createElement("div");
  const style = document.createElement("style");
  style.textContent = css;
  const place = document.createElement("div");
  host.append(style, place);
  parent.append(host);
  const canvas = { root: createRoot(place), outbox: new Outbox(), host };
  mounted.set(parent, canvas);
  return canvas;
}

// Streamlit tells colours, not whether they are dark: the background's brightness does.
function isDark(host: HTMLElement): boolean {
  const probe = document.createElement("span");
  probe.style.color = "var(--st-background-color, #fff)";
  host.append(probe);
  const [red = 255, green = 255, blue = 255] =
    getComputedStyle(probe).color.match(/\d+(\.\d+)?/g)?.map(Number) ?? [];
  probe.remove();
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
