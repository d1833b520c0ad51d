// The buttons at the top of the canvas: undo, redo, arrange, zoom, fit.

import type { ReactNode } from "react";
import { Sign } from "./kinds";
import type { Position } from "./wire";

interface ToolsProps {
  editable: boolean;
  canUndo: boolean;
  canRedo: boolean;
  zoom: number;
  onUndo: () => void;
  onRedo: () => void;
  onArrange: () => void;
  onZoom: (factor: number) => void;
  onFit: () => void;
  onAdd: ((at: Position) => void) | null;
}

export function Tools(props: ToolsProps) {
  return (
    <div className="tools" role="toolbar" aria-label="Canvas">
      {props.onAdd !== null && (
        <Group>
          <Tool name="Add a step" onClick={below(props.onAdd)} text="Add step">
            <path d="M12 5v14M5 12h14" />
          </Tool>
        </Group>
      )}
      {props.editable && (
        <Group>
          <Tool name="Undo" keys="Ctrl+Z" onClick={props.onUndo} disabled={!props.canUndo}>
            <path d="M8.5 5 4 9.5 8.5 14" />
            <path d="M4.5 9.5H14a5 5 0 0 1 0 10h-3" />
          </Tool>
          <Tool name="Redo" keys="Ctrl+Shift+Z" onClick={props.onRedo} disabled={!props.canRedo}>
            <path d="m15.5 5 4.5 4.5-4.5 4.5" />
            <path d="M19.5 9.5H10a5 5 0 0 0 0 10h3" />
          </Tool>
          <Tool name="Arrange: tidy all steps into rows" onClick={props.onArrange} text="Arrange">
            <rect x="8.5" y="3.5" width="7" height="5" rx="1" />
            <rect x="3" y="15.5" width="7" height="5" rx="1" />
            <rect x="14" y="15.5" width="7" height="5" rx="1" />
            <path d="M12 8.5v3.5M6.5 15.5V12h11v3.5" />
          </Tool>
        </Group>
      )}
      <Group>
        <Tool name="Zoom out" extra onClick={() => props.onZoom(1 / 1.25)}>
          <path d="M6 12h12" />
        </Tool>
        <span className="zoom extra" aria-live="off">{`${Math.round(props.zoom * 100)} %`}</span>
        <Tool name="Zoom in" extra onClick={() => props.onZoom(1.25)}>
          <path d="M12 6v12M6 12h12" />
        </Tool>
        <Tool name="Fit: show the whole flow" onClick={props.onFit}>
          <path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />
        </Tool>
      </Group>
    </div>
  );
}

function below(open: (at: Position) => void): (button: HTMLElement) => void {
  return (button) => {
    const box = button.getBoundingClientRect();
    open({ x: box.left, y: box.bottom + 4 });
  };
}

function Group({ children }: { children: ReactNode }) {
  return <span className="tool-group">{children}</span>;
}

interface ToolProps {
  name: string;
  keys?: string;
  text?: string;
  disabled?: boolean;
  // Left out where there is little room: two fingers zoom as well.
  extra?: boolean;
  onClick: (button: HTMLElement) => void;
  children: ReactNode;
}

function Tool({ name, keys, text, disabled, extra, onClick, children }: ToolProps) {
  return (
    <button
      type="button"
      className={extra ? "extra" : undefined}
      aria-label={name}
      title={keys === undefined ? name : `${name} (${keys})`}
      disabled={disabled}
      onClick={(event) => onClick(event.currentTarget)}
    >
      <Sign>{children}</Sign>
      {text !== undefined && <span className="tool-text">{text}</span>}
    </button>
  );
}
