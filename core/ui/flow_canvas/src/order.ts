// Who stands left of whom in a rank: as the ways leave their cards, so that few ways cross.

import type { EdgeLabel, GraphLabel, LayoutOptions, NodeLabel } from "@dagrejs/dagre";
import type { Graph as Dagre } from "@dagrejs/dagre";

type Ranked = Dagre<GraphLabel, NodeLabel, EdgeLabel>;
type Order = Map<string, number>;

// `portOf` tells the place of a way among those of its card.
export function orderByWays(portOf: (node: string, way: string) => number) {
  return (graph: Ranked, order: (graph: Ranked, options?: LayoutOptions) => void): void => {
    order(graph);
    const found = new Map(graph.nodes().map((id) => [id, graph.node(id).order ?? 0]));
    const lines = linesOf(graph, portOf);
    const candidates = [byDepth(graph, portOf), found, mirrored(graph, found)];
    const costs = candidates.map((candidate) => crossings(lines, candidate));
    const best = candidates[costs.indexOf(Math.min(...costs))] ?? found;
    for (const [id, place] of best) graph.node(id).order = place;
  };
}

interface Line {
  rank: number;
  from: string;
  port: number;
  to: string;
}

function linesOf(graph: Ranked, portOf: (node: string, way: string) => number): Line[] {
  return graph.edges().map(({ v, w, name }) => ({
    rank: graph.node(v).rank ?? 0,
    from: v,
    port: portOf(v, name ?? ""),
    to: w,
  }));
}

// A walk that takes the ways from left to right.
function byDepth(graph: Ranked, portOf: (node: string, way: string) => number): Order {
  const order: Order = new Map();
  const next = new Map<number, number>();
  const visit = (id: string) => {
    if (order.has(id)) return;
    const rank = graph.node(id).rank ?? 0;
    order.set(id, next.get(rank) ?? 0);
    next.set(rank, (next.get(rank) ?? 0) + 1);
    const ways = (graph.outEdges(id) ?? []).map((edge) => ({
      to: edge.w,
      port: portOf(id, edge.name ?? ""),
    }));
    for (const way of ways.sort((one, other) => one.port - other.port)) visit(way.to);
  };
  for (const id of graph.sources()) visit(id);
  for (const id of graph.nodes()) visit(id);
  return order;
}

function mirrored(graph: Ranked, order: Order): Order {
  const last = new Map<number, number>();
  for (const [id, place] of order) {
    const rank = graph.node(id).rank ?? 0;
    last.set(rank, Math.max(last.get(rank) ?? 0, place));
  }
  return new Map(
    [...order].map(([id, place]) => [id, (last.get(graph.node(id).rank ?? 0) ?? 0) - place]),
  );
}

function crossings(lines: Line[], order: Order): number {
  const byRank = new Map<number, Line[]>();
  for (const line of lines) byRank.set(line.rank, [...(byRank.get(line.rank) ?? []), line]);
  let count = 0;
  for (const rank of byRank.values()) {
    for (const one of rank) for (const other of rank) if (crosses(one, other, order)) count += 1;
  }
  return count;
}

function crosses(one: Line, other: Line, order: Order): boolean {
  const from = (order.get(one.from) ?? 0) - (order.get(other.from) ?? 0) || one.port - other.port;
  return from < 0 && (order.get(one.to) ?? 0) > (order.get(other.to) ?? 0);
}
