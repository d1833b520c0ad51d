// The canvas by keyboard.

import type { KeyboardEvent } from "react";
import type { WayEdge } from "./edges";
import { incoming, stepById } from "./view";
import type { Place } from "./view";
import type { Graph, Position } from "./wire";

interface KeyDeeds {
  graph: Graph;
  edges: WayEdge[];
  chosenEdge: string | null;
  select(step: string | null): void;
  remove(step: string): void;
  unlink(step: string, way: string): void;
  undo(): void;
  redo(): void;
  choose(place: Place, at: Position): void;
  close(): void;
}

export function useKeys(deeds: KeyDeeds): (event: KeyboardEvent<HTMLElement>) => void {
  return (event) => {
    const done = commanded(deeds, event) || onCard(deeds, event);
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  };
}

function commanded(deeds: KeyDeeds, event: KeyboardEvent): boolean {
  if (event.key === "Escape") {
    deeds.close();
    return true;
  }
  if (!deeds.graph.editable) return false;
  if (event.ctrlKey || event.metaKey) {
    const key = event.key.toLowerCase();
    if (key === "z") event.shiftKey ? deeds.redo() : deeds.undo();
    else if (key === "y") deeds.redo();
    return key === "z" || key === "y";
  }
  return (event.key === "Delete" || event.key === "Backspace") && removed(deeds, event);
}

function removed(deeds: KeyDeeds, event: KeyboardEvent): boolean {
  const edge = deeds.edges.find((one) => one.id === deeds.chosenEdge);
  if (edge?.data?.place) {
    deeds.unlink(edge.data.place.after, edge.data.place.way);
    return true;
  }
  const step = cardOf(event) ?? deeds.graph.selected;
  if (step === null) return false;
  deeds.remove(step);
  return true;
}

function onCard(deeds: KeyDeeds, event: KeyboardEvent<HTMLElement>): boolean {
  if ((event.target as Element).closest("button") !== null) return false;
  const focused = cardOf(event);
  const at = focused ?? deeds.graph.selected ?? null;
  if ((event.key === "Enter" || event.key === " ") && focused !== null) {
    deeds.select(focused);
    return true;
  }
  if (event.key === "+" && deeds.graph.editable && at !== null) return adding(deeds, at, event);
  const next = event.key.startsWith("Arrow") ? neighbour(deeds.graph, at, event.key) : null;
  if (next === null) return event.key.startsWith("Arrow") && focused !== null;
  deeds.select(next);
  cardElement(event.currentTarget, next)?.focus({ preventScroll: true });
  return true;
}

function adding(deeds: KeyDeeds, at: string, event: KeyboardEvent<HTMLElement>): boolean {
  const step = stepById(deeds.graph).get(at);
  const way = step?.ways.find((one) => one.target === null) ?? step?.ways[0];
  const box = cardElement(event.currentTarget, at)?.getBoundingClientRect();
  if (way === undefined || box === undefined) return false;
  deeds.choose({ after: at, way: way.way }, { x: box.left + 24, y: box.bottom });
  return true;
}

// Down and up go along the ways, left and right to the other ways of the same step.
function neighbour(graph: Graph, at: string | null, key: string): string | null {
  if (at === null) return graph.steps[0]?.step_id ?? null;
  const before = incoming(graph, at);
  if (key === "ArrowUp") return before?.step.step_id ?? null;
  if (key === "ArrowDown") {
    const step = stepById(graph).get(at);
    return step?.ways.find((way) => way.target !== null)?.target ?? null;
  }
  if (before === null) return null;
  const targets = [...new Set(before.step.ways.map((way) => way.target))];
  const others = targets.filter((target): target is string => target !== null);
  const index = others.indexOf(at) + (key === "ArrowRight" ? 1 : -1);
  return others[index] ?? null;
}

function cardOf(event: KeyboardEvent): string | null {
  const card = (event.target as Element).closest<HTMLElement>(".react-flow__node-step");
  return card?.dataset.id ?? null;
}

function cardElement(board: HTMLElement, id: string): HTMLElement | null {
  const cards = board.querySelectorAll<HTMLElement>(".react-flow__node-step");
  return [...cards].find((card) => card.dataset.id === id) ?? null;
}
