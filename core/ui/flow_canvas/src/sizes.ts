// Measures of what is drawn, in pixels at zoom 1.

import type { Step } from "./wire";

export const CARD_WIDTH = 248;
export const CARD_HEIGHT = 80;
export const WAYS_HEIGHT = 30;
const WAY_WIDTH = { least: 92, most: 172, letter: 6.9, sides: 22 };

export const ENTRY_SIZE = { width: 256, height: 68 };
export const END_SIZE = { width: 62, height: 26 };
export const RANK_GAP = 72;
export const SIDE_GAP = 36;

export interface Size {
  width: number;
  height: number;
}

export function cardSize(step: Step): Size {
  const footer = hasFooter(step) ? WAYS_HEIGHT : 0;
  return {
    width: Math.max(CARD_WIDTH, step.ways.length * wayWidth(step)),
    height: CARD_HEIGHT + footer,
  };
}

// Wide enough for the longest name, within reason.
function wayWidth(step: Step): number {
  const { least, most, letter, sides } = WAY_WIDTH;
  const longest = Math.max(0, ...step.ways.map((way) => way.label.length));
  return Math.round(Math.min(most, Math.max(least, longest * letter + sides)));
}

// Ways are named on the card as soon as there is a choice between them.
export function hasFooter(step: Step): boolean {
  return step.ways.length > 1;
}

// How far a way's handle is from the card's left edge.
export function handleOffset(step: Step, index: number): number {
  return (cardSize(step).width * (index + 0.5)) / step.ways.length;
}
