// Which part of the flow is in sight: chosen once, then the marketer's.

import { useEffect, useRef } from "react";
import { useReactFlow } from "@xyflow/react";
import type { Viewport } from "@xyflow/react";
import type { WayEdge } from "./edges";
import { boundsOf } from "./layout";
import type { Layout, Rect } from "./layout";
import { prefersStillness } from "./moving";
import type { CanvasNode } from "./nodes";
import { ENTRY } from "./wire";

const MARGIN = 28;
const TOOLBAR = 56;
// The room that the palette takes at the left.
export const PALETTE = 172;
const READABLE = 0.85;
const SMALLEST = 0.2;

// Kept while the marketer visits other pages.
const former = new Map<string, { viewport: Viewport; ids: Set<string> }>();

export interface View {
  reveal(id: string): void;
  zoomBy(factor: number): void;
  fit(): void;
  keep(viewport: Viewport): void;
}

export function useViewport(
  name: string,
  layout: Layout,
  nodes: CanvasNode[],
  width: number,
  height: number,
  side: number,
): View {
  const flow = useReactFlow<CanvasNode, WayEdge>();
  const shown = useRef<Set<string> | null>(null);
  const ids = new Set(nodes.filter((node) => node.type === "step").map((node) => node.id));
  const frame = { left: side, top: TOOLBAR, width: width - side, height: height - TOOLBAR };
  const sizes = new Map(
    nodes.map((node) => [node.id, { width: node.width ?? 0, height: node.height ?? 0 }]),
  );
  const duration = prefersStillness() ? 0 : 240;

  useEffect(() => {
    if (width === 0) return;
    if (shown.current === null || isAnother(shown.current, ids)) {
      const known = former.get(name);
      const back = shown.current === null && known !== undefined && !isAnother(known.ids, ids);
      const entry = layout.positions.get(ENTRY);
      const first = beginning(boundsOf(layout, sizes), entry?.x ?? 0, sizes, frame);
      void flow.setViewport(back ? known.viewport : first);
    }
    shown.current = ids;
  });

  return {
    keep: (viewport) => former.set(name, { viewport, ids }),
    zoomBy: (factor) => void flow.zoomTo(flow.getZoom() * factor, { duration }),
    fit: () => void flow.setViewport(whole(boundsOf(layout, sizes), frame), { duration }),
    reveal: (id) => {
      const at = layout.positions.get(id);
      const size = sizes.get(id);
      if (at === undefined || size === undefined || width === 0) return;
      const next = moved(flow.getViewport(), { ...at, ...size }, frame);
      if (next !== null) void flow.setViewport(next, { duration });
    },
  };
}

interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

// Another flow than before, not the same one changed.
function isAnother(before: Set<string>, now: Set<string>): boolean {
  return before.size > 0 && now.size > 0 && ![...now].some((id) => before.has(id));
}

function zoomFor(bounds: Rect, frame: Frame): number {
  const across = (frame.width - 2 * MARGIN) / bounds.width;
  const down = (frame.height - 2 * MARGIN) / bounds.height;
  return Math.max(SMALLEST, Math.min(1, across, down));
}

function whole(bounds: Rect, frame: Frame): Viewport {
  const zoom = zoomFor(bounds, frame);
  return {
    x: frame.left + (frame.width - bounds.width * zoom) / 2 - bounds.x * zoom,
    y: frame.top + (frame.height - bounds.height * zoom) / 2 - bounds.y * zoom,
    zoom,
  };
}

// A flow too large to be read as a whole begins at its entry.
function beginning(
  bounds: Rect,
  entryX: number,
  sizes: Map<string, { width: number }>,
  frame: Frame,
): Viewport {
  const zoom = Math.max(READABLE, zoomFor(bounds, frame));
  const fits = bounds.width * zoom <= frame.width - MARGIN;
  const middle = fits
    ? bounds.x + bounds.width / 2
    : entryX + (sizes.get(ENTRY)?.width ?? 0) / 2;
  const x = frame.left + frame.width / 2 - middle * zoom;
  return { x, y: frame.top + MARGIN / 2 - bounds.y * zoom, zoom };
}

function moved(view: Viewport, rect: Rect, frame: Frame): Viewport | null {
  const left = rect.x * view.zoom + view.x;
  const top = rect.y * view.zoom + view.y;
  const x = shift(left, rect.width * view.zoom, frame.left, frame.width);
  const y = shift(top, rect.height * view.zoom, frame.top, frame.height);
  return x === 0 && y === 0 ? null : { ...view, x: view.x + x, y: view.y + y };
}

function shift(start: number, length: number, from: number, span: number): number {
  const before = from + MARGIN / 2 - start;
  const behind = start + length - (from + span - MARGIN / 2);
  if (before > 0) return before;
  return behind > 0 ? -Math.min(behind, -before) : 0;
}
