// The curves of ways: they leave a card downwards and arrive from above.

import type { Passage } from "./layout";
import type { Position } from "./wire";

export interface Curve {
  path: string;
  // Where the button to insert a step stands.
  middle: Position;
}

export const ARROW = 9;
const SHORTEST_BEND = 28;
const LONGEST_BEND = 120;

export function curve(from: Position, to: Position, passages: Passage[]): Curve {
  let path = `M${from.x},${from.y}`;
  let at = from;
  for (const passage of passages) {
    path += bend(at, { x: passage.x, y: passage.top }) + `L${passage.x},${passage.bottom}`;
    at = { x: passage.x, y: passage.bottom };
  }
  path += bend(at, to);
  const passage = passages[0];
  const middle = passage === undefined ? halfway(from, to) : besideCards(passage);
  return { path, middle };
}

function bend(from: Position, to: Position): string {
  const down = (to.y - from.y) * 0.55;
  const pull = down > SHORTEST_BEND ? down : Math.min(LONGEST_BEND, SHORTEST_BEND - down / 2);
  return `C${from.x},${from.y + pull} ${to.x},${to.y - pull} ${to.x},${to.y}`;
}

function halfway(from: Position, to: Position): Position {
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
}

function besideCards(passage: Passage): Position {
  return { x: passage.x, y: (passage.top + passage.bottom) / 2 };
}

// A filled tip; the line ends where it begins.
export function arrowHead(to: Position, line: number): string {
  const half = Math.max(5, line * 0.5 + 3);
  return `M${to.x - half},${to.y - ARROW}L${to.x},${to.y}L${to.x + half},${to.y - ARROW}Z`;
}
