// Where everything stands: in ranks from top to bottom, or where the marketer put it.

import { Graph as Dagre, layout as arrange } from "@dagrejs/dagre";
import type { EdgeLabel } from "@dagrejs/dagre";
import { orderByWays } from "./order";
import { cardSize, END_SIZE, ENTRY_SIZE, handleOffset, RANK_GAP, SIDE_GAP } from "./sizes";
import type { Size } from "./sizes";
import { reachableFrom } from "./view";
import { EMPTY_END, endMarkOf, endMarksOf, ENTRY } from "./wire";
import type { Graph, Position, Step } from "./wire";

export interface Layout {
  positions: Map<string, Position>;
  // For ways that pass other ranks: the vertical pieces between the cards, per `step way`.
  passages: Map<string, Passage[]>;
}

export interface Passage {
  x: number;
  top: number;
  bottom: number;
}

export interface Rect extends Position, Size {}

export function passageKey(step: string, way: string): string {
  return `${step} ${way}`;
}

export function layoutOf(graph: Graph): Layout {
  const placed = graph.steps.some((step) => step.x !== null && step.y !== null);
  return placed ? byHand(graph) : inRanks(graph);
}

// What nobody can reach yet stands to the right of the flow, rather than among its rows.
function inRanks(graph: Graph): Layout {
  const first = graph.steps[0];
  const reached = first === undefined ? new Set<string>() : reachableFrom(graph, first.step_id);
  const rest = graph.steps.filter((step) => !reached.has(step.step_id));
  const flow = ranked(graph.steps.filter((step) => reached.has(step.step_id)), true);
  if (rest.length === 0) return flow;
  const beside = ranked(rest, false);
  const right = Math.max(...graph.steps.map((step) => rightOf(step, flow.positions)));
  const left = Math.min(...[...beside.positions.values()].map((place) => place.x));
  return joined(flow, beside, { x: right + 2 * SIDE_GAP - left, y: ENTRY_SIZE.height + RANK_GAP });
}

function rightOf(step: Step, positions: Map<string, Position>): number {
  const place = positions.get(step.step_id);
  return place === undefined ? 0 : place.x + cardSize(step).width;
}

function joined(flow: Layout, beside: Layout, by: Position): Layout {
  const positions = new Map(flow.positions);
  for (const [id, { x, y }] of beside.positions) positions.set(id, { x: x + by.x, y: y + by.y });
  const passages = new Map(flow.passages);
  for (const [key, all] of beside.passages) {
    passages.set(key, all.map(({ x, top, bottom }) => shifted(x, top, bottom, by)));
  }
  return { positions, passages };
}

function shifted(x: number, top: number, bottom: number, by: Position): Passage {
  return { x: x + by.x, top: top + by.y, bottom: bottom + by.y };
}

function ranked(steps: Step[], withEntry: boolean): Layout {
  const drawn = dagreOf(steps, withEntry);
  const byId = new Map(steps.map((step) => [step.step_id, step]));
  const portOf = (id: string, way: string) =>
    byId.get(id)?.ways.findIndex((one) => one.way === way) ?? 0;
  arrange(drawn, { customOrder: orderByWays(portOf) });
  const levels = levelsOf(drawn);
  const left = withEntry ? (drawn.node(ENTRY).x ?? 0) : 0;
  const positions = new Map<string, Position>();
  for (const id of drawn.nodes()) {
    const node = drawn.node(id);
    const level = levels.find((one) => one.rank === node.rank);
    positions.set(id, { x: round((node.x ?? 0) - left - node.width / 2), y: level?.top ?? 0 });
  }
  return { positions, passages: passagesOf(steps, drawn, levels, left) };
}

function dagreOf(steps: Step[], withEntry: boolean): Dagre {
  const drawn = new Dagre({ multigraph: true });
  drawn.setGraph({ rankdir: "TB", nodesep: SIDE_GAP, edgesep: 56, ranksep: RANK_GAP });
  drawn.setDefaultEdgeLabel(() => ({}));
  if (withEntry) drawn.setNode(ENTRY, { ...ENTRY_SIZE });
  for (const step of steps) drawn.setNode(step.step_id, { ...cardSize(step) });
  for (const id of endMarksOf(steps)) drawn.setNode(id, { ...END_SIZE });
  if (withEntry) drawn.setEdge(ENTRY, steps[0]?.step_id ?? EMPTY_END, { weight: 4 });
  for (const step of steps) {
    for (const { way, target } of step.ways) {
      const to = target ?? endMarkOf(step.step_id, way);
      if (drawn.hasNode(to)) drawn.setEdge(step.step_id, to, { weight: 1 }, way);
    }
  }
  return drawn;
}

