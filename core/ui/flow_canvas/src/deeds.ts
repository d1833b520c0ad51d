// What the parts of the canvas may do, handed down to cards and ways.

import { createContext, useContext } from "react";
import type { Place } from "./view";
import type { Position } from "./wire";

export interface Deeds {
  editable: boolean;
  // Opens the menu of step kinds at a point of the screen.
  choose(place: Place | null, at: Position): void;
  remove(step: string): void;
  unlink(step: string, way: string): void;
}

export const DeedsContext = createContext<Deeds | null>(null);

export function useDeeds(): Deeds {
  const deeds = useContext(DeedsContext);
  if (deeds === null) throw new Error("A part of the canvas was drawn outside of it.");
  return deeds;
}
