// What stands on the canvas: the entry, the cards of steps, and the marks where ways end.

import { memo, useEffect } from "react";
import { Handle, Position, useUpdateNodeInternals } from "@xyflow/react";
import type { Node, NodeProps } from "@xyflow/react";
import { useDeeds } from "./deeds";
import { KindSign, nameOf, Sign } from "./kinds";
import { hasFooter } from "./sizes";
import type { Step } from "./wire";

export type StepNode = Node<{ step: Step; leaving: boolean; chosen: boolean }, "step">;
export type EntryNode = Node<{ label: string; count: string }, "entry">;
export type EndNode = Node<Record<string, never>, "end">;
export type CanvasNode = StepNode | EntryNode | EndNode;

export const EntryCard = memo(function EntryCard({ data }: NodeProps<EntryNode>) {
  return (
    <div className="card entry">
      <span className="tile">
        <KindSign kind="entry" />
      </span>
      <span className="words">
        <span className="title">Enters the flow</span>
        <span className="detail">{data.label}</span>
      </span>
      <Count text={data.count} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
});

export const StepCard = memo(function StepCard({ id, data }: NodeProps<StepNode>) {
  const { step, leaving, chosen } = data;
  useNewHandles(id, step);
  const classes = ["card", "step", `kind-${step.kind}`];
  if (step.problem !== "") classes.push("faulty");
  if (chosen) classes.push("chosen");
  if (leaving) classes.push("leaving");
  return (
    <div className={classes.join(" ")}>
      <Handle type="target" position={Position.Top} isConnectableStart={false} />
      <div className="body">
        <span className="tile">
          <KindSign kind={step.kind} />
        </span>
        <span className="words">
          <span className="title">{step.title}</span>
          <span className="detail">{step.detail}</span>
        </span>
        <Count text={step.count} />
      </div>
      <Ways step={step} />
      {step.problem !== "" && <Problem text={step.problem} />}
      {chosen && <CardTools step={step} />}
    </div>
  );
});

// React Flow measures handles when a card is new; here the ways of an old one may change.
function useNewHandles(id: string, step: Step): void {
  const update = useUpdateNodeInternals();
  const signature = step.ways.map((way) => way.way).join(" ");
  useEffect(() => update(id), [id, signature, update]);
}

function Ways({ step }: { step: Step }) {
  const { editable } = useDeeds();
  if (step.ways.length === 0) return null;
  return (
    <div className={hasFooter(step) ? "ways named" : "ways"}>
      {step.ways.map((way) => (
        <div className="way" key={way.way}>
          {hasFooter(step) && (
            <span className="way-name" title={way.label}>
              {way.label}
            </span>
          )}
          <Handle
            id={way.way}
            type="source"
            position={Position.Bottom}
            isConnectable={editable}
            isConnectableEnd={false}
            title={editable ? `Drag to the step that follows${ofWay(way.label)}` : undefined}
          />
        </div>
      ))}
    </div>
  );
}

function ofWay(label: string): string {
  return label === "" ? "" : ` “${label}”`;
}

function CardTools({ step }: { step: Step }) {
  const { editable, choose, remove } = useDeeds();
  if (!editable) return null;
  const way = step.ways.find((one) => one.target === null) ?? step.ways[0];
  return (
    <div className="card-tools nodrag nopan">
      {way !== undefined && (
        <button
          type="button"
          aria-label={`Add a step after ${step.title}`}
          title="Add a step after this one"
          onClick={(event) => choose({ after: step.step_id, way: way.way }, corner(event))}
        >
          <Sign>
            <path d="M12 5v14M5 12h14" />
          </Sign>
        </button>
      )}
      <button
        type="button"
        className="danger"
        aria-label={`Delete ${step.title}`}
        title="Delete this step (Delete key)"
        onClick={(event) => {
          event.stopPropagation();
          remove(step.step_id);
        }}
      >
        <Sign>
          <path d="M4 6.5h16M9 6V4h6v2M6.5 6.5l.8 13h9.4l.8-13M10 10.5v5.5M14 10.5v5.5" />
        </Sign>
      </button>
    </div>
  );
}

function corner(event: React.MouseEvent<HTMLElement>) {
  event.stopPropagation();
  const box = event.currentTarget.getBoundingClientRect();
  return { x: box.left, y: box.bottom + 4 };
}

function Count({ text }: { text: string }) {
  return text === "" ? null : <span className="count">{text}</span>;
}

function Problem({ text }: { text: string }) {
  return (
    <span className="problem" role="img" aria-label={`Problem: ${text}`}>
      <Sign>
        <path d="M12 6v7.5M12 17.2v.6" />
      </Sign>
      <span className="tooltip">{text}</span>
    </span>
  );
}

export const EndMark = memo(function EndMark() {
  return (
    <div className="end">
      <Handle type="target" position={Position.Top} isConnectable={false} />
      done
    </div>
  );
});

export function describe(step: Step, titles: Map<string, string>): string {
  const ways = step.ways.map((way) => {
    const name = way.label === "" ? "then" : `${way.label}:`;
    return `${name} ${way.target === null ? "done" : (titles.get(way.target) ?? way.target)}`;
  });
  const words = [`${nameOf(step.kind)}: ${step.title}`, step.detail, step.count, ...ways];
  if (step.problem !== "") words.push(`Problem: ${step.problem}`);
  return words.filter((word) => word !== "").join(". ");
}

export const NODE_TYPES = { step: StepCard, entry: EntryCard, end: EndMark };