interface Level {
  rank: number;
  // In dagre's coordinates.
  from: number;
  to: number;
  // In ours: cards of one rank are aligned at their tops.
  top: number;
  height: number;
}

function levelsOf(drawn: Dagre): Level[] {
  const levels = new Map<number, Level>();
  for (const id of drawn.nodes()) {
    const { rank = 0, y = 0, height } = drawn.node(id);
    const level = levels.get(rank) ?? { rank, from: Infinity, to: -Infinity, top: 0, height: 0 };
    level.from = Math.min(level.from, y - height / 2);
    level.to = Math.max(level.to, y + height / 2);
    level.height = Math.max(level.height, height);
    levels.set(rank, level);
  }
  const sorted = [...levels.values()].sort((one, other) => one.rank - other.rank);
  let top = 0;
  for (const level of sorted) {
    level.top = top;
    top += level.height + RANK_GAP;
  }
  return sorted;
}

function passagesOf(
  steps: Step[],
  drawn: Dagre,
  levels: Level[],
  left: number,
): Map<string, Passage[]> {
  const passages = new Map<string, Passage[]>();
  for (const step of steps) {
    for (const { way, target } of step.ways) {
      if (target === null || !drawn.hasNode(target)) continue;
      const label: EdgeLabel | undefined = drawn.edge(step.step_id, target, way);
      const points = label?.points ?? [];
      const found = levelsBetween(levels, drawn, step.step_id, target).flatMap((level) => {
        const point = points.find((one) => one.y >= level.from && one.y <= level.to);
        if (point === undefined) return [];
        return [{ x: round(point.x - left), top: level.top, bottom: level.top + level.height }];
      });
      if (found.length > 0) passages.set(passageKey(step.step_id, way), found);
    }
  }
  return passages;
}

function levelsBetween(levels: Level[], drawn: Dagre, source: string, target: string): Level[] {
  const from = drawn.node(source).rank ?? 0;
  const to = drawn.node(target).rank ?? 0;
  return levels.filter((level) => level.rank > from && level.rank < to);
}

// Some steps have their place: the others go below the step that leads to them.
function byHand(graph: Graph): Layout {
  const rects = new Map<string, Rect>();
  for (const step of graph.steps) {
    if (step.x !== null && step.y !== null) {
      rects.set(step.step_id, { x: step.x, y: step.y, ...cardSize(step) });
    }
  }
  let missing = graph.steps.filter((step) => !rects.has(step.step_id));
  while (missing.length > 0) {
    const next = missing.find((step) => leadingTo(graph, step, rects) !== null) ?? missing[0]!;
    rects.set(next.step_id, freeRect(graph, next, rects));
    missing = missing.filter((step) => step !== next);
  }
  const positions = new Map<string, Position>();
  for (const [id, rect] of rects) positions.set(id, { x: rect.x, y: rect.y });
  addMarks(graph, rects, positions);
  return { positions, passages: aroundCards(graph, rects) };
}

const CLEARANCE = 26;

// Ways that would run across other cards go past them instead.
function aroundCards(graph: Graph, rects: Map<string, Rect>): Map<string, Passage[]> {
  const passages = new Map<string, Passage[]>();
  for (const step of graph.steps) {
    step.ways.forEach(({ way, target }, index) => {
      const from = rects.get(step.step_id);
      const to = target === null ? undefined : rects.get(target);
      if (from === undefined || to === undefined || target === null) return;
      const start = { x: from.x + handleOffset(step, index), y: from.y + from.height };
      const end = { x: to.x + to.width / 2, y: to.y };
      const others = [...rects].filter(([id]) => id !== step.step_id && id !== target);
      const past = passageFor(start, end, others.map(([, rect]) => rect));
      if (past !== null) passages.set(passageKey(step.step_id, way), [past]);
    });
  }
  return passages;
}

function passageFor(start: Position, end: Position, others: Rect[]): Passage | null {
  const between = others.filter((rect) => rect.y > start.y && rect.y + rect.height < end.y);
  const crossed = between.filter((rect) => curveCrosses(start, end, rect));
  if (crossed.length === 0) return null;
  const top = Math.min(...crossed.map((rect) => rect.y));
  const bottom = Math.max(...crossed.map((rect) => rect.y + rect.height));
  const beside = between.filter((rect) => rect.y < bottom && rect.y + rect.height > top);
  const middle = (start.x + end.x) / 2;
  const free = beside
    .flatMap((rect) => [rect.x - CLEARANCE, rect.x + rect.width + CLEARANCE])
    .filter((x) => beside.every((rect) => x < rect.x - 8 || x > rect.x + rect.width + 8))
    .sort((one, other) => Math.abs(one - middle) - Math.abs(other - middle));
  return free[0] === undefined ? null : { x: round(free[0]), top, bottom };
}

