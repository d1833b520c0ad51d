// The ways between cards, with their counts and the buttons on them.

import { memo, useMemo } from "react";
import type { ReactNode } from "react";
import { createPortal } from "react-dom";
import { BaseEdge, useStore } from "@xyflow/react";
import type { Edge, EdgeProps } from "@xyflow/react";
import { useDeeds } from "./deeds";
import { Sign } from "./kinds";
import type { Passage } from "./layout";
import { ARROW, arrowHead, curve } from "./paths";
import type { Place } from "./view";

export interface WayData extends Record<string, unknown> {
  // Null on the way from the entry.
  place: Place | null;
  label: string;
  count: string;
  share: number | null;
  passages: Passage[];
  open: boolean;
  chosen: boolean;
  near: boolean;
}

export type WayEdge = Edge<WayData, "way">;

const THINNEST = 1.8;
const THICKEST = 8;

export const WayLine = memo(function WayLine(props: EdgeProps<WayEdge>) {
  const { id, data, sourceX, sourceY, targetX, targetY } = props;
  if (data === undefined) return null;
  const to = { x: targetX, y: targetY };
  const width = thickness(data.share);
  const end = data.open ? to : { x: targetX, y: targetY - ARROW + 1 };
  const { path, middle } = curve({ x: sourceX, y: sourceY }, end, data.passages);
  const classes = ["way-line", data.open ? "open" : "", data.chosen ? "chosen" : ""].join(" ");
  return (
    <>
      <BaseEdge
        path={path}
        className={classes}
        interactionWidth={22}
        style={{ strokeWidth: width }}
      />
      {!data.open && <path d={arrowHead(to, width)} className={`${classes} arrow`} />}
      <AboveWays>
        <WayTools edge={id} data={data} at={`translate(-50%, -50%) translate(${middle.x}px, ${middle.y}px)`} />
      </AboveWays>
    </>
  );
});

// React Flow's own renderer of labels looks for this layer anew with every move of the pointer.
function AboveWays({ children }: { children: ReactNode }) {
  const board = useStore((state) => state.domNode);
  const layer = useMemo(() => board?.querySelector(".react-flow__edgelabel-renderer"), [board]);
  return layer ? createPortal(children, layer) : null;
}

export function thickness(share: number | null): number {
  if (share === null) return THINNEST;
  return THINNEST + (THICKEST - THINNEST) * Math.min(1, Math.max(0, share));
}

function WayTools({ edge, data, at }: { edge: string; data: WayData; at: string }) {
  const { editable, choose, unlink } = useDeeds();
  const { place } = data;
  if (!editable && data.count === "") return null;
  return (
    <div className={`way-tools nodrag nopan${data.chosen ? " chosen" : ""}`} style={{ transform: at }}>
      {data.count !== "" && <span className="way-count">{data.count}</span>}
      {editable && (
        <button
          type="button"
          tabIndex={-1}
          className={`plus${data.near ? " near" : ""}`}
          data-edge={edge}
          aria-label={`Add a step here${data.label === "" ? "" : `, on the way “${data.label}”`}`}
          title="Add a step here"
          onClick={(event) => {
            event.stopPropagation();
            const box = event.currentTarget.getBoundingClientRect();
            choose(place, { x: box.right + 6, y: box.top });
          }}
        >
          <Sign>
            <path d="M12 6v12M6 12h12" />
          </Sign>
        </button>
      )}
      {editable && data.chosen && place !== null && (
        <button
          type="button"
          className="plus cut"
          aria-label="Remove this connection"
          title="Remove this connection (Delete key)"
          onClick={(event) => {
            event.stopPropagation();
            unlink(place.after, place.way);
          }}
        >
          <Sign>
            <path d="m7.5 7.5 9 9M16.5 7.5l-9 9" />
          </Sign>
        </button>
      )}
    </div>
  );
}

export const EDGE_TYPES = { way: WayLine };
