// Drawing ways: from a handle to a card, to nothing, or away from where they led.

import { useCallback, useState } from "react";
import { useReactFlow } from "@xyflow/react";
import type { Connection, FinalConnectionState } from "@xyflow/react";
import type { Doing } from "./doing";
import type { WayEdge } from "./edges";
import { wouldCircle } from "./view";
import type { Place } from "./view";
import type { Graph, Position } from "./wire";

const NO_CIRCLES = "That would lead people in a circle: a flow only goes forward.";

export interface Choosing {
  place: Place | null;
  at: Position;
  drop: Position | null;
}

interface Told {
  choose(choosing: Choosing): void;
  say(text: string): void;
}

export function useConnecting(graph: Graph, doing: Doing, told: Told) {
  const flow = useReactFlow();
  const [connecting, setConnecting] = useState(false);
  const isValidConnection = useCallback(
    ({ source, target }: Connection | WayEdge) =>
      source !== target && isStep(graph, target) && !wouldCircle(graph, source, target),
    [graph],
  );
  const connect = ({ source, sourceHandle, target }: Connection) => {
    if (sourceHandle !== null) doing.connect(source, sourceHandle, target);
  };
  const refuse = (state: FinalConnectionState) => {
    const [from, to] = [state.fromNode?.id, state.toNode?.id];
    if (from === undefined || to === undefined || from === to || !isStep(graph, to)) return;
    if (wouldCircle(graph, from, to)) told.say(NO_CIRCLES);
  };
  const onConnectEnd = (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
    setConnecting(false);
    if (state.isValid) return;
    if (state.toNode !== null) return refuse(state);
    const [after, way] = [state.fromNode?.id, state.fromHandle?.id];
    if (after === undefined || !way) return;
    const at = pointOf(event);
    const drop = flow.screenToFlowPosition(at, { snapToGrid: false });
    told.choose({ place: { after, way }, at, drop });
  };
  const onReconnectEnd = (_: unknown, edge: WayEdge, __: unknown, state: FinalConnectionState) => {
    setConnecting(false);
    if (state.isValid) return;
    if (state.toNode !== null) return refuse(state);
    const place = edge.data?.place;
    if (place) doing.connect(place.after, place.way, null);
  };
  const begin = () => setConnecting(true);
  const handlers = {
    isValidConnection,
    onConnect: connect,
    onConnectStart: begin,
    onConnectEnd,
    onReconnect: (_: WayEdge, connection: Connection) => connect(connection),
    onReconnectStart: begin,
    onReconnectEnd,
  };
  return { connecting, handlers };
}

function isStep(graph: Graph, id: string): boolean {
  return graph.steps.some((step) => step.step_id === id);
}

function pointOf(event: MouseEvent | TouchEvent): Position {
  const point = "changedTouches" in event ? event.changedTouches[0]! : event;
  return { x: point.clientX, y: point.clientY };
}