function curveCrosses(start: Position, end: Position, rect: Rect): boolean {
  for (let t = 0.02; t < 1; t += 0.02) {
    // The curve of paths.ts: both of its middle points lie at half height.
    const across = 3 * t * t - 2 * t * t * t;
    const down = 1.5 * t * (1 - t) + t * t * t;
    const x = start.x + (end.x - start.x) * across;
    const y = start.y + (end.y - start.y) * down;
    const inside = x > rect.x - 6 && x < rect.x + rect.width + 6;
    if (inside && y > rect.y && y < rect.y + rect.height) return true;
  }
  return false;
}

function leadingTo(graph: Graph, step: Step, rects: Map<string, Rect>): Position | null {
  for (const before of graph.steps) {
    const rect = rects.get(before.step_id);
    const index = before.ways.findIndex((way) => way.target === step.step_id);
    if (rect === undefined || index < 0) continue;
    const x = rect.x + handleOffset(before, index) - cardSize(step).width / 2;
    return { x, y: rect.y + rect.height + RANK_GAP };
  }
  return null;
}

function freeRect(graph: Graph, step: Step, rects: Map<string, Rect>): Rect {
  const size = cardSize(step);
  const place = leadingTo(graph, step, rects) ?? aboveFollowing(step, rects) ?? besideAll(rects);
  const rect = { x: round(place.x), y: round(place.y), ...size };
  makeRoom(graph, step, rect, rects);
  while ([...rects.values()].some((other) => touches(rect, other))) rect.x += SIDE_GAP;
  return rect;
}

function aboveFollowing(step: Step, rects: Map<string, Rect>): Position | null {
  const size = cardSize(step);
  for (const way of step.ways) {
    const rect = way.target === null ? undefined : rects.get(way.target);
    if (rect !== undefined) {
      return { x: rect.x + (rect.width - size.width) / 2, y: rect.y - size.height - RANK_GAP };
    }
  }
  return null;
}

function besideAll(rects: Map<string, Rect>): Position {
  const all = [...rects.values()];
  const right = Math.max(0, ...all.map((rect) => rect.x + rect.width));
  return { x: right + SIDE_GAP, y: Math.min(...all.map((rect) => rect.y), 0) };
}

// What follows a step that was put in between moves down.
function makeRoom(graph: Graph, step: Step, rect: Rect, rects: Map<string, Rect>): void {
  const after = reachableFrom(graph, step.step_id);
  after.delete(step.step_id);
  const following = [...rects].filter(([id, other]) => after.has(id) && other.y >= rect.y);
  const bottom = rect.y + rect.height + RANK_GAP;
  const highest = Math.min(...following.map(([, other]) => other.y));
  if (!following.some(([, other]) => touches(rect, other))) return;
  for (const [id, other] of following) rects.set(id, { ...other, y: other.y + bottom - highest });
}

function addMarks(graph: Graph, rects: Map<string, Rect>, positions: Map<string, Position>): void {
  const first = graph.steps[0];
  const top = first === undefined ? undefined : rects.get(first.step_id);
  if (top !== undefined) {
    const x = top.x + (top.width - ENTRY_SIZE.width) / 2;
    positions.set(ENTRY, { x: round(x), y: top.y - ENTRY_SIZE.height - RANK_GAP });
  }
  for (const step of graph.steps) {
    const rect = rects.get(step.step_id);
    if (rect === undefined) continue;
    step.ways.forEach(({ way, target }, index) => {
      if (target !== null) return;
      const x = rect.x + handleOffset(step, index) - END_SIZE.width / 2;
      const y = rect.y + rect.height + RANK_GAP - END_SIZE.height - 8;
      positions.set(endMarkOf(step.step_id, way), { x: round(x), y: round(y) });
    });
  }
}

function touches(one: Rect, other: Rect): boolean {
  const margin = 16;
  return (
    one.x < other.x + other.width + margin &&
    other.x < one.x + one.width + margin &&
    one.y < other.y + other.height + margin &&
    other.y < one.y + one.height + margin
  );
}

export function boundsOf(layout: Layout, sizes: Map<string, Size>): Rect {
  const rects = [...layout.positions].map(([id, place]) => ({ ...place, ...sizes.get(id)! }));
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  const right = Math.max(...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(...rects.map((rect) => rect.y + rect.height));
  return { x, y, width: right - x, height: bottom - y };
}

function round(value: number): number {
  return Math.round(value);
}
