// The canvas: a flow to look at, and, where the page allows it, to change by hand.

import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { Background, BackgroundVariant, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import { useReactFlow, useStore } from "@xyflow/react";
import type { ReactFlowProps } from "@xyflow/react";
import { useConnecting } from "./connecting";
import type { Choosing } from "./connecting";
import { DeedsContext } from "./deeds";
import type { Deeds } from "./deeds";
import { doingTo } from "./doing";
import { EDGE_TYPES } from "./edges";
import type { WayEdge } from "./edges";
import { edgesOf, nodesOf, useStable } from "./flow";
import { useKeys } from "./keys";
import { layoutOf } from "./layout";
import { KindMenu, Palette } from "./menu";
import { useCoarsePointer, useGlidingNodes, useOneFingerScrolls, useWidth } from "./moving";
import { NODE_TYPES } from "./nodes";
import type { CanvasNode } from "./nodes";
import type { Outbox } from "./outbox";
import { Tools } from "./tools";
import { leaving, placeForNext, shapeOf, withoutLooseEnds, withUnsettled } from "./view";
import { PALETTE, useViewport } from "./viewport";
import type { Drawn, Graph, Position } from "./wire";

const WIDE = 820;
const DROP_REACH = 110;
const MESSAGE_MS = 5_000;
const NEEDS_PLUS = "Drop the step onto a plus: that says where it goes.";

// React Flow's own keys, selection and scrolling stand aside for ours and the page's.
const MANNERS: ReactFlowProps<CanvasNode, WayEdge> = {
  nodeTypes: NODE_TYPES,
  edgeTypes: EDGE_TYPES,
  elementsSelectable: false,
  nodesFocusable: true,
  disableKeyboardA11y: true,
  connectOnClick: false,
  connectionRadius: 24,
  reconnectRadius: 14,
  nodeDragThreshold: 4,
  snapToGrid: true,
  snapGrid: [8, 8],
  deleteKeyCode: null,
  selectionKeyCode: null,
  multiSelectionKeyCode: null,
  panActivationKeyCode: null,
  zoomActivationKeyCode: null,
  zoomOnScroll: false,
  zoomOnDoubleClick: false,
  preventScrolling: false,
  minZoom: 0.2,
  maxZoom: 1.6,
};

interface CanvasProps {
  drawn: Drawn;
  outbox: Outbox;
  dark: boolean;
}

export function Canvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <Board {...props} />
    </ReactFlowProvider>
  );
}

function Board({ drawn, outbox, dark }: CanvasProps) {
  const board = useRef<HTMLDivElement>(null);
  const flow = useReactFlow<CanvasNode, WayEdge>();
  const { graph, gone } = useGraph(drawn, outbox);
  const coarse = useCoarsePointer();
  const width = useWidth(board);
  const wide = width >= WIDE;
  const [menu, setMenu] = useState<Choosing | null>(null);
  const [chosenEdge, setChosenEdge] = useState<string | null>(null);
  const [near, setNear] = useState<string | null>(null);
  const [message, say] = useMessage();

  const signature = shapeOf(graph);
  const layout = useMemo(() => layoutOf(graph), [signature]);
  const looks = useMemo(
    () => ({ leaving: gone, coarse, chosenEdge, near }),
    [gone, coarse, chosenEdge, near],
  );
  const wanted = useStable(useMemo(() => nodesOf(graph, layout, looks), [graph, layout, looks]));
  const edges = useStable(useMemo(() => edgesOf(graph, layout, looks), [graph, layout, looks]));
  const [nodes, onNodesChange] = useGlidingNodes(wanted);
  const side = graph.editable && wide ? PALETTE : 0;
  const view = useViewport(drawn.name, layout, wanted, width, drawn.height, side);
  useOneFingerScrolls(board, coarse);
  useEffect(() => {
    if (graph.selected !== null) view.reveal(graph.selected);
  }, [graph.selected]);

  const doing = doingTo(graph, outbox);
  const { connecting, handlers } = useConnecting(graph, doing, { choose: setMenu, say });
  // The button or card that had the focus may go away; the keys still mean the canvas.
  const refocus = () => board.current?.focus({ preventScroll: true });
  const select = (step: string | null) => {
    setChosenEdge(null);
    doing.select(step);
  };
  const deeds: Deeds = {
    editable: graph.editable,
    choose: (place, at) => setMenu({ place, at, drop: null }),
    remove: (step) => {
      refocus();
      doing.remove(step);
    },
    unlink: (step, way) => {
      refocus();
      setChosenEdge(null);
      doing.connect(step, way, null);
    },
  };
  const close = () => {
    if (menu === null) return select(null);
    setMenu(null);
    refocus();
  };
  const keys = { ...doing, ...deeds, graph, edges, chosenEdge, select, close };
  const onKeyDown = useKeys(keys);
  const dropped = () => {
    const cards = flow.getNodes().filter((node) => node.type === "step");
    doing.move(Object.fromEntries(cards.map((card) => [card.id, rounded(card.position)])));
  };

  return (
    <DeedsContext.Provider value={deeds}>
      <div
        ref={board}
        className={classNames({ board: true, dark, connecting, editable: graph.editable })}
        style={{ height: drawn.height }}
        tabIndex={-1}
        role="group"
        aria-label={graph.editable ? "Flow, to be changed" : "Flow"}
        onKeyDown={onKeyDown}
      >
        <ReactFlow
          {...MANNERS}
          {...handlers}
          nodes={nodes}
          edges={edges}
          nodesConnectable={graph.editable}
          onNodesChange={onNodesChange}
          onNodeDragStop={dropped}
          onNodeClick={(event, node) => {
            if (node.type !== "step") return;
            if (event.currentTarget instanceof HTMLElement) focus(event.currentTarget);
            select(node.id);
          }}
          onEdgeClick={(_, edge) => {
            refocus();
            if (graph.editable && edge.data?.place && !edge.data.open) setChosenEdge(edge.id);
          }}
          onPaneClick={() => {
            refocus();
            select(null);
          }}
          onMoveEnd={(_, now) => view.keep(now)}
        >
          <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} />
        </ReactFlow>
        {graph.editable && wide && (
          <Palette
            onPick={(kind) => doing.add(kind, placeForNext(graph), null)}
            onDrag={(at) => setNear(nearestWay(board.current, at))}
            onDrop={(kind) => {
              const edge = edges.find((one) => one.id === near);
              setNear(null);
              if (edge?.data === undefined) say(NEEDS_PLUS);
              else doing.add(kind, edge.data.place, null);
            }}
          />
        )}
        <ZoomedTools
          editable={graph.editable}
          canUndo={graph.can_undo}
          canRedo={graph.can_redo}
          onUndo={doing.undo}
          onRedo={doing.redo}
          onArrange={doing.arrange}
          onZoom={view.zoomBy}
          onFit={view.fit}
          onAdd={graph.editable && !wide ? (at) => deeds.choose(placeForNext(graph), at) : null}
        />
        {menu !== null && board.current !== null && (
          <KindMenu
            at={menu.at}
            within={board.current}
            onClose={() => setMenu(null)}
            onPick={(kind) => {
              setMenu(null);
              refocus();
              doing.add(kind, menu.place, menu.drop);
            }}
          />
        )}
        <Hints graph={graph} wide={wide} coarse={coarse} />
        <p className={classNames({ message: true, shown: message !== "" })} role="status">
          {message}
        </p>
      </div>
    </DeedsContext.Provider>
  );
}

