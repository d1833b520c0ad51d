// What the page sends to the canvas, and what the canvas sends back.

export type Kind =
  | "delay"
  | "wait_for"
  | "branch"
  | "split"
  | "send"
  | "update_profile"
  | "webhook"
  | "exit";

export interface Way {
  way: string;
  label: string;
  target: string | null;
  count: string;
  share: number | null;
}

export interface Step {
  step_id: string;
  kind: Kind;
  title: string;
  detail: string;
  ways: Way[];
  problem: string;
  count: string;
  x: number | null;
  y: number | null;
}

export interface Graph {
  entry_label: string;
  entry_count: string;
  steps: Step[];
  selected: string | null;
  editable: boolean;
  can_undo: boolean;
  can_redo: boolean;
}

export type Position = { x: number; y: number };
export type Positions = Record<string, Position>;

export type Action =
  | { kind: "selected"; step: string | null }
  | { kind: "connected"; step: string; way: string; target: string | null }
  | { kind: "moved"; positions: Positions }
  | { kind: "deleted"; step: string }
  | {
      kind: "added";
      step_kind: Kind;
      after: string | null;
      way: string | null;
      x: number | null;
      y: number | null;
    }
  | { kind: "undo" }
  | { kind: "redo" }
  | { kind: "arrange" };

// How far the page has come with the actions of one drawing of the canvas.
export interface Receipt {
  client: string;
  received: number;
  settled: number;
}

export interface Drawn {
  version: string;
  name: string;
  height: number;
  graph: Graph;
  receipt: Receipt | null;
}

export interface StreamlitComponent<Data> {
  data: Data;
  parentElement: HTMLElement | ShadowRoot;
  setTriggerValue: (name: string, value: unknown) => void;
}

export const ENTRY = "\u0000entry";

export function endMarkOf(step: string, way: string): string {
  return `\u0000end ${step} ${way}`;
}

// Where a flow without steps ends.
export const EMPTY_END = endMarkOf(ENTRY, "");

export function endMarksOf(steps: Step[]): string[] {
  if (steps.length === 0) return [EMPTY_END];
  return steps.flatMap((step) =>
    step.ways
      .filter((way) => way.target === null)
      .map((way) => endMarkOf(step.step_id, way.way)),
  );
}
