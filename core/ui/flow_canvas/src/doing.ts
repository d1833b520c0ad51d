// What the marketer does to the flow, as actions for the page.

import type { Outbox } from "./outbox";
import { CARD_WIDTH } from "./sizes";
import type { Place } from "./view";
import type { Graph, Kind, Position, Positions } from "./wire";

export interface Doing {
  select(step: string | null): void;
  add(kind: Kind, place: Place | null, drop: Position | null): void;
  connect(step: string, way: string, target: string | null): void;
  move(positions: Positions): void;
  remove(step: string): void;
  undo(): void;
  redo(): void;
  arrange(): void;
}

export function doingTo(graph: Graph, outbox: Outbox): Doing {
  return {
    select: (step) => {
      if (step !== graph.selected) outbox.push({ kind: "selected", step });
    },
    add: (kind, place, drop) => {
      const after = { after: place?.after ?? null, way: place?.way ?? null };
      outbox.push({ kind: "added", step_kind: kind, ...after, ...corner(graph, drop) });
    },
    connect: (step, way, target) => {
      const now = graph.steps.find((one) => one.step_id === step)?.ways;
      if (now?.find((one) => one.way === way)?.target === target) return;
      outbox.push({ kind: "connected", step, way, target });
    },
    move: (positions) => outbox.push({ kind: "moved", positions }),
    remove: (step) => outbox.push({ kind: "deleted", step }),
    undo: () => outbox.push({ kind: "undo" }),
    redo: () => outbox.push({ kind: "redo" }),
    arrange: () => outbox.push({ kind: "arrange" }),
  };
}

// Where no card has a place of its own, the layout puts a new one better than a hand did.
function corner(graph: Graph, drop: Position | null): { x: number | null; y: number | null } {
  const byHand = graph.steps.some((step) => step.x !== null);
  if (drop === null || !byHand) return { x: null, y: null };
  return { x: Math.round(drop.x - CARD_WIDTH / 2), y: Math.round(drop.y) };
}
