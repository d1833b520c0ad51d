// The menu of step kinds, and the palette at the side of wide canvases.

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { KINDS, KindSign } from "./kinds";
import type { KindWords } from "./kinds";
import type { Kind, Position } from "./wire";

interface MenuProps {
  at: Position;
  within: HTMLElement;
  onPick: (kind: Kind) => void;
  onClose: () => void;
}

const MARGIN = 8;

export function KindMenu({ at, within, onPick, onClose }: MenuProps) {
  const menu = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Position | null>(null);
  useLayoutEffect(() => {
    if (menu.current !== null) setPlace(kept(at, menu.current, within));
  }, [at, within]);
  useEffect(() => {
    if (place !== null) menu.current?.querySelector("button")?.focus({ preventScroll: true });
  }, [place]);
  useClosing(menu, onClose);
  const style = place === null ? { visibility: "hidden" as const } : { left: place.x, top: place.y };
  return (
    <div ref={menu} className="menu" role="menu" aria-label="Add a step" style={style} onKeyDown={walk}>
      {KINDS.map((kind) => (
        <button
          type="button"
          role="menuitem"
          key={kind.kind}
          className={`kind-${kind.kind}`}
          onClick={() => onPick(kind.kind)}
        >
          <KindRow kind={kind} />
        </button>
      ))}
    </div>
  );
}

// Inside the canvas, whatever point was asked for.
function kept(at: Position, menu: HTMLElement, within: HTMLElement): Position {
  const box = within.getBoundingClientRect();
  const x = Math.min(at.x - box.left, box.width - menu.offsetWidth - MARGIN);
  const y = Math.min(at.y - box.top, box.height - menu.offsetHeight - MARGIN);
  return { x: Math.max(MARGIN, x), y: Math.max(MARGIN, y) };
}

function useClosing(menu: React.RefObject<HTMLDivElement | null>, onClose: () => void): void {
  useEffect(() => {
    const press = (event: Event) => {
      if (menu.current !== null && !event.composedPath().includes(menu.current)) onClose();
    };
    document.addEventListener("pointerdown", press, true);
    return () => document.removeEventListener("pointerdown", press, true);
  }, [menu, onClose]);
}

function walk(event: React.KeyboardEvent<HTMLElement>): void {
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const items = [...event.currentTarget.querySelectorAll("button")];
  const root = event.currentTarget.getRootNode() as ShadowRoot | Document;
  const at = items.indexOf(root.activeElement as HTMLButtonElement);
  items[(at + step + items.length) % items.length]?.focus();
}

function KindRow({ kind }: { kind: KindWords }) {
  return (
    <>
      <span className="tile">
        <KindSign kind={kind.kind} />
      </span>
      <span className="words">
        <span className="title">{kind.name}</span>
        <span className="detail">{kind.hint}</span>
      </span>
    </>
  );
}

interface PaletteProps {
  onPick: (kind: Kind) => void;
  onDrag: (at: Position) => void;
  onDrop: (kind: Kind) => void;
}

const CLICK_SLACK = 6;

export function Palette({ onPick, onDrag, onDrop }: PaletteProps) {
  const drag = useRef<{ kind: Kind; from: Position; moved: boolean } | null>(null);
  // A drag ends with a click on the button it began on: that one is no wish of its own.
  const dropped = useRef(false);
  const [ghost, setGhost] = useState<{ kind: Kind; at: Position } | null>(null);
  const end = () => {
    drag.current = null;
    setGhost(null);
  };
  const move = (event: React.PointerEvent) => {
    const now = drag.current;
    if (now === null) return;
    const at = { x: event.clientX, y: event.clientY };
    now.moved ||= Math.hypot(at.x - now.from.x, at.y - now.from.y) > CLICK_SLACK;
    if (!now.moved) return;
    setGhost({ kind: now.kind, at });
    onDrag(at);
  };
  const drop = () => {
    const now = drag.current;
    end();
    dropped.current = now?.moved ?? false;
    if (now?.moved) onDrop(now.kind);
  };
  return (
    <div className="palette" role="toolbar" aria-label="Steps to add" aria-orientation="vertical">
      <span className="palette-title">Add a step</span>
      {KINDS.map((kind) => (
        <button
          type="button"
          key={kind.kind}
          className={`kind-${kind.kind}`}
          title={`${kind.hint}. Click to add it, or drag it onto a plus.`}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            drag.current = {
              kind: kind.kind,
              from: { x: event.clientX, y: event.clientY },
              moved: false,
            };
          }}
          onPointerMove={move}
          onPointerUp={drop}
          onPointerCancel={end}
          onClick={() => {
            if (!dropped.current) onPick(kind.kind);
            dropped.current = false;
          }}
        >
          <span className="tile">
            <KindSign kind={kind.kind} />
          </span>
          {kind.name}
        </button>
      ))}
      {ghost !== null && <Ghost kind={ghost.kind} at={ghost.at} />}
    </div>
  );
}

function Ghost({ kind, at }: { kind: Kind; at: Position }) {
  return (
    <span className={`ghost kind-${kind}`} style={{ left: at.x, top: at.y }}>
      <span className="tile">
        <KindSign kind={kind} />
      </span>
      {KINDS.find((one) => one.kind === kind)?.name}
    </span>
  );
}
