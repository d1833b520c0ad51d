// The graph as React Flow's nodes and edges.

import { useMemo, useRef } from "react";
import type { WayEdge } from "./edges";
import type { Layout } from "./layout";
import { passageKey } from "./layout";
import { describe } from "./nodes";
import type { CanvasNode } from "./nodes";
import { cardSize, END_SIZE, ENTRY_SIZE } from "./sizes";
import type { Size } from "./sizes";
import type { Place } from "./view";
import { EMPTY_END, endMarkOf, endMarksOf, ENTRY } from "./wire";
import type { Graph, Position, Step } from "./wire";

export interface Looks {
  leaving: Set<string>;
  // On touch screens a card must be chosen before it can be dragged: a finger scrolls the page.
  coarse: boolean;
  chosenEdge: string | null;
  near: string | null;
}

export function edgeId(place: Place | null): string {
  return place === null ? ENTRY : `${place.after} ${place.way}`;
}

export function nodesOf(graph: Graph, layout: Layout, looks: Looks): CanvasNode[] {
  const titles = new Map(graph.steps.map((step) => [step.step_id, step.title]));
  const at = (id: string) => layout.positions.get(id) ?? { x: 0, y: 0 };
  const entry: CanvasNode = {
    ...still(ENTRY, at(ENTRY), ENTRY_SIZE),
    type: "entry",
    data: { label: graph.entry_label, count: graph.entry_count },
    ariaLabel: `Enters the flow: ${graph.entry_label} ${graph.entry_count}`,
  };
  const cards = graph.steps.map((step) => cardNode(step, at(step.step_id), graph, looks, titles));
  const marks = endMarksOf(graph.steps).map(
    (id): CanvasNode => ({ ...still(id, at(id), END_SIZE), type: "end", data: {} }),
  );
  return [entry, ...cards, ...marks];
}

function still(id: string, position: Position, size: Size) {
  return { id, position, ...size, draggable: false, focusable: false, selectable: false };
}

function cardNode(
  step: Step,
  position: Position,
  graph: Graph,
  looks: Looks,
  titles: Map<string, string>,
): CanvasNode {
  const chosen = step.step_id === graph.selected;
  return {
    id: step.step_id,
    type: "step",
    position,
    ...cardSize(step),
    draggable: graph.editable && (!looks.coarse || chosen),
    data: { step, leaving: looks.leaving.has(step.step_id), chosen },
    ariaLabel: describe(step, titles),
    domAttributes: { "aria-current": chosen ? "step" : undefined },
    zIndex: chosen ? 10 : 0,
  };
}

export function edgesOf(graph: Graph, layout: Layout, looks: Looks): WayEdge[] {
  const edges = graph.steps.flatMap((step) =>
    step.ways.map((way): WayEdge => {
      const place = { after: step.step_id, way: way.way };
      const target = way.target ?? endMarkOf(step.step_id, way.way);
      const passages = layout.passages.get(passageKey(step.step_id, way.way)) ?? [];
      const words = { label: way.label, count: way.count, share: way.share };
      return {
        ...edge(place, target, looks),
        sourceHandle: way.way,
        reconnectable: graph.editable ? "target" : false,
        data: { ...marks(place, looks), ...words, place, passages, open: way.target === null },
      };
    }),
  );
  const unknown = graph.entry_count === "" || edges.every((one) => one.data?.share === null);
  const data = {
    ...marks(null, looks),
    ...{ label: "", count: "", share: unknown ? null : 1, place: null, passages: [], open: edges.length === 0 },
  };
  const first = graph.steps[0]?.step_id ?? EMPTY_END;
  return [{ ...edge(null, first, looks), reconnectable: false, data }, ...edges];
}

function edge(place: Place | null, target: string, looks: Looks) {
  const id = edgeId(place);
  return {
    id,
    type: "way" as const,
    source: place?.after ?? ENTRY,
    target,
    focusable: false,
    // The cards tell where their ways lead.
    domAttributes: { "aria-hidden": true },
    zIndex: id === looks.chosenEdge ? 5 : 0,
  };
}

function marks(place: Place | null, looks: Looks) {
  const id = edgeId(place);
  return { chosen: place !== null && id === looks.chosenEdge, near: id === looks.near };
}

// The former list, or the former items of it, where nothing about them changed: then their cards
// are not drawn again.
export function useStable<Item extends { id: string }>(items: Item[]): Item[] {
  const known = useRef<{ list: Item[]; texts: Map<string, string> }>({ list: [], texts: new Map() });
  return useMemo(() => {
    const former = new Map(known.current.list.map((item) => [item.id, item]));
    const texts = new Map(items.map((item) => [item.id, JSON.stringify(item)]));
    const list = items.map((item) => {
      const same = texts.get(item.id) === known.current.texts.get(item.id);
      return same ? (former.get(item.id) ?? item) : item;
    });
    const unchanged =
      list.length === known.current.list.length &&
      list.every((item, at) => item === known.current.list[at]);
    if (!unchanged) known.current = { list, texts };
    return known.current.list;
  }, [items]);
}
