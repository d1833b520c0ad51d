// The flow as the marketer should see it now: the page's flow and what they did since.

import type { Action, Graph, Step } from "./wire";

export function withUnsettled(graph: Graph, actions: Action[]): Graph {
  return actions.reduce(applied, graph);
}

function applied(graph: Graph, action: Action): Graph {
  switch (action.kind) {
    case "selected":
      return { ...graph, selected: action.step };
    case "connected":
      return withSteps(graph, (step) =>
        step.step_id === action.step ? reconnected(step, action.way, action.target) : step,
      );
    case "moved":
      return withSteps(graph, (step) => ({ ...step, ...action.positions[step.step_id] }));
    case "arrange":
      return withSteps(graph, (step) => ({ ...step, x: null, y: null }));
    default:
      return graph;
  }
}

function withSteps(graph: Graph, change: (step: Step) => Step): Graph {
  return { ...graph, steps: graph.steps.map(change) };
}

function reconnected(step: Step, way: string, target: string | null): Step {
  return { ...step, ways: step.ways.map((one) => (one.way === way ? { ...one, target } : one)) };
}

// Steps that the marketer deleted and the page still shows.
export function leaving(actions: Action[]): Set<string> {
  return new Set(actions.flatMap((action) => (action.kind === "deleted" ? [action.step] : [])));
}

export function stepById(graph: Graph): Map<string, Step> {
  return new Map(graph.steps.map((step) => [step.step_id, step]));
}

export function reachableFrom(graph: Graph, start: string): Set<string> {
  const steps = stepById(graph);
  const seen = new Set<string>();
  const open = [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const way of steps.get(id)?.ways ?? []) if (way.target !== null) open.push(way.target);
  }
  return seen;
}

export function wouldCircle(graph: Graph, source: string, target: string): boolean {
  return reachableFrom(graph, target).has(source);
}

export interface Place {
  after: string;
  way: string;
}

// Where a step from the palette goes: after the selected step, else at the end of the first ways.
export function placeForNext(graph: Graph): Place | null {
  const steps = stepById(graph);
  const selected = graph.selected === null ? undefined : steps.get(graph.selected);
  if (selected !== undefined && selected.ways.length > 0) return openOrFirst(selected);
  const seen = new Set<Step>();
  let step = graph.steps[0];
  let last: Place | null = null;
  while (step !== undefined && step.ways.length > 0 && !seen.has(step)) {
    seen.add(step);
    last = openOrFirst(step);
    const target = step.ways.find((way) => way.way === last?.way)?.target ?? null;
    if (target === null) return last;
    step = steps.get(target);
  }
  return last;
}

function openOrFirst(step: Step): Place {
  const way = step.ways.find((one) => one.target === null) ?? step.ways[0];
  return { after: step.step_id, way: way?.way ?? "next" };
}

export function incoming(graph: Graph, id: string): { step: Step; index: number } | null {
  for (const step of graph.steps) {
    const index = step.ways.findIndex((way) => way.target === id);
    if (index >= 0) return { step, index };
  }
  return null;
}

// A way to a step that does not exist ends the flow, as the engine has it.
export function withoutLooseEnds(graph: Graph): Graph {
  const known = new Set(graph.steps.map((step) => step.step_id));
  return withSteps(graph, (step) => ({
    ...step,
    ways: step.ways.map((way) =>
      way.target === null || known.has(way.target) ? way : { ...way, target: null },
    ),
  }));
}

// What the layout depends on.
export function shapeOf(graph: Graph): string {
  return JSON.stringify(
    graph.steps.map(({ step_id, x, y, ways }) => [
      step_id,
      x,
      y,
      ways.map((way) => [way.way, way.target, way.label.length]),
    ]),
  );
}