// The page's flow with what was done since, and the steps about to go.
function useGraph(drawn: Drawn, outbox: Outbox): { graph: Graph; gone: Set<string> } {
  const [changes, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    outbox.onChange = redraw;
  }, [outbox]);
  return useMemo(() => {
    const actions = outbox.unsettled();
    const graph = withUnsettled(withoutLooseEnds(drawn.graph), actions);
    return { graph, gone: leaving(actions) };
    // The outbox says by `changes` that it holds something else; a new drawing may settle some.
  }, [drawn, outbox, changes]);
}

type ZoomedProps = Omit<React.ComponentProps<typeof Tools>, "zoom">;

function ZoomedTools(props: ZoomedProps) {
  return <Tools {...props} zoom={useStore((state) => state.transform[2])} />;
}

function Hints({ graph, wide, coarse }: { graph: Graph; wide: boolean; coarse: boolean }) {
  const howToBegin = wide
    ? "Drag a step onto the plus, or press the plus."
    : "Press the plus to add a step.";
  return (
    <>
      {graph.editable && graph.steps.length === 0 && <p className="empty">{howToBegin}</p>}
      {coarse && <p className="touch-hint">Two fingers move and zoom</p>}
    </>
  );
}

function useMessage(): [string, (text: string) => void] {
  const [message, setMessage] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const say = useCallback((text: string) => {
    clearTimeout(timer.current);
    setMessage(text);
    timer.current = setTimeout(() => setMessage(""), MESSAGE_MS);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [message, say];
}

function rounded({ x, y }: Position): Position {
  return { x: Math.round(x), y: Math.round(y) };
}

function classNames(names: Record<string, boolean>): string {
  return Object.keys(names)
    .filter((name) => names[name])
    .join(" ");
}

function focus(element: HTMLElement): void {
  element.focus({ preventScroll: true });
}

// The id of the way whose plus is nearest to a point of the screen.
function nearestWay(board: HTMLElement | null, at: Position): string | null {
  let nearest: string | null = null;
  const all = [...(board?.querySelectorAll<HTMLElement>(".plus[data-edge]") ?? [])];
  let reach = all.length === 1 ? Infinity : DROP_REACH;
  for (const plus of all) {
    const box = plus.getBoundingClientRect();
    const distance = Math.hypot(box.x + box.width / 2 - at.x, box.y + box.height / 2 - at.y);
    if (distance >= reach) continue;
    reach = distance;
    nearest = plus.dataset.edge ?? null;
  }
  return nearest;
}
