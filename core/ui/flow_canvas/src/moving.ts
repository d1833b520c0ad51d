// How cards and fingers move: gliding to a new place, touch, and the canvas's width.

import { useCallback, useEffect, useState } from "react";
import type { RefObject } from "react";
import { applyNodeChanges, useReactFlow } from "@xyflow/react";
import type { NodeChange } from "@xyflow/react";
import type { WayEdge } from "./edges";
import type { CanvasNode } from "./nodes";
import type { Position } from "./wire";

const GLIDE_MS = 220;

export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// The wanted nodes; a node whose place changes gets there in a moment rather than at once.
export function useGlidingNodes(
  wanted: CanvasNode[],
): [CanvasNode[], (changes: NodeChange<CanvasNode>[]) => void] {
  const flow = useReactFlow<CanvasNode, WayEdge>();
  const [nodes, setNodes] = useState(wanted);
  useEffect(() => {
    const from = new Map(flow.getNodes().map((node) => [node.id, node.position]));
    const stays = wanted.every((node) => same(from.get(node.id) ?? node.position, node.position));
    if (stays || prefersStillness()) {
      setNodes((shown) => merged(shown, wanted, (node) => node.position));
      return undefined;
    }
    return glide((part) =>
      setNodes((shown) => merged(shown, wanted, (node) => between(from, node, part))),
    );
  }, [wanted]);
  const onChange = useCallback(
    (changes: NodeChange<CanvasNode>[]) => setNodes((shown) => applyNodeChanges(changes, shown)),
    [],
  );
  return [nodes, onChange];
}

function merged(
  shown: CanvasNode[],
  wanted: CanvasNode[],
  place: (node: CanvasNode) => Position,
): CanvasNode[] {
  const known = new Map(shown.map((node) => [node.id, node]));
  return wanted.map((node) => {
    const former = known.get(node.id);
    if (former?.dragging) return { ...node, position: former.position, dragging: true };
    const now = { ...node, position: place(node) };
    return former?.measured === undefined ? now : { ...now, measured: former.measured };
  });
}

function between(from: Map<string, Position>, node: CanvasNode, part: number): Position {
  const start = from.get(node.id) ?? node.position;
  const { x, y } = node.position;
  return { x: start.x + (x - start.x) * part, y: start.y + (y - start.y) * part };
}

function glide(show: (part: number) => void): () => void {
  const start = performance.now();
  let frame = requestAnimationFrame(function step(now) {
    const part = Math.min(1, Math.max(0, (now - start) / GLIDE_MS));
    show(1 - (1 - part) ** 3);
    if (part < 1) frame = requestAnimationFrame(step);
  });
  return () => cancelAnimationFrame(frame);
}

function same(one: Position, other: Position): boolean {
  return one.x === other.x && one.y === other.y;
}

export function useCoarsePointer(): boolean {
  const [coarse, setCoarse] = useState(() => matchMedia("(pointer: coarse)").matches);
  useEffect(() => {
    const query = matchMedia("(pointer: coarse)");
    const change = () => setCoarse(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return coarse;
}

export function useWidth(board: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (board.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(entry.contentRect.width);
    });
    observer.observe(board.current);
    return () => observer.disconnect();
  }, [board]);
  return width;
}

const GRIPS = ".react-flow__node.draggable, .react-flow__handle";

// One finger scrolls the page, two move the canvas: React Flow does not get to see the first.
export function useOneFingerScrolls(board: RefObject<HTMLElement | null>, coarse: boolean): void {
  useEffect(() => {
    const element = board.current;
    if (element === null || !coarse) return undefined;
    const pass = (event: TouchEvent) => {
      const grip = (event.target as Element).closest(GRIPS);
      if (event.touches.length === 1 && grip === null) event.stopPropagation();
    };
    element.addEventListener("touchstart", pass, { capture: true, passive: true });
    return () => element.removeEventListener("touchstart", pass, { capture: true });
  }, [board, coarse]);
}
